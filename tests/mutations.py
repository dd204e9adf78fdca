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
INFORMATION, EXACT = "vaelib/information.py", "vaelib/exact.py"

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
TABLE_TEST = "tests/unit/test_exact.py::test_finite_models_agree_with_sums_over_the_joint_table"
FINITE_GAP_TEST = (
    "tests/unit/test_exact.py::test_the_gap_of_a_finite_model_is_the_divergence_to_the_posterior"
)
JOINT_TEST = "tests/unit/test_exact.py::test_the_linear_model_agrees_with_the_formulas_of_the_joint_gaussian"
LINEAR_GAP_TEST = (
    "tests/unit/test_exact.py::test_the_gap_of_the_linear_model_is_the_divergence_to_the_posterior"
)
ENCODER_TEST = "tests/unit/test_linear.py::test_the_best_encoder_is_exact_when_the_columns_are_orthogonal"
MOVE_TEST = "tests/unit/test_fruits.py::test_x_and_y_move_the_whole_picture_by_the_stated_fraction"
SEEDED_TEST = (
    "tests/unit/test_models.py::test_seeded_puts_the_state_back_even_after_an_error_and_seeds_no_other_device"
)
RESUME_TEST = "tests/unit/test_training.py::test_a_run_taken_up_again_ends_at_exactly_the_same_weights"
SCIPY_TEST = "tests/unit/test_information.py::test_divergences_agree_with_scipy_and_broadcast"
ENTROPY_TEST = "tests/unit/test_information.py::test_entropy_agrees_with_scipy"
IMPOSSIBLE_TEST = (
    "tests/unit/test_information.py"
    "::test_an_outcome_called_impossible_costs_infinitely_much_only_if_it_occurs"
)
ODDS_TEST = "tests/unit/test_information.py::test_kraft_sum_and_the_odds_that_lengths_imply"
SHANNON_TEST = "tests/unit/test_information.py::test_shannons_lengths_are_whole_and_exact_at_powers_of_two"
PLACES_TEST = "tests/unit/test_information.py::test_a_prefix_code_takes_the_intervals_from_left_to_right"
LONG_TEST = "tests/unit/test_information.py::test_long_codewords_are_placed_and_counted_exactly"
HUFFMAN_TEST = "tests/unit/test_information.py::test_no_code_is_shorter_than_huffmans"

# The widgets' files.
ENTROPY_JS, BARS_TEST = "vaelib/widgets/js/entropy_bars.js", "tests/browser/test_entropy_bars.py::test_"
WRONG_JS, WRONG_TEST = "vaelib/widgets/js/wrong_code.js", "tests/browser/test_wrong_code.py::test_"
SURPRISE_JS, RACE_JS = "vaelib/widgets/js/surprise_meter.js", "vaelib/widgets/js/sequence_race.js"
SURPRISE_TEST = "tests/browser/test_surprise_meter.py::test_numbers_are_those_of_vaelib"
RACE_TEST = (
    "tests/browser/test_sequence_race.py::test_numbers_are_those_of_vaelib_and_the_source_decides_the_limit"
)
GAUSSIANS_JS, TWO_JS = "vaelib/widgets/js/gaussians.js", "vaelib/widgets/js/two_gaussians.js"
SEEK_JS = "vaelib/widgets/js/cover_or_seek.js"
GAUSSIANS_TEST = (
    "tests/browser/test_two_gaussians.py::test_numbers_are_those_of_torch_and_scipy_in_both_directions"
)
SEEK_TEST = "tests/browser/test_cover_or_seek.py::test_descent_on_reverse_kl_seeks_and_animates"
COVER_TEST = "tests/browser/test_cover_or_seek.py::test_descent_on_forward_kl_covers"
STILL_TEST = "tests/browser/test_cover_or_seek.py::test_the_still_tells_the_numbers_as_they_are"
EVIDENCE_JS = "vaelib/widgets/js/evidence_estimator.js"
ESTIMATOR_TEST = "tests/browser/test_evidence_estimator.py::test_"
EVIDENCE_THEORY = ESTIMATOR_TEST + "what_needs_no_samples_is_what_quadrature_says"
EVIDENCE_RUNS = ESTIMATOR_TEST + "the_simulation_keeps_to_theory"
GAP_JS, GAP_TEST = "vaelib/widgets/js/the_gap.js", "tests/browser/test_the_gap.py::test_"
GRADIENTS_JS = "vaelib/widgets/js/two_gradients.js"
GRADIENTS_TEST = "tests/browser/test_two_gradients.py::test_"
TRAITS_TEST = "tests/unit/test_traits.py::test_what_does_not_fit_is_refused_by_name_and_changes_nothing"
EVALUATION, HEALTH = "vaelib/evaluation.py", "vaelib/health.py"
FREE_TEST = "tests/unit/test_models.py::test_free_nats_hold_up_the_batch_mean_of_every_latent_by_itself"
SPLIT_TEST = "tests/unit/test_evaluation.py::test_every_part_agrees_with_mixtures_of_torch_at_the_same_draws"
ACTIVE_TEST = (
    "tests/unit/test_evaluation.py::test_a_unit_is_active_if_the_variance_of_its_mean_exceeds_the_threshold"
)
LINEAR_HEALTH_TEST = "tests/unit/test_health.py::test_an_exact_linear_model_has_its_closed_forms"
TURNS_TEST = "tests/unit/test_health.py::test_each_question_turns_at_its_threshold"
FREE_LOSS = "beta * self.rates.mean(0).clamp(min=free_nats).sum()"
MUSEUM, MUSEUM_TEST = "book/3-vae/museum.py", "tests/unit/test_museum.py::test_"
DIGITS_JS, PAD_JS = "vaelib/widgets/js/digits.js", "vaelib/widgets/js/encode_your_own.js"
PAD, REPAIR, REPAIR_JS = "vaelib/widgets/encode_your_own.py", "vaelib/widgets/repair.py", "vaelib/widgets/js/repair.js"
PAD_TEST, REPAIR_TEST = "tests/browser/test_encode_your_own.py::test_", "tests/browser/test_repair.py::test_"
PAD_NUMBERS = PAD_TEST + "examples_arrive_dot_by_dot_and_their_numbers_are_torchs"
GRID_NUMBERS = REPAIR_TEST + "numbers_are_those_of_bayes_rule_on_the_same_grid"
HOLES_JS, HOLES_TEST = "vaelib/widgets/js/holes.js", "tests/browser/test_holes.py::test_"
COLLAPSE_JS, COLLAPSE_TEST = "vaelib/widgets/js/collapse.js", "tests/browser/test_collapse.py::test_"
BENCH_JS, BENCH_TEST = "vaelib/widgets/js/reduction_bench.js", "tests/browser/test_reduction_bench.py::test_"
LINEAR_JS = "vaelib/widgets/js/linear.js"
OPTIMUM_TEST = "tests/unit/test_linear.py::test_"
BITS_BACK, BITS_TEST = "vaelib/bits_back.py", "tests/unit/test_bits_back.py::test_"
MULTIRATE = "vaelib/multirate.py"
RATE_TEST = "tests/unit/test_multirate.py::test_"
SLIDER, SLIDER_JS = "vaelib/widgets/beta_slider.py", "vaelib/widgets/js/beta_slider.js"
SLIDER_TEST = "tests/browser/test_beta_slider.py::test_"
FOLDED_TEST = SLIDER_TEST + "codes_pictures_and_nats_are_those_of_the_folded_model"
TANGENT_TEST = SLIDER_TEST + "the_point_lies_on_the_curve_and_the_tangent_has_slope_minus_beta"


