"""Mistakes planted here, each with the test that must notice it; `python tests/mutate.py` tries them."""

from typing import NamedTuple


class Mutation(NamedTuple):
    """One edit: in `file`, `search` (found exactly once) becomes `replace`, and `test` must then fail."""

    file: str
    search: str
    replace: str
    test: str


GAUSSIAN, LIKELIHOODS, MODELS = "vaelib/gaussian.py", "vaelib/likelihoods.py", "vaelib/models.py"
OBJECTIVES, LINEAR, TRAINING = "vaelib/objectives.py", "vaelib/linear.py", "vaelib/training.py"
STORAGE, DATASETS = "vaelib/storage.py", "vaelib/datasets.py"
FRUITS, SHAPES = "vaelib/fruits.py", "vaelib/fruit_shapes.py"
EXPORT, BASE = "vaelib/widgets/export.py", "vaelib/widgets/base.py"

KL = "return 0.5 * (mean**2 + torch.expm1(log_var) - log_var)"
KL_TEST = "tests/unit/test_gaussian.py::test_divergence_between_one_dimensional_gaussians"
PAIR_TEST = "tests/unit/test_gaussian.py::test_divergences_agree_with_torch_in_the_right_order"
SAMPLE = "return mean + torch.exp(0.5 * log_var) * noise"
DENSITY_TEST = "tests/unit/test_gaussian.py::test_log_density_and_entropy_agree_with_torch"
SIGMA_TEST = "tests/unit/test_likelihoods.py::test_gaussian_knows_its_normaliser"
CONTINUOUS = "tests/unit/test_likelihoods.py::test_continuous_bernoulli_integrates_to_one_and_has_its_mean"
BINOMIAL_TEST = "tests/unit/test_likelihoods.py::test_binomial_agrees_with_scipy_and_sums_to_one"
LOSS_TEST = "tests/unit/test_models.py::test_loss_is_the_batch_mean_of_distortion_plus_beta_rate"
BOUNDS_TEST = "tests/unit/test_objectives.py::test_importance_bounds_of_the_worked_example"
EXACT_TEST = "tests/unit/test_objectives.py::test_importance_weighting_is_exact_with_the_exact_posterior"
EVIDENCE_TEST = "tests/unit/test_linear.py::test_evidence_agrees_with_scipy"
MOVE_TEST = "tests/unit/test_fruits.py::test_x_and_y_move_the_whole_picture_by_the_stated_fraction"
SEEDED_TEST = (
    "tests/unit/test_models.py::test_seeded_puts_the_state_back_even_after_an_error_and_seeds_no_other_device"
)
RESUME_TEST = "tests/unit/test_training.py::test_a_run_taken_up_again_ends_at_exactly_the_same_weights"