CLASS, CLASS_JS = "vaelib/widgets/class_and_style.py", "vaelib/widgets/js/class_and_style.js"
CLASS_TEST = "tests/browser/test_class_and_style.py::test_"
CLASS_NUMBERS = CLASS_TEST + "every_class_is_decoded_at_the_one_code"


DISENTANGLE, DISENTANGLE_JS = "vaelib/widgets/disentangle.py", "vaelib/widgets/js/disentangle.js"
DISENTANGLE_TEST = "tests/browser/test_disentangle.py::test_"
LIVE_TEST = DISENTANGLE_TEST + "the_live_picture_is_torchs_at_every_beta_and_latent"


DISENTANGLEMENT, SPRITES = "vaelib/disentanglement.py", "vaelib/sprites.py"
METRICS_TEST = "tests/unit/test_disentanglement.py::test_"
SPRITES_TEST = "tests/unit/test_sprites.py::test_"


PANEL, PANEL_TEST = "vaelib/widgets/train_panel.py", "tests/unit/test_train_panel.py::test_"
CANCEL_TEST = PANEL_TEST + "a_cancelled_run_leaves_the_model_and_goes_on_to_the_weights_of_an_unbroken_one"
TAKES_OVER_TEST = PANEL_TEST + "a_finished_run_takes_over"
KERNEL_TEST = PANEL_TEST + "a_run_leaves_the_kernel_free_and_one_press_is_one_run"

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
    Mutation(MODELS, "self.distortion.mean() + beta * self.rates",
             "beta * self.distortion.mean() + self.rates", LOSS_TEST),
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
    # The linear VAE: a precision taken for a variance, the offset's sign, an answer in another precision.
    Mutation(LINEAR, "copy_(-exact.posterior_precision", "copy_(exact.posterior_precision", ENCODER_TEST),
    Mutation(LINEAR, "copy_(-exact.gain @ exact.bias)", "copy_(exact.gain @ exact.bias)", ENCODER_TEST),
    Mutation(LINEAR, "self.exact.log_evidence(x).to(x)", "self.exact.log_evidence(x)",
             "tests/unit/test_exact.py::test_a_linear_vae_gives_its_exact_answers_in_its_own_dtype"),
    # Training: no decay, beta ignored, the same order every epoch, a checkpoint that forgets something.
    Mutation(TRAINING, "0.5 * (1 + math.cos(", "0.5 * (1 - math.cos(",
             "tests/unit/test_training.py::test_the_learning_rate_warms_up_then_falls_towards_zero"),
    Mutation(TRAINING, "terms.loss(self.betas[step], ", "terms.loss(1.0, ",
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
    # Information: signs, units, p for q, 0 log 0, the infinity for the impossible, halves and axes.
    Mutation(INFORMATION, "-p * np.log(q), 0.0", "p * np.log(q), 0.0", ENTROPY_TEST),
    Mutation(INFORMATION, "-p * np.log(q), 0.0", "-q * np.log(p), 0.0", SCIPY_TEST),
    Mutation(INFORMATION, "np.where(p > 0, -p * np.log(q), 0.0)", "(-p * np.log(q))", IMPOSSIBLE_TEST),
    Mutation(INFORMATION, "return math.log(base)", "return 1 / math.log(base)", ENTROPY_TEST),
    Mutation(INFORMATION, "p * log_ratio, 0.0", "q * log_ratio, 0.0", SCIPY_TEST),
    Mutation(INFORMATION, "np.log(p) - np.log(q))", "np.log(q) - np.log(p))", SCIPY_TEST),
    Mutation(INFORMATION, "np.where(p > 0, p * log_ratio", "np.where((p > 0) & (q > 0), p * log_ratio",
             IMPOSSIBLE_TEST),
    Mutation(INFORMATION, "near = np.log1p((p - q) / q)", "near = np.log(p) - np.log(q)",
             "tests/unit/test_information.py::test_divergence_of_near_neighbours_keeps_its_digits"),
    Mutation(INFORMATION, "_relative_entropy(q, middle)) / 2", "_relative_entropy(q, middle))", SCIPY_TEST),
    Mutation(INFORMATION, "_relative_entropy(p, middle) + _relative_entropy(q, middle)",
             "_relative_entropy(middle, p) + _relative_entropy(middle, q)", SCIPY_TEST),
    Mutation(INFORMATION, "joint.sum(-1), joint.sum(-2)", "joint.sum(-1), joint.sum(-1)",
             "tests/unit/test_information.py::test_mutual_information_is_the_divergence_from_independence"),
    Mutation(INFORMATION, "TOLERANCE = 1e-9", "TOLERANCE = 1e-6",
             "tests/unit/test_information.py::test_what_is_no_distribution_is_refused_under_its_name"),
    Mutation(INFORMATION, "require(fits and values.shape[-1] == p.shape[-1],", "require(fits,",
             "tests/unit/test_information.py::test_what_does_not_fit_is_refused_under_its_name"),
    # Codes: e for 2, lost normalisation, floor for ceil, Kraft without equality or in floats, the wrong pair.
    Mutation(INFORMATION, "np.exp2(-_lengths(lengths)).sum(-1)", "np.exp(-_lengths(lengths)).sum(-1)",
             ODDS_TEST),
    Mutation(INFORMATION, " / kraft_sum(lengths)[..., None]", "", ODDS_TEST),
    Mutation(INFORMATION, "(p * lengths).sum(-1)", "lengths.mean(-1)",
             "tests/unit/test_information.py::test_expected_length_broadcasts"),
    Mutation(INFORMATION, "1 - np.frexp(p)[1].astype(int)", "-np.frexp(p)[1].astype(int)", SHANNON_TEST),
    Mutation(INFORMATION, "1 - np.frexp(p)[1].astype(int)", "np.ceil(surprise(p, 2)).astype(int)",
             SHANNON_TEST),
    Mutation(INFORMATION, "end <= 1 << before", "end < 1 << before", PLACES_TEST),
    Mutation(INFORMATION, "end <= 1 << before", "kraft_sum(whole) <= 1", LONG_TEST),
    Mutation(INFORMATION, "length = int(whole[symbol])", "length = whole[symbol]", LONG_TEST),
    Mutation(INFORMATION, 'np.argsort(whole, kind="stable")', "range(len(whole))", PLACES_TEST),
    Mutation(INFORMATION, "(weight, age, [age])", "(-weight, age, [age])", HUFFMAN_TEST),
    Mutation(INFORMATION, "(light + heavy, age,", "(max(light, heavy), age,", HUFFMAN_TEST),
    Mutation(INFORMATION, "digit + words[symbol]", "words[symbol] + digit",
             "tests/unit/test_information.py::test_huffman_codes_are_prefix_free_and_complete"),
    Mutation(INFORMATION, 'range(positive_integer("n", n) - 1)', 'range(positive_integer("n", n))',
             "tests/unit/test_information.py::test_blocks_are_independent_symbols"),
    # Exact models: a lost prior, the largest term for the sum, signs, halves, sigma for sigma^2, a lost bias,
    # a trace or a determinant miscounted, the unstable form of the evidence, a door left open.
    Mutation(EXACT, "self.prior.log() + self.log_likelihood(x)", "self.log_likelihood(x)", TABLE_TEST),
    Mutation(EXACT, "torch.logsumexp(self.log_joint(x), -1)", "self.log_joint(x).amax(-1)", TABLE_TEST),
    Mutation(EXACT, "self.variance.log()[..., None]", "2 * self.variance.log()[..., None]", TABLE_TEST),
    Mutation(EXACT, "log_joint, 0.0) - torch.where", "log_joint, 0.0) + torch.where", FINITE_GAP_TEST),
    Mutation(EXACT, "believed = q > 0", "believed = q >= 0",
             "tests/unit/test_exact.py"
             "::test_what_q_rules_out_adds_nothing_and_what_only_q_believes_costs_infinitely_much"),
    Mutation(EXACT, "self.sigma**2 * torch.eye", "self.sigma * torch.eye", JOINT_TEST),
    Mutation(EXACT, "scaled = self.weight / self.sigma", "scaled = self.weight / self.sigma**2", JOINT_TEST),
    Mutation(EXACT, "torch.eye(scaled.shape[1]).to(scaled) + scaled.T", "scaled.T", JOINT_TEST),
    Mutation(EXACT, "(torch.logdet(precision) - len", "(2 * torch.logdet(precision) - len", JOINT_TEST),
    Mutation(EXACT, "(self._data(x) - self.bias) @", "self._data(x) @", JOINT_TEST),
    Mutation(EXACT, "at_mean - 0.5 * trace + entropy", "at_mean - trace + entropy", LINEAR_GAP_TEST),
    Mutation(EXACT, "dim * (1 + gaussian.LOG_2_PI)", "dim * gaussian.LOG_2_PI", LINEAR_GAP_TEST),
    Mutation(EXACT, "return self.log_joint(x, self.posterior(x).mean) - log_posterior",
             "normal = torch.distributions.MultivariateNormal(self.bias, self.covariance)\n"
             "        return normal.log_prob(self._data(x))",
             "tests/unit/test_exact.py::test_a_noise_of_one_millionth_leaves_ten_digits_of_the_evidence"),
    Mutation(EXACT, " and torch.allclose(tensor, tensor.mT)", "",
             "tests/unit/test_exact.py::test_what_does_not_fit_is_refused_under_its_name"),
    # Surprise meter: B after A for B at all, a copy that never happens. Sequence race: a ratio upside down, a
    # mean over too few, one limit for the other.
    Mutation(SURPRISE_JS, "both: p * then", "both: p * second", SURPRISE_TEST),
    Mutation(SURPRISE_JS, "const then = shared + (1 - shared) * other", "const then = other", SURPRISE_TEST),
    Mutation(RACE_JS, "Math.log(x) - Math.log(q[i])", "Math.log(q[i]) - Math.log(x)", RACE_TEST),
    Mutation(RACE_JS, "(total += ratio[symbol]) / (i + 1)", "(total += ratio[symbol]) / i", RACE_TEST),
    Mutation(RACE_JS, "[divergence(p, q), -divergence(q, p)]", "[divergence(q, p), -divergence(p, q)]", RACE_TEST),
    Mutation("vaelib/widgets/traits.py", "(array <= self.high)).all()", "(array <= self.high)).any()", TRAITS_TEST),
    # Entropy bars: words for what never happens, a mean without its weights, younger before older, a lost
    # remainder, labels after what is checked against them.
    Mutation(ENTROPY_JS, "(x > 0 ? [i] : [])", "(x >= 0 ? [i] : [])",
             BARS_TEST + "keys_move_a_bar_and_the_others_keep_their_proportions"),
    Mutation(ENTROPY_JS, "total + x * (lengths[i] ?? 0)", "total + (lengths[i] ?? 0) / p.length",
             BARS_TEST + "it_shows_the_same_code_as_python"),
    Mutation("vaelib/widgets/js/information.js", "a.p - b.p || a.age - b.age", "a.p - b.p || b.age - a.age",
             BARS_TEST + "it_shows_the_same_code_as_python"),
    Mutation(ENTROPY_JS, "p: withBar(p, last, 0).slice(0, last)", "p: p.slice(0, last)",
             BARS_TEST + "outcomes_come_and_go"),
    Mutation(BASE, "super().set_state(_labels_first(sync_data))", "super().set_state(sync_data)",
             BARS_TEST + "bars_and_names_that_the_screen_sends_together_are_taken_in_any_order"),
    # The wrong code: lengths taken for a distribution, the slack's sign, the other divergence, words that do not
    # fit.
    Mutation(WRONG_JS, "2 ** -length / kraft", "2 ** -length", WRONG_TEST + "the_parts_are_as_long_as_their_numbers"),
    Mutation(WRONG_JS, "slackBits: -Math.log2(kraft) + 0", "slackBits: Math.log2(kraft) + 0",
             WRONG_TEST + "the_parts_are_as_long_as_their_numbers"),
    Mutation(WRONG_JS, "divergence: divergence(p, q)", "divergence: divergence(q, p)",
             WRONG_TEST + "keys_lead_to_infinity_and_back"),
    Mutation(WRONG_JS, "words: kraft > 1 ? null : prefixCode(lengths)", "words: prefixCode(lengths)",
             WRONG_TEST + "lengths_that_fit_in_no_code"),
    Mutation("vaelib/widgets/wrong_code.py", "np.log2(1 / kraft_sum(self.lengths))",
             "np.log2(kraft_sum(self.lengths))", WRONG_TEST + "the_still_tells_the_numbers"),
    # Two Gaussians: direction, sign, factor, where the sign changes, mean and standard deviation.
    Mutation(GAUSSIANS_JS, "Math.log(q.sigma / p.sigma) + (p.sigma ** 2",
             "Math.log(p.sigma / q.sigma) + (p.sigma ** 2", GAUSSIANS_TEST),
    Mutation(GAUSSIANS_JS, "/ (2 * q.sigma ** 2) - 0.5", "/ (2 * p.sigma ** 2) - 0.5", GAUSSIANS_TEST),
    Mutation(TWO_JS, "(Math.LN2 - Math.log1p(Math.exp(ahead)))) / 2",
             "(Math.LN2 - Math.log1p(Math.exp(ahead))))", GAUSSIANS_TEST),
    Mutation(TWO_JS, "const a = (loose - tight) / 2;", "const a = (tight - loose) / 2;", GAUSSIANS_TEST),
    Mutation(TWO_JS, 'now.under === "p" ? [p, q] : [q, p];', 'now.under === "p" ? [q, p] : [p, q];', GAUSSIANS_TEST),
    # Cover or seek: the half and the sigma squared of the natural gradient, the reverse entropy, moment matching.
    Mutation(SEEK_JS, "slope: [-across, -1 - wider],", "slope: [-across, 1 - wider],", SEEK_TEST),
    Mutation(SEEK_JS, "value: Math.max(-Math.log(sigma) - LOG_ROOT - 0.5 - average, 0),",
             "value: Math.max(-Math.log(sigma) - LOG_ROOT - average, 0),", SEEK_TEST),
    Mutation(SEEK_JS, "part.weight * (part.sigma ** 2 + (part.mean - mean) ** 2)",
             "part.weight * part.sigma ** 2", COVER_TEST),
    Mutation(SEEK_JS, "slope: [(mean - p.mean) / sigma ** 2, 1 - spread],",
             "slope: [(p.mean - mean) / sigma ** 2, 1 - spread],", COVER_TEST),
    Mutation("vaelib/widgets/cover_or_seek.py", "2 * sigma.log())", "sigma.log())", STILL_TEST),
    # Evidence: the second moment, the half of the bias, an infinite variance, the mean of weights, shared random
    # numbers.
    Mutation(EVIDENCE_JS, "Math.log(2 * ratio - 1) / 2", "Math.log(2 * ratio - 1)", EVIDENCE_THEORY),
    Mutation(EVIDENCE_JS, "-excess / (2 * samples)", "-excess / samples", EVIDENCE_THEORY),
    Mutation(EVIDENCE_JS, "ratio > 0.5; // else", "ratio > 1; // else",
             ESTIMATOR_TEST + "a_proposal_that_is_too_narrow_has_infinite_variance_and_says_so"),
    Mutation(EVIDENCE_JS, "Math.log(sum / samples)", "Math.log(sum)", EVIDENCE_RUNS),
    Mutation(EVIDENCE_JS, "[log, sum * shrink, squares * shrink ** 2]", "[log, sum, squares]", EVIDENCE_RUNS),
    Mutation(EVIDENCE_JS, "uniforms(seed, run * BLOCK)", "uniforms(seed, run)",
             ESTIMATOR_TEST + "the_bias_of_the_logarithm_is_seen_over_many_draws"),
    Mutation(EVIDENCE_JS, "Math.cos(2 * Math.PI * uniform()) ** 2", "Math.cos(2 * Math.PI * uniform())",
             ESTIMATOR_TEST + "one_sample_draws_the_weight_itself_in_odd_and_even_dimensions"),
    Mutation("vaelib/widgets/evidence_estimator.py", "(1 - ratio) / 2 * squares", "(1 - ratio) * squares",
             ESTIMATOR_TEST + "the_still_tells_the_numbers_as_they_are"),
    # The gap: variance in the reconstruction, the posterior, the slope's half, the M-step, the line that hears of q.
    Mutation(GAP_JS, "- (weight ** 2 * variance) / (2 * sigma ** 2);",
             "- (weight ** 2 * variance) / sigma ** 2;",
             GAP_TEST + "the_default_is_the_example_of_the_chapter"),
    Mutation(GAP_JS, "const precision = 1 + (weight / sigma) ** 2;",
             "const precision = 1 + weight ** 2 / sigma;",
             GAP_TEST + "numbers_are_those_of_the_exact_model_and_the_climb_arrives"),
    Mutation(GAP_JS, "(1 - variance * (1 + (weight / sigma) ** 2)) / 2,",
             "1 - variance * (1 + (weight / sigma) ** 2),",
             GAP_TEST + "the_first_step_is_a_tenth_of_the_slope"),
    Mutation(GAP_JS, "Math.sqrt((x - weight * mean) ** 2 + weight ** 2 * variance)",
             "Math.abs(x - weight * mean)",
             GAP_TEST + "an_m_step_is_the_best_theta_for_this_q"),
    Mutation(GAP_JS, "const floor = FLOORS.find((level) => line - level > 1.5)",
             "const floor = FLOORS.find((level) => found.elbo - level > 1.5)",
             GAP_TEST + "q_trades_elbo_for_gap_under_a_line_that_only_x_and_theta_move"),
    # Two gradients: a variance, the best baseline, mean for sum, sigma for sigma squared, the seed.
    Mutation(GRADIENTS_JS, "+ 14 * mean ** 2 + 15 * sigma ** 2", "+ 14 * mean ** 2 + 9 * sigma ** 2",
             GRADIENTS_TEST + "the_example_of_the_chapter_and_its_closed_forms"),
    Mutation(GRADIENTS_JS, "baseline: mean ** 2 + 3 * sigma ** 2,", "baseline: mean ** 2 + sigma ** 2,",
             GRADIENTS_TEST + "numbers_are_those_of_numpy_and_quadrature"),
    Mutation(GRADIENTS_JS, "less += ((f(z) - baseline) * e) / sigma;",
             "less += (f(z) * e) / sigma - baseline;",
             GRADIENTS_TEST + "what_is_measured_lies_where_theory_expects_it"),
    Mutation(GRADIENTS_JS, "plain += (f(z) * e) / sigma;", "plain += f(z) * e;",
             GRADIENTS_TEST + "keys_and_pointer_move_it_and_the_axis_does_not_hear_of_samples"),
    Mutation("vaelib/widgets/two_gradients.py", "2 * z, 2 * self.position,", "2 * z, self.position,",
             GRADIENTS_TEST + "the_still_tells_the_numbers_as_they_are"),
    # Free bits: per example in place of per batch, one floor for all latents, a ceiling, a setting forgotten.
    Mutation(MODELS, FREE_LOSS, "beta * self.rates.clamp(min=free_nats).mean(0).sum()", FREE_TEST),
    Mutation(MODELS, FREE_LOSS, "beta * self.rate.mean(0).clamp(min=free_nats)", FREE_TEST),
    Mutation(MODELS, "clamp(min=free_nats)", "clamp(max=free_nats)", FREE_TEST),
    Mutation(TRAINING, "terms.loss(self.betas[step], self.free_nats)", "terms.loss(self.betas[step])",
             "tests/unit/test_training.py"
             "::test_free_nats_keep_every_latent_near_them_where_beta_would_empty_it"),
    Mutation(TRAINING, '            "free_nats": self.free_nats,\n', "",
             "tests/unit/test_training.py::test_the_checkpoint_of_another_run_is_refused"),
    # The split of the rate: a lost ln N, the latents' sum for their joint, terms swapped; sd for variance.
    Mutation(EVALUATION, "return torch.cat(joint) - log_n,", "return torch.cat(joint),", SPLIT_TEST),
    Mutation(EVALUATION, "table.sum(1).logsumexp(-1)", "table.logsumexp(-1).sum(1)", SPLIT_TEST),
    Mutation(EVALUATION, "table.sum(1).logsumexp(-1)", "table.sum(1).mean(-1)", SPLIT_TEST),
    Mutation(EVALUATION, "(own.sum(-1) - joint).mean()", "(joint - own.sum(-1)).mean()", SPLIT_TEST),
    Mutation(EVALUATION, "of_each.sum() - information, rate - of_each.sum()",
             "rate - of_each.sum(), of_each.sum() - information", SPLIT_TEST),
    Mutation(EVALUATION, "mean.var(0, correction=0)", "mean.std(0, correction=0)", ACTIVE_TEST),
    Mutation(EVALUATION, "mean.var(0, correction=0)", "mean.square().mean(0)", ACTIVE_TEST),
    # The health report: no swap, the posterior's samples for the prior's, wrong bounds, wrong thresholds.
    Mutation(HEALTH, "output.roll(1, 0)", "output", LINEAR_HEALTH_TEST),
    Mutation(HEALTH, "weights.mean(0), weights.logsumexp(0) - math.log(n_samples)",
             "weights.mean(0), weights.logsumexp(0)", LINEAR_HEALTH_TEST),
    Mutation(HEALTH, "vae.likelihood.sample(vae._decode(codes), generator)",
             "vae.likelihood.mean(vae._decode(codes))", LINEAR_HEALTH_TEST),
    Mutation(HEALTH, "aggregate=aggregate.exp()", "aggregate=aggregate", LINEAR_HEALTH_TEST),
    Mutation(HEALTH, "self.gap <= LOOSE * rate", "self.gap <= LOOSE", TURNS_TEST),
    Mutation(HEALTH, "max(self.rate, SMALL_RATE)", "self.rate", TURNS_TEST),
    Mutation(HEALTH, "INFORMATIVE = math.log(2)", "INFORMATIVE = 0.5", TURNS_TEST),
    Mutation(HEALTH, "abs(surprise) <= SURPRISE", "surprise >= -SURPRISE",
             "tests/unit/test_health.py::test_data_of_another_spread_do_not_match_in_either_direction"),
    Mutation(HEALTH, "if measured else self.dimension_wise", "if measured else self.marginal_kl",
             "tests/unit/test_health.py"
             "::test_information_at_its_ceiling_leaves_the_codes_to_be_judged_one_by_one"),
    Mutation(HEALTH, "unit(x) - unit(vae.reconstruct(x))", "x - vae.reconstruct(x)",
             "tests/unit/test_health.py::test_counts_are_judged_on_the_scale_from_0_to_1"),
    # The museum: a broken healthy program, a repaired exhibit, a blunt check, training and audit without their point.
    Mutation(MUSEUM, "return mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)",
             "return mean + torch.exp(log_var / 3) * torch.randn_like(mean)",
             MUSEUM_TEST + "every_check_passes_the_healthy_programs"),
    Mutation(MUSEUM, "0.5 * squared + 0.5 * math.log(", "0.5 * squared + math.log(",
             MUSEUM_TEST + "the_healthy_terms_are_those_of_vaelib"),
    Mutation(MUSEUM, "return torch.sigmoid(self.decoder(z))", "return self.decoder(z)",
             MUSEUM_TEST + "every_exhibit_fails_its_own_check"),
    Mutation(MUSEUM, "assert (abs(ratio - 1) < 1e-3).all()", "assert (abs(ratio - 1) < 1.5).all()",
             MUSEUM_TEST + "which_checks_catch_which_exhibit"),
    Mutation(MUSEUM, "return mean + torch.exp(0.5 * log_var) * torch.randn(mean.shape[-1])",
             "return mean + torch.exp(0.5 * log_var) * torch.randn(mean.shape)",
             MUSEUM_TEST + "shared_noise_makes_jagged_curves"),
    Mutation(MUSEUM, "(nll + kl).backward()", "nll.backward()",
             MUSEUM_TEST + "a_mean_for_a_sum_collapses_at_a_small_loss"),
    Mutation(MUSEUM, "program.decode(healthy.sample(program, mean, log_var))",
             "program.decode(program.sample(mean, log_var))",
             MUSEUM_TEST + "a_variance_as_sigma_reports_a_better_bound_than_it_has"),
    Mutation(MUSEUM, "healthy.kl(program, mean, log_var), healthy.nll", "program.kl(mean, log_var), healthy.nll",
             MUSEUM_TEST + "an_averaged_kl_reports_the_best_bound_and_has_one_of_the_worst"),
    # The reader's digit: counts unscaled, variance for deviation, a lost constant, a lost half, a lost weight.
    Mutation(DIGITS_JS, "encode(x.map((count) => count / total))", "encode(x)", PAD_NUMBERS),
    Mutation(DIGITS_JS, "Math.exp(value / 2)", "Math.exp(value)", PAD_NUMBERS),
    Mutation(DIGITS_JS, "choices[count] + count * logits[i]", "count * logits[i]", PAD_NUMBERS),
    Mutation(PAD_JS, "- logVar[j]) / 2, 0)", "- logVar[j]), 0)", PAD_NUMBERS),
    Mutation(PAD_JS, "weights[i] * weights[j] * vae", "weights[i] * weights[i] * vae", PAD_NUMBERS),
    Mutation(PAD_JS, "m + found.deviation[j] * noise[2 * k + j]", "m + noise[2 * k + j]",
             PAD_TEST + "samples_follow_the_posterior_and_a_button_draws_new_ones"),
    Mutation(PAD_JS, "Math.min(FRAME_WIDTH / (right - left), 2 * tall)", "FRAME_WIDTH / (right - left)",
             PAD_TEST + "a_small_drawing_is_stretched_to_the_frame_and_a_large_one_left_alone"),
    Mutation(PAD, "(order < counts)", "(order <= counts)",
             PAD_TEST + "a_bitmap_has_as_many_dots_in_a_block_as_its_pixel_says"),
    Mutation(PAD, "mean + torch.exp(0.5 * log_var) * torch", "mean + torch.exp(log_var) * torch",
             PAD_TEST + "the_quadrature_is_what_many_samples_say"),
    # Repair: no prior, hidden pixels counted, a divergence the wrong way round, noise trusted, a biased draw.
    Mutation(REPAIR_JS, "densities.map((value) => value - total)", "densities.map(() => -Math.log(points.length))",
             GRID_NUMBERS),
    Mutation(REPAIR_JS, "some += seen[i] * pixel;", "some += pixel;", GRID_NUMBERS),
    Mutation(REPAIR_JS, "average((n) => joint[n] - logEvidence - prior[n])",
             "average((n) => joint[n] - logEvidence)", GRID_NUMBERS),
    Mutation(REPAIR_JS, "(visible[i] ? count : 0));", "count);", GRID_NUMBERS),
    Mutation(REPAIR_JS, "noise ? () => false : (i)", "(i)", GRID_NUMBERS),
    Mutation(REPAIR_JS, "(left -= weight) < 0", "left - weight < 0",
             REPAIR_TEST + "samples_come_from_the_posterior_on_the_grid"),
    Mutation(REPAIR, "torch.where(visible, pixels, 0.0).flatten(1)", "pixels.flatten(1)",
             REPAIR_TEST + "the_grid_in_python_obeys_the_chain_rule"),
    Mutation(REPAIR, "2 * reach / (COARSEST * finest)", "2 * reach / (3 * COARSEST * finest)",
             REPAIR_TEST + "a_narrow_posterior_gets_a_fine_grid_up_to_a_limit"),
    # The linear optimum: rate without its half, noise that forgets beta, latents that are not counted.
    Mutation(LINEAR, "rate = 0.5 * active * (values", "rate = active * (values",
             OPTIMUM_TEST + "the_optimum_of_the_worked_example"),
    Mutation(LINEAR, "values[m:].sum().item() / (size - m * beta) for m in counts",
             "values[m:].sum().item() / (size - m) for m in counts",
             OPTIMUM_TEST + "learned_noise_is_the_best_noise"),
    Mutation(LINEAR, "tau / (weight2 + tau)\n", "sigma2 / (weight2 + sigma2)\n",
             OPTIMUM_TEST + "gradients_reach_the_closed_form_optimum"),
    Mutation(LINEAR, "active = (values > tau) & (torch.arange(size) < latents)", "active = values > tau",
             OPTIMUM_TEST + "the_optimum_of_the_worked_example"),
    Mutation(LINEAR_JS, "const active = latent && value > tau;", "const active = latent && value >= tau;",
             COLLAPSE_TEST + "a_dimension_is_dark_exactly_where_its_eigenvalue_is_not_above_the_level"),
    Mutation(LINEAR_JS, "/ (values.length - m * beta)));", "/ (values.length - m)));",
             COLLAPSE_TEST + "numbers_are_those_of_the_closed_form"),
    Mutation(LINEAR_JS, "sum(dims.map((dim) => dim[name]))", "sum(dims.map((dim) => (dim.latent ? dim[name] : 0)))",
             COLLAPSE_TEST + "numbers_are_those_of_the_closed_form"),
    Mutation(COLLAPSE_JS, "kit.put({ eigenvalues, latents: eigenvalues.length });", "kit.put({ eigenvalues });",
             COLLAPSE_TEST + "presets_bring_other_data_and_reset_undoes_all"),
    # Holes: a distance in plain units, its unit as a mean, both decoders one, a draw without its own seed.
    Mutation(HOLES_JS, "spacings: Math.sqrt(least) / spacing }", "spacings: Math.sqrt(least) }",
             HOLES_TEST + "it_starts_at_the_codes_of_the_first_picture"),
    Mutation("vaelib/widgets/holes.py", ".min(1).values.median().item()", ".min(1).values.mean().item()",
             HOLES_TEST + "it_starts_at_the_codes_of_the_first_picture"),
    Mutation(HOLES_JS, "readNumbers(model.get(`${name}_weights`)", "readNumbers(model.get(`vae_weights`)",
             HOLES_TEST + "it_starts_at_the_codes_of_the_first_picture"),
    Mutation(HOLES_JS, "onPath(paths(), k / (STEPS - 1))", "onPath(paths(), k / STEPS)",
             HOLES_TEST + "strips_show_nine_pictures_of_either_decoder"),
    Mutation("vaelib/widgets/js/random.js", "Math.sqrt(-2 * Math.log(1 - uniform()))",
             "Math.sqrt(-Math.log(1 - uniform()))",
             HOLES_TEST + "prior_draws_are_the_same_in_both_planes_seeded_and_standard_normal"),
    # The bench: a squared error taken for its half, a mean over latents that multiplies, the batch in one term.
    Mutation(BENCH_JS, "nat: (sigma2) => 2 * sigma2 }", "nat: (sigma2) => sigma2 }",
             BENCH_TEST + "every_combination_has_the_beta_of_its_gradients"),
    Mutation(BENCH_JS, "share(state.over_latents, state.latents)", "share(state.over_latents, 1 / state.latents)",
             BENCH_TEST + "every_combination_has_the_beta_of_its_gradients"),
    Mutation("vaelib/widgets/reduction_bench.py", '("over_latents", self.latents), ("kl_batch", self.batch)',
             '("over_latents", self.latents), ("error_batch", self.batch)',
             BENCH_TEST + "python_knows_the_same_beta"),
    Mutation("vaelib/widgets/reduction_bench.py", '{"squared": 2 * self.sigma2,', '{"squared": self.sigma2,',
             BENCH_TEST + "known_losses"),
    # Bits-back: the stack's arithmetic, whose slots, q's bins, the prior's price, the order, the two sides' numbers.
    Mutation(BITS_BACK, "+ start + remainder", "+ start",
             BITS_TEST + "what_is_pushed_pops_in_reverse_and_leaves_the_state_as_it_was"),
    Mutation(BITS_BACK, "divmod(self.state, frequency)", "divmod(self.state, max(1, frequency - 1))",
             BITS_TEST + "a_state_worked_out_by_hand"),
    Mutation(BITS_BACK, "return self.total_bits - self.initial_bits", "return self.total_bits",
             BITS_TEST + "more_initial_bits_make_a_longer_message_and_the_same_net_length"),
    Mutation(BITS_BACK, "torch.exp(log_var[0] / 2)", "torch.exp(log_var[0])",
             BITS_TEST + "the_mean_net_length_is_the_negative_elbo_of_the_model_with_bins"),
    Mutation(BITS_BACK, "(index + 0.5) / self.n_bins", "(index + 0.9) / self.n_bins",
             BITS_TEST + "the_mean_net_length_is_the_negative_elbo_of_the_model_with_bins"),
    Mutation(BITS_BACK, "stack.push(index, 1, self.latent_bits)", "stack.push(index, 1, self.latent_bits + 1)",
             BITS_TEST + "images_come_back_exactly_at_every_precision"),
    Mutation(BITS_BACK, "for posterior, index in reversed(list(zip(self._posteriors(pixels), bins))):",
             "for posterior, index in zip(self._posteriors(pixels), bins):",
             BITS_TEST + "images_come_back_exactly_at_every_precision"),
    Mutation(BITS_BACK, "return (zeros, SLOTS - zeros) if pixel else (0, zeros)",
             "return (SLOTS - zeros, zeros) if pixel else (0, SLOTS - zeros)",
             BITS_TEST + "the_net_length_of_the_held_out_digits_is_the_negative_elbo"),
    Mutation(BITS_BACK, ".clamp(1, SLOTS - 1)", "", BITS_TEST + "a_sure_model_still_gives_every_pixel_a_slot"),
    Mutation(BITS_BACK, "return edge + int((SLOTS - self.n_bins) *", "return int(SLOTS *",
             BITS_TEST + "a_changed_message_does_not_pass_where_q_is_too_narrow_for_its_wrong_z"),
    Mutation(BITS_BACK, "copy.deepcopy(vae).to", "vae.to", BITS_TEST + "coding_leaves_the_model_as_it_was"),
    Mutation(BITS_BACK, "intact = stack.state == _random_bits(message.initial_bits, message.seed)", "intact = True",
             BITS_TEST + "a_changed_message_does_not_pass"),
    Mutation(BITS_BACK, "positive_integer(\"initial_bits\", initial_bits) >= fewest", "True",
             BITS_TEST + "numbers_that_make_no_code_are_refused"),
    # The multi-rate VAE: the fold, the gate, the price of a nat, who shares what, which betas are drawn.
    Mutation(MULTIRATE, "gate * self.bias + shift)", "self.bias + shift)", RATE_TEST + "a_folded_layer_by_hand"),
    Mutation(MULTIRATE, "return _linear(self.weight * gate, self.bias + shift)",
             "return _linear(self.weight * gate, self.bias)", RATE_TEST + "the_folded_model_is_the_gated_one"),
    Mutation(MULTIRATE, "super().forward(gate * x) + shift if", "gate[..., :1] * super().forward(x) + shift if",
             RATE_TEST + "the_folded_model_is_the_gated_one"),
    Mutation(MULTIRATE, "return 2 * torch.sigmoid(", "return torch.sigmoid(",
             RATE_TEST + "before_training_it_is_the_vae_it_was_made_from_at_every_beta"),
    Mutation(MULTIRATE, "-STEEPNESS * places)", "STEEPNESS * places)", RATE_TEST + "a_folded_layer_by_hand"),
    Mutation(MULTIRATE, "rates = log_beta.exp() * gaussian", "rates = log_beta * gaussian",
             RATE_TEST + "the_loss_is_the_mean_of_the_losses_of_the_folded_models"),
    Mutation(MULTIRATE, "new_tensor([math.log(beta)])", "new_tensor([beta])",
             RATE_TEST + "in_single_precision_it_is_the_same_to_1e_6"),
    Mutation(MULTIRATE, "* u.sqrt()", "* u", RATE_TEST + "betas_fill_the_range_with_a_density_that_rises"),
    Mutation(MULTIRATE, "+ math.log(self.high / self.low) *", "+ math.log(self.high) *",
             RATE_TEST + "betas_fill_the_range_with_a_density_that_rises"),
    Mutation(MULTIRATE, "log_beta = x.new_zeros(1) if", "log_beta = x.new_ones(1) if",
             RATE_TEST + "where_no_beta_is_given_it_is_one"),
    Mutation(MULTIRATE, "        vae = copy.deepcopy(vae)\n", "", RATE_TEST + "views_and_origin_share_nothing"),
    # The β slider: gates on the right side, ln β, active latents, the curve, its tangent, the dots, the ends.
    Mutation(SLIDER_JS, "affine(rows.map((value, i) => gates[i % I] * value))", "affine(rows)", FOLDED_TEST),
    Mutation(SLIDER_JS, "gates[i % O] * value + shifts[i % O]", "gates[i % O] * (value + shifts[i % O])", FOLDED_TEST),
    Mutation(SLIDER_JS, "const logBeta = Math.log(beta);", "const logBeta = Math.log10(beta);", FOLDED_TEST),
    Mutation(SLIDER_JS, "if (known.rows !== rows) known", "if (!known.rows) known",
             SLIDER_TEST + "keys_and_pointer_move_everything"),
    Mutation(SLIDER_JS, "const ACTIVE = 0.01;", "const ACTIVE = 0.1 ** 12;", FOLDED_TEST),
    Mutation(SLIDER_JS, "objective: distortion + beta * rate }", "objective: distortion + rate }", FOLDED_TEST),
    Mutation(SLIDER_JS, "Math.log(beta / betas[next - 1]) / Math.log(betas[next] / betas[next - 1])",
             "(beta - betas[next - 1]) / (betas[next] - betas[next - 1])", FOLDED_TEST),
    Mutation(SLIDER_JS, "end, distortion - beta * (end - rate)", "end, distortion - (end - rate)", TANGENT_TEST),
    Mutation(SLIDER_JS, "noise = normals(seed, SAMPLES * k)", "noise = normals(seed + Math.round(beta), SAMPLES * k)",
             SLIDER_TEST + "keys_and_pointer_move_everything"),
    Mutation(SLIDER_JS, 'wanted === found.beta ? ""', 'true ? ""',
             SLIDER_TEST + "a_beta_beyond_the_slider_is_kept_and_the_screen_says_so"),
    Mutation(SLIDER, "ddof=min(len(array) - 1, 1)", "ddof=0", TANGENT_TEST),
    Mutation(SLIDER, "found.distortion.mean().item()]", "found.loss(beta).item()]",
             SLIDER_TEST + "the_curve_is_made_of_means_over_the_data"),
    Mutation(SLIDER, ".argsort()[-2:]", ".argsort()[:2]",
             SLIDER_TEST + "ellipses_and_bars_are_drawn_where_the_numbers_say"),
    Mutation(EXPORT, '"gates_inputs": layer.gates_inputs', '"gates_inputs": not layer.gates_inputs', FOLDED_TEST),
    Mutation(DIGITS_JS, "points.map(([z]) => toPixels(z))",
             "points.map(([[a, b]]) => toPixels([b, a]))",
             SLIDER_TEST + "codes_are_painted_where_they_are"),
    # The widget of class and style.
    Mutation(CLASS_JS, "+(i === c)", "+(i === 0)", CLASS_NUMBERS),
    Mutation(CLASS_JS, "[...z, ...classes.map((_, i) => +(i === c))]", "[...classes.map((_, i) => +(i === c)), ...z]",
             CLASS_NUMBERS),
    Mutation(CLASS_JS, "(column - x) * (y - row)", "(x - column) * (y - row)", CLASS_NUMBERS),
    Mutation(CLASS_JS, "total((_, y) => (y - row) ** 2)", "total((x) => (x - column) ** 2)", CLASS_NUMBERS),
    Mutation(CLASS_JS, "const upright = decode([0, 0])", "const upright = decode(model.get(\"z\"))", CLASS_NUMBERS),
    Mutation(CLASS_JS, "return { left: sides[0].count, right", "return { left: sides[1].count, right", CLASS_NUMBERS),
    Mutation(CLASS_JS, "Math.sqrt(average((z) => (z[i] - m) ** 2))", "average((z) => (z[i] - m) ** 2)",
             CLASS_TEST + "the_codes_of_the_chosen_class_are_summed_up"),
    Mutation(CLASS_JS, "codes.filter(([, label]) => label === chosen)", "codes",
             CLASS_TEST + "the_codes_of_the_chosen_class_stand_out"),
    Mutation(CLASS_JS, "const within = (z) => z.map((value) => clamp(value, [-extent, extent]))",
             "const within = (z) => z",
             CLASS_TEST + "arrow_keys_move_the_code_as_far_as_the_plane_and_home_goes_to_the_centre"),
    Mutation(CLASS_JS, 'kit.on("chosen", drawAll)', 'kit.on("chosen", draw)',
             CLASS_TEST + "the_codes_of_the_chosen_class_stand_out"),
    Mutation(CLASS_JS, "paint(hero, pictures[chosen], 1, theme)", "paint(hero, pictures[0], 1, theme)",
             CLASS_TEST + "classes_are_chosen_by_pointer_and_by_keys_and_shown_large"),
    Mutation(CLASS, "outputs == 64", "outputs >= 64",
             CLASS_TEST + "what_does_not_fit_is_refused"),
    Mutation(CLASS, "torch.cat([torch.tensor(z).expand(len(one_hot), 2), one_hot], dim=1)",
             "torch.cat([one_hot, torch.tensor(z).expand(len(one_hot), 2)], dim=1)", CLASS_NUMBERS),
    Mutation(CLASS, "chosen <= last", "chosen <= last + 1", CLASS_TEST + "later_changes_are_checked_too"),
    # Disentangle: the gap and its interval, each β's decoder, rows and colours of the sheet, the mark, dead latents.
    Mutation(DISENTANGLE_JS, "table[first][f] - table[second][f]", "table[first][f]",
             DISENTANGLE_TEST + "the_gap_is_vaelibs"),
    Mutation(DISENTANGLE_JS, "t * Math.sqrt(variance / values.length)", "t * Math.sqrt(variance)", LIVE_TEST),
    Mutation(DISENTANGLE_JS, "** 2)) / (values.length - 1);", "** 2)) / values.length;", LIVE_TEST),
    Mutation(DISENTANGLE_JS, "weights.byteOffset + b * size", "weights.byteOffset", LIVE_TEST),
    Mutation(DISENTANGLE_JS, "part(count * width + at * latents.length,", "part(count * width,", LIVE_TEST),
    Mutation(DISENTANGLE_JS, "(b * seeds.length + s) * latents.length + j",
             "(s * betas.length + b) * latents.length + j",
             DISENTANGLE_TEST + "strips_are_the_stored_pictures_in_the_colours_of_the_page"),
    Mutation(DISENTANGLE_JS, "channels === 1 ? paper[c]", "channels === 2 ? paper[c]",
             DISENTANGLE_TEST + "strips_are_the_stored_pictures_in_the_colours_of_the_page"),
    Mutation(DISENTANGLE_JS, "const step = Math.round(", "const step = Math.floor(",
             DISENTANGLE_TEST + "of_other_seeds_the_nearest_stored_picture_is_shown"),
    Mutation(DISENTANGLE_JS, "const isLive = now.seed === live;", "const isLive = true;",
             DISENTANGLE_TEST + "of_other_seeds_the_nearest_stored_picture_is_shown"),
    Mutation(DISENTANGLE_JS, "(wide / 2 + share * (width - wide)) / width", "share",
             DISENTANGLE_TEST + "a_strip_is_dragged_along_and_its_mark_follows"),
    Mutation(DISENTANGLE_JS, "const DEAD = 0.01;", "const DEAD = 0.001;",
             DISENTANGLE_TEST + "a_latent_of_no_rate_is_called_dead"),
    Mutation(DISENTANGLE_JS, '["first", "second"][ranks[f].indexOf(j)]', '["second", "first"][ranks[f].indexOf(j)]',
             DISENTANGLE_TEST + "the_table_marks_the_two_latents_of_each_gap"),
    Mutation(DISENTANGLE_JS, "Math.max(middle - half, 0), Math.min(middle + half, most)",
             "middle, Math.min(middle + half, most)",
             DISENTANGLE_TEST + "dots_and_intervals_stand_where_the_numbers_say"),
    Mutation(DISENTANGLE, "ppf(0.975,", "ppf(0.95,", LIVE_TEST),
    Mutation(DISENTANGLE, "np.sort(table, 2)[:, :, -2:]", "np.sort(table, 2)[:, :, :2]",
             DISENTANGLE_TEST + "the_still_tells_the_range_of_the_gap_over_seeds"),
    Mutation(DISENTANGLE, "[betas.index(self.beta) * seeds + self.seed]", "[betas.index(self.beta) + self.seed]",
             DISENTANGLE_TEST + "the_still_shows_the_strips_of_the_chosen_model"),
    Mutation(DISENTANGLE, "require(betas == list(models) and ", "require(",
             DISENTANGLE_TEST + "what_does_not_fit_is_refused"),
    Mutation(DISENTANGLE, "rates[-1, live_seed].argmax()", "rates[0, live_seed].argmin()",
             DISENTANGLE_TEST + "traits_go_both_ways"),
    # Disentanglement.
    # The normaliser: the best latent's entropy in place of the factor's, and none at all.
    Mutation(DISENTANGLEMENT, "/ [entropy(b.mean(0)) for b in classes]", "/ np.log(bins)",
             METRICS_TEST + "one_latent_for_each_factor_scores_one"),
    Mutation(DISENTANGLEMENT, "/ [entropy(b.mean(0)) for b in classes]",
             "/ information(codes, factors, bins, categorical).max(0)",
             METRICS_TEST + "the_gap_is_to_the_second_best_as_a_share_of_the_factors_entropy"),
    # The gap to the third.
    Mutation(DISENTANGLEMENT, "np.diff(np.sort(scores, axis=0)[-2:], axis=0)[0]",
             "np.diff(np.sort(scores, axis=0)[[-3, -1]], axis=0)[0]",
             METRICS_TEST + "the_gap_is_to_the_second_best_as_a_share_of_the_factors_entropy"),
    # The gap between factors in place of latents: the table transposed.
    Mutation(DISENTANGLEMENT, "np.diff(np.sort(scores, axis=0)[-2:], axis=0)[0]",
             "np.diff(np.sort(scores, axis=1)[:, -2:], axis=1)[:, 0]",
             METRICS_TEST + "information_agrees_with_scikit_learn"),
    # `reshape` where a transpose is meant: each "latent" is then a stretch of examples.
    Mutation(DISENTANGLEMENT, "enumerate(table.T)]", "enumerate(table.reshape(table.shape[::-1]))]",
             METRICS_TEST + "one_latent_for_each_factor_scores_one"),
    # Class limits one example too late, and classes of equal width in place of equal size.
    Mutation(DISENTANGLEMENT, "(np.arange(1, bins) * len(table) - 1) // bins]",
             "np.arange(1, bins) * len(table) // bins]",
             METRICS_TEST + "the_gap_is_to_the_second_best_as_a_share_of_the_factors_entropy"),
    Mutation(DISENTANGLEMENT, "np.sort(table, axis=0)[(np.arange(1, bins) * len(table) - 1) // bins].T",
             "np.linspace(table.min(0), table.max(0), bins + 1)[1:-1].T",
             METRICS_TEST + "only_the_ranks_and_not_the_order_of_latents_or_examples_matter"),
    # Classes cut like numbers.
    Mutation(DISENTANGLEMENT, "v if j in categorical else np.searchsorted", "np.searchsorted",
             METRICS_TEST + "classes_are_told_apart_by_name_however_rare"),
    # Disentanglement and completeness exchanged; rows of one weight; forests marked on what they were grown on.
    Mutation(DISENTANGLEMENT, "DCI(concentration(table), concentration(table.T)",
             "DCI(concentration(table.T), concentration(table)",
             METRICS_TEST + "two_latents_with_the_same_content_leave_no_gap"),
    Mutation(DISENTANGLEMENT, "    weights = table.sum(1)\n",
             "    table /= table.sum(1, keepdims=True)\n    weights = table.sum(1)\n",
             METRICS_TEST + "concentration_weights_each_row_by_its_importance"),
    Mutation(DISENTANGLEMENT, "base=table.shape[1])", "base=table.shape[0])",
             METRICS_TEST + "concentration_weights_each_row_by_its_importance"),
    Mutation(DISENTANGLEMENT, "forest.score(codes[~train], target[~train])",
             "forest.score(codes[train], target[train])",
             METRICS_TEST + "codes_that_know_nothing_score_about_zero"),
    # A correlation that is not squared, and an accuracy that a common class makes look good.
    Mutation(DISENTANGLEMENT, "factor)[0, 1] ** 2 if", "factor)[0, 1] if",
             METRICS_TEST + "sap_is_a_gap_of_squared_correlations"),
    Mutation(DISENTANGLEMENT, "adjusted=True", "adjusted=False",
             METRICS_TEST + "sap_of_a_class_is_the_balanced_accuracy_above_chance"),
    Mutation(DISENTANGLEMENT, " if np.ptp(code) > 0 else 0.0", "",
             METRICS_TEST + "codes_that_never_vary_score_zero_and_not_nan"),

    # Sprites.
    Mutation(SPRITES, "abs(-centres[:, None] - y)", "abs(centres[:, None] - y)",
             SPRITES_TEST + "a_sprite_stands_where_x_and_y_say_and_is_as_large_as_its_size_says"),
    Mutation(SPRITES, "2.0 ** ((1 - shape) / 2)", "2.0 ** ((shape - 1) / 2)",
             SPRITES_TEST + "the_shapes_are_wide_square_and_tall"),
    Mutation(SPRITES, "np.arange(SIDE) - (SIDE - 1) / 2", "np.arange(SIDE) - SIDE / 2",
             SPRITES_TEST + "a_sprite_stands_where_x_and_y_say_and_is_as_large_as_its_size_says"),
    Mutation(PANEL, "return self._cancelled.is_set()\n", "return False\n", CANCEL_TEST),
    Mutation(PANEL, "if history.stopped_early and self._cancelled.is_set():", "if False:", CANCEL_TEST),
    Mutation(PANEL, "checkpoint=place)", "checkpoint=None)", CANCEL_TEST),
    Mutation(PANEL, "{beta}-{latents}-{epochs}", "run", CANCEL_TEST),
    Mutation(PANEL, "        self._cancelled.clear()\n", "", CANCEL_TEST),
    Mutation(PANEL, "beta=beta, progress", "beta=1.0, progress", TAKES_OVER_TEST),
    Mutation(PANEL, "(*self.children[:-1], self.explorer)", "self.children", TAKES_OVER_TEST),
    Mutation(PANEL, "loss = distortion + beta * rate", "loss = distortion + rate", TAKES_OVER_TEST),
    Mutation(PANEL, "threading.Thread(target=contextvars.copy_context().run, args=work, daemon=True).start()",
             "contextvars.copy_context().run(*work)", KERNEL_TEST),
    Mutation(PANEL, "lambda _: self._train.disabled or self._begin()", "lambda _: self._begin()", KERNEL_TEST),
    Mutation(PANEL, "self._train.disabled, self._cancel.disabled = False, True",
             "self._train.disabled, self._cancel.disabled = False, False", CANCEL_TEST),
    Mutation(PANEL, "deepcopy(self._likelihood)", "self._likelihood",
             PANEL_TEST + "other_images_have_their_own_likelihood_fresh_for_each_model"),
    Mutation(PANEL, "{html.escape(words)}", "{words}", PANEL_TEST + "words_of_an_error_are_words_and_no_html"),
    Mutation(PANEL, '"text/plain": self._finished', '"text/plain": repr(self)',
             PANEL_TEST + "no_output_is_a_list_of_parts"),
    Mutation(PANEL, "except Exception as error:", "except KeyError as error:",
             PANEL_TEST + "what_fails_is_said_and_changes_nothing"),
    Mutation(PANEL, "if step % 50 == 0:", "if step % 5 == 0:", PANEL_TEST + "a_screen_hears_of_every_fiftieth_step"),
    Mutation(SLIDER_JS, "position:sticky", "position:relative",
             SLIDER_TEST + "on_a_phone_the_slider_stays_in_view_while_its_pictures_move"),
]