MUTATIONS = [
    # Gaussians: the sign of the KL, its half, variance for standard deviation, the order of its arguments.
    Mutation(GAUSSIAN, KL, KL.replace("0.5", "-0.5"), KL_TEST),
    Mutation(GAUSSIAN, KL, KL.replace("0.5 * ", ""), KL_TEST),
    Mutation(GAUSSIAN, KL, KL.replace("mean**2", "mean.abs()"), KL_TEST),
    Mutation(GAUSSIAN, KL, "return 0.5 * (mean**2 + log_var**2 - 1 - 2 * log_var.abs().log())", KL_TEST),
    Mutation(GAUSSIAN, "kl_per_dimension(mean, log_var).sum(-1)", "kl_per_dimension(mean, log_var).mean(-1)",
             "tests/unit/test_gaussian.py::test_rate_of_a_three_dimensional_posterior"),
    Mutation(GAUSSIAN, "ratio = log_var - other_log_var", "ratio = other_log_var - log_var", PAIR_TEST),
    Mutation(GAUSSIAN, "distance = (mean - other_mean) ** 2 * torch.exp(-other_log_var)",
             "distance = (mean - other_mean) ** 2 * torch.exp(-log_var)", PAIR_TEST),
    Mutation(GAUSSIAN, "(squared + log_var + LOG_2_PI)", "(squared + 2 * log_var + LOG_2_PI)", DENSITY_TEST),
    Mutation(GAUSSIAN, "(squared + log_var + LOG_2_PI)", "(squared + log_var)", DENSITY_TEST),
    Mutation(GAUSSIAN, SAMPLE, SAMPLE.replace("0.5 * ", ""),
             "tests/unit/test_gaussian.py::test_samples_have_the_mean_and_the_standard_deviation"),
    Mutation(GAUSSIAN, SAMPLE, "return mean.detach() + torch.exp(0.5 * log_var) * noise + 0 * mean",
             "tests/unit/test_gaussian.py::test_reparameterised_gradient_of_the_expected_square"),
    # Likelihoods: mean for sum, sigma for sigma^2, lost constants, scores passed off as probabilities.
    Mutation(LIKELIHOODS, ".flatten(output.dim() - x.dim() + 1).sum(-1)",
             ".flatten(output.dim() - x.dim() + 1).mean(-1)",
             "tests/unit/test_likelihoods.py::test_log_prob_sums_over_pixels_and_never_averages"),
    Mutation(LIKELIHOODS, "((x - output) / self.sigma) ** 2", "(x - output) ** 2 / self.sigma", SIGMA_TEST),
    Mutation(LIKELIHOODS, " - self.log_sigma - 0.5 * LOG_2_PI", " - 0.5 * LOG_2_PI", SIGMA_TEST),
    Mutation(LIKELIHOODS, " - self.log_sigma - 0.5 * LOG_2_PI", " - self.log_sigma - LOG_2_PI", SIGMA_TEST),
    Mutation(LIKELIHOODS, "self.log_choose[x.long()] + x * output", "x * output", BINOMIAL_TEST),
    Mutation(LIKELIHOODS, "- self.total * F.softplus(output)", "- F.softplus(output)", BINOMIAL_TEST),
    Mutation(LIKELIHOODS, " + self.log_normaliser(output)", "", CONTINUOUS),
    Mutation(LIKELIHOODS, "torch.sigmoid(safe) / torch.tanh(safe / 2) - 1 / safe", "torch.sigmoid(safe)",
             CONTINUOUS),
    Mutation(LIKELIHOODS, "y / 3 - 7 * y**2 / 90", "y / 3 + 7 * y**2 / 90", CONTINUOUS),
    Mutation(LIKELIHOODS, "return x * output - F.softplus(output)\n",
             "return F.softplus(output) - x * output\n",
             "tests/unit/test_likelihoods.py::test_bernoulli_is_minus_binary_cross_entropy_summed"),
    Mutation(LIKELIHOODS, "grey: bool = False", "grey: bool = True",
             "tests/unit/test_likelihoods.py::test_bernoulli_refuses_grey_values_unless_asked_by_name"),
    # Models: halves swapped, beta on the wrong term, the sign of the ELBO, decoding the wrong thing.
    Mutation(MODELS, "Posterior(*self._encode(x).chunk(2, dim=-1))",
             "Posterior(*self._encode(x).chunk(2, dim=-1)[::-1])",
             "tests/unit/test_models.py::test_posterior_is_mean_first_then_log_variance"),
    Mutation(MODELS, "self.encoder(self.likelihood.to_unit(x))", "self.encoder(x)",
             "tests/unit/test_models.py::test_the_encoder_sees_counts_brought_to_the_unit_interval"),
    Mutation(MODELS, 'self.distortion + non_negative("beta", beta) * self.rate',
             'non_negative("beta", beta) * self.distortion + self.rate', LOSS_TEST),
    Mutation(MODELS, "return -(self.distortion + self.rate)", "return self.distortion + self.rate",
             LOSS_TEST),
    Mutation(MODELS, "self.decode_mean(self.posterior(x).mean)", "self.decode(self.posterior(x).mean)",
             "tests/unit/test_models.py::test_means_are_on_the_scale_of_the_data"),
    Mutation(MODELS, "z = gaussian.sample(posterior.mean, posterior.log_var, generator)",
             "z = posterior.mean",
             "tests/unit/test_models.py::test_terms_are_rate_and_distortion_of_one_reparameterised_sample"),
    # Objectives: the sign inside the soft maximum, a lost ln K, the KL for the log ratio, wrong signs.
    Mutation(OBJECTIVES, "torch.logsumexp(part, dim=0)", "-torch.logsumexp(-part, dim=0)", EXACT_TEST),
    Mutation(OBJECTIVES, "torch.logsumexp(part, dim=0)", "part.mean(0) + math.log(len(part))", BOUNDS_TEST),
    Mutation(OBJECTIVES, "return log_sum - math.log(n_samples)", "return log_sum", BOUNDS_TEST),
    Mutation(OBJECTIVES, "return log_joint - gaussian.log_prob(z, posterior.mean, posterior.log_var)",
             "return log_joint - gaussian.standard_log_prob(z) - rate(posterior)", EXACT_TEST),
    Mutation(OBJECTIVES, " + gaussian.standard_log_prob(z)", "", EXACT_TEST),
    Mutation(OBJECTIVES, ".mean(0) - rate(posterior)", ".mean(0) + rate(posterior)",
             "tests/unit/test_objectives.py::test_elbo_of_the_worked_example"),
    Mutation(OBJECTIVES, ".mean(0) - rate(posterior)", ".sum(0) - rate(posterior)",
             "tests/unit/test_objectives.py::test_elbo_plus_gap_is_the_evidence_whatever_q"),
    # The linear model: sigma for sigma^2, a lost prior, half a determinant, a precision taken for a variance.
    Mutation(LINEAR, "self.likelihood.sigma**2 * identity", "self.likelihood.sigma * identity",
             EVIDENCE_TEST),
    Mutation(LINEAR, "log_det = 2 * ", "log_det = ", EVIDENCE_TEST),
    Mutation(LINEAR, "return identity + self.weight.T", "return 1e-6 * identity + self.weight.T",
             "tests/unit/test_linear.py::test_evidence_and_posterior_of_the_worked_example"),
    Mutation(LINEAR, "copy_(-precision.diagonal().log())", "copy_(precision.diagonal().log())",
             "tests/unit/test_linear.py::test_the_best_encoder_is_exact_when_the_columns_are_orthogonal"),
    # Training: no decay, beta ignored, the same order every epoch, a checkpoint that forgets something.
    Mutation(TRAINING, "0.5 * (1 + math.cos(", "0.5 * (1 - math.cos(",
             "tests/unit/test_training.py::test_the_learning_rate_warms_up_then_falls_towards_zero"),
    Mutation(TRAINING, "terms.loss(self.betas[step])", "terms.loss()",
             "tests/unit/test_training.py::test_a_large_beta_removes_the_rate"),
    Mutation(TRAINING, "default_rng([self.seed, epoch])", "default_rng([self.seed])",
             "tests/unit/test_training.py::test_an_epoch_shows_each_example_at_most_once_in_a_fresh_order"),
    Mutation(TRAINING, 'self.generator.set_state(tensors["generator"])', "pass", RESUME_TEST),
    Mutation(TRAINING, "torch.empty_like(weights[int(index)]).copy_(tensor)", "tensor",
             "tests/unit/test_training.py::test_a_convolutional_run_is_taken_up_exactly"),
    Mutation(TRAINING, '            "seed": self.seed,\n', "",
             "tests/unit/test_training.py::test_the_checkpoint_of_another_run_is_refused"),
    Mutation(TRAINING, "        self.happened = True\n", "        self.happened = False\n",
             "tests/unit/test_training.py::test_an_interrupt_ends_the_run_after_its_step"),
    Mutation(TRAINING, ' * group["pace"]', "",
             "tests/unit/test_training.py::test_a_learned_sigma_moves_faster_than_the_networks"),
    # Files and data.
    Mutation(STORAGE, "require(found == sha256", "require(True",
             "tests/unit/test_storage.py::test_a_file_with_another_hash_is_refused_before_it_is_read"),
    Mutation(STORAGE, "require(not mismatch", "require(True",
             "tests/unit/test_storage.py::test_weights_of_another_architecture_are_refused"),
    Mutation(DATASETS, "counts >= BINARY_THRESHOLD", "counts > BINARY_THRESHOLD",
             "tests/unit/test_datasets.py::test_the_forms_say_the_same_thing"),
    # Doors: noise shared between examples, a random state that is not put back, data no longer looked at.
    Mutation(GAUSSIAN, "torch.broadcast_shapes(mean.shape, log_var.shape)", "mean.shape",
             "tests/unit/test_gaussian.py::test_every_number_of_a_sample_has_noise_of_its_own"),
    Mutation(MODELS, "        torch.set_rng_state(state)\n", "        pass\n", SEEDED_TEST),
    Mutation(LIKELIHOODS, "        self.check(x)\n        trailing_shape", "        trailing_shape",
             "tests/unit/test_likelihoods.py::test_log_prob_refuses_data_that_is_not_finite"),
    # Fruits: moved, mirrored, turned, coloured and lit the wrong way.
    Mutation(FRUITS, "(centres - x) * (2 / size)", "(centres + x) * (2 / size)", MOVE_TEST),
    Mutation(FRUITS, "(-centres[:, None] - y)", "(-centres[:, None] + y)", MOVE_TEST),
    Mutation(FRUITS, "cos * right + sin * up, cos * up - sin * right",
             "cos * right - sin * up, cos * up + sin * right",
             "tests/unit/test_fruits.py::test_rotation_turns_the_principal_axis_counter_clockwise"),
    Mutation(SHAPES, "(colour[0] + shift) % 1.0", "(colour[0] - shift) % 1.0",
             "tests/unit/test_fruits.py::test_hue_shifts_the_body_by_the_stated_part_of_the_colour_circle"),
    Mutation(SHAPES, "place + 0.16 * towards", "place - 0.16 * towards",
             "tests/unit/test_fruits.py::test_the_shadow_falls_away_from_the_light"),
    # What the browser gets: weights in another order or not rounded, scripts dropped that are not repeats.
    Mutation(EXPORT, 'for part in ("weight", "bias"):', 'for part in ("bias", "weight"):',
             "tests/unit/test_export.py::test_the_block_holds_every_weight_once_in_order"),
    Mutation(EXPORT, "parameter.copy_(parameter.to(getattr(torch, dtype)))", "parameter.copy_(parameter)",
             "tests/unit/test_export.py::test_rounding_to_float16_is_relative_and_leaves_the_decoder_alone"),
    Mutation(BASE, "        again = match.groups() in seen\n", "        again = bool(seen)\n",
             "tests/unit/test_widgets.py::test_a_page_keeps_the_first_of_each_shared_script_and_all_else"),
]
