"""The health report: right about a healthy model, a collapsed one, and one with closed forms."""

import math
from dataclasses import replace

import matplotlib
import pytest
import torch

from vaelib import evaluation, gaussian, health, objectives, plots
from vaelib.datasets import digits
from vaelib.health import Health, health_report
from vaelib.likelihoods import Bernoulli, Binomial
from vaelib.linear import LinearVAE
from vaelib.models import VAE, mlp_autoencoder, mlp_vae
from vaelib.training import fit

matplotlib.use("Agg")
IMAGES = digits("binary")[0]
TRAIN, TEST = IMAGES[:1500], IMAGES[1500:]
RECONSTRUCTS, NEAR, TIGHT, MATCHES, IN_USE, INFORMS = (
    "Does it reconstruct?", "Are the codes near the prior?", "Is the bound tight?", "Does ln p(x) match?",
    "Are latents in use?", "Do codes tell examples apart?",
)


def trained(beta: float, steps: int) -> VAE:
    vae = mlp_vae((1, 8, 8), 3, Bernoulli(), hidden=(128,))
    fit(vae, TRAIN, steps=steps, beta=beta, progress=False)
    return vae


@pytest.fixture(scope="module")
def vae() -> VAE:
    return trained(beta=1.0, steps=600)


@pytest.fixture(scope="module")
def report(vae) -> Health:
    return health_report(vae, TEST)


@pytest.fixture(scope="module")
def collapsed() -> Health:
    return health_report(trained(beta=64.0, steps=300), TEST)


def linear(n: int = 4000) -> tuple[LinearVAE, torch.Tensor]:
    """x = 2 z + noise in one dimension, with the exact posterior, and n examples of the model's own."""
    noise = torch.randn(2, n, 1, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return LinearVAE.of(torch.tensor([[2.0]], dtype=torch.float64)), 2 * noise[0] + noise[1]


def answers(report: Health) -> dict[str, bool]:
    return {question: good for question, (good, _) in report.verdicts.items()}


def test_a_trained_model_is_healthy(report):
    assert answers(report) == dict.fromkeys((RECONSTRUCTS, NEAR, TIGHT, MATCHES, IN_USE, INFORMS), True)
    assert report.healthy and not report.collapsed
    assert str(report).endswith("Verdict: healthy.")


def test_a_model_that_a_large_beta_emptied_is_called_collapsed(collapsed):
    assert [question for question, good in answers(collapsed).items() if not good] == [
        RECONSTRUCTS, IN_USE, INFORMS
    ]
    assert collapsed.collapsed and not collapsed.healthy
    assert str(collapsed).endswith("Verdict: collapsed.")
    assert collapsed.swapped_distortion == pytest.approx(collapsed.distortion, abs=0.2)


def test_the_numbers_are_those_of_the_objectives(vae, report):
    generator = torch.Generator().manual_seed(1)
    elbo = objectives.elbo(vae, TEST, 100, generator).mean().item()
    evidence = objectives.log_evidence_importance(vae, TEST, 100, generator).mean().item()
    assert report.elbo == pytest.approx(elbo, abs=0.1)
    assert report.log_evidence == pytest.approx(evidence, abs=0.1)
    assert report.log_evidences.mean().item() == pytest.approx(report.log_evidence, rel=1e-5)
    assert report.gap == report.log_evidence - report.elbo > 0
    rates = gaussian.kl_per_dimension(*vae.posterior(TEST)).mean(0)
    assert report.rates == pytest.approx(rates.tolist())
    assert report.rate == pytest.approx(rates.sum().item())
    assert report.distortion + report.rate == pytest.approx(-report.elbo)
    assert report.active == evaluation.active_units(vae, TEST).tolist()
    assert report.error == pytest.approx((TEST - vae.reconstruct(TEST)).square().mean().sqrt().item())


def test_counts_are_judged_on_the_scale_from_0_to_1():
    vae, counts = mlp_vae((1, 8, 8), 2, Binomial(16), hidden=(8,)), digits("counts")[0][:20]
    report = health_report(vae, counts, n_samples=2)
    error = (counts - vae.reconstruct(counts)).square().mean().sqrt().item() / 16
    assert report.error == pytest.approx(error, rel=1e-5)
    assert torch.equal(report.pictures[:8], counts[:8] / 16)
    assert report.pictures.shape == (24, 1, 8, 8) and report.pictures.max() <= 1


def test_an_exact_linear_model_has_its_closed_forms():
    model, x = linear()
    report = health_report(model, x, n_samples=2)
    # The exact posterior leaves no gap, and every weight is p(x) itself.
    assert report.gap == pytest.approx(0, abs=1e-9)
    torch.testing.assert_close(report.log_evidences, model.log_evidence(x))
    # Own code: the noise of variance 1. Another's: x and 2 z independent, of variances 5 and 4.
    constant = 0.5 * math.log(2 * math.pi)
    assert report.distortion == pytest.approx(constant + 0.5, abs=0.1)
    assert report.swapped_distortion == pytest.approx(constant + 4.5, abs=0.3)
    # The model's own samples have the entropy of N(0, 5).
    entropy = constant + 0.5 + 0.5 * math.log(5)
    assert report.own_log_evidences.mean().item() == pytest.approx(-entropy, abs=0.05)
    assert report.own_log_evidences.std().item() == pytest.approx(math.sqrt(0.5), abs=0.05)
    # q(z) is the prior.
    normal = torch.exp(gaussian.standard_log_prob(health.GRID[:, None])).double()
    assert (report.aggregate[:, 0] - normal).abs().max() < 0.03
    assert all(answers(report).values()) and report.pictures is None


def test_data_of_another_spread_do_not_match_in_either_direction():
    model = LinearVAE.of(torch.full((9, 1), 0.5))
    z = torch.randn(400, 1, generator=torch.Generator().manual_seed(3))
    x = 0.5 * z + torch.randn(400, 9, generator=torch.Generator().manual_seed(4))
    reports = [health_report(model, spread * x, n_samples=2) for spread in (0.2, 1, 2)]
    assert [answers(report)[MATCHES] for report in reports] == [False, True, False]
    sentences = [report.verdicts[MATCHES][1] for report in reports]
    assert "+" in sentences[0] and "-" in sentences[2]


@pytest.mark.parametrize("question, well, badly", [
    (RECONSTRUCTS, {"distortion": 20.0, "swapped_distortion": 23.1}, {"swapped_distortion": 22.9}),
    (NEAR, {"rate": 3.0, "information": 2.0, "marginal_kl": 0.9}, {"marginal_kl": 1.1}),
    (NEAR, {"rate": 0.0, "information": 0.0, "marginal_kl": 0.3}, {"marginal_kl": 0.4}),
    (TIGHT, {"rate": 3.0, "elbo": -21.4, "log_evidence": -20.0}, {"elbo": -21.6}),
    (TIGHT, {"rate": 0.1, "elbo": -20.4, "log_evidence": -20.0}, {"elbo": -20.6}),
    (IN_USE, {"active": [False, True, False]}, {"active": [False] * 3}),
    (INFORMS, {"information": 0.7}, {"information": 0.69}),
])
def test_each_question_turns_at_its_threshold(report, question, well, badly):
    good = replace(report, **well)
    assert answers(good)[question] and not answers(replace(good, **badly))[question]


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_match_turns_at_one_standard_deviation_of_the_models_own_samples(report, sign):
    own = report.own_log_evidences
    at = lambda distance: replace(report, log_evidence=(own.mean() + sign * distance * own.std()).item())
    assert answers(at(0.99))[MATCHES] and not answers(at(1.01))[MATCHES]


def test_information_at_its_ceiling_leaves_the_codes_to_be_judged_one_by_one(report):
    full = replace(report, rate=30.0, information=report.ceiling - 0.5, marginal_kl=25.0, dimension_wise=1.0)
    assert answers(full)[NEAR] and "Latent by latent, they miss it by 1.00" in full.verdicts[NEAR][1]
    assert not answers(replace(full, dimension_wise=11.0))[NEAR]
    less = replace(full, information=report.ceiling - 1.5)
    assert not answers(less)[NEAR] and "All together, they miss it by 25.00" in less.verdicts[NEAR][1]


def test_the_table_gives_nats_and_bits_and_fits_a_page(report):
    full = replace(report, elbo=-20.0, rates=[0.5] * 40, active=[True] * 39 + [False])
    lines = str(full).splitlines()
    assert lines[1].split() == ["ELBO", "-20.00", "-28.85"]
    assert "means over 297 examples" in lines[0] and "(at most 5.69)" in str(full)
    assert str(full).count("(0.50)") == 1
    assert max(map(len, lines)) <= 80
    assert "-0.00" not in str(replace(full, marginal_kl=-1e-9))
    failing = replace(report, information=0.1)
    assert f"NO   {INFORMS}" in str(failing) and f"yes  {TIGHT}" in str(failing)
    assert str(failing).endswith("Verdict: not healthy.")


@pytest.fixture
def figures(monkeypatch) -> list:
    shown = []
    monkeypatch.setattr(plots, "show", lambda figure, alt: shown.append((figure, alt)))
    return shown


def test_the_figure_has_bars_densities_histograms_and_pictures(report, figures):
    replace(report, active=[True, False, True]).show()
    figure, alt = figures[0]
    bars, densities, histogram, pictures = figure.axes
    assert [bar.get_height() for bar in bars.patches] == pytest.approx(report.rates)
    colours = [bar.get_facecolor() for bar in bars.patches]
    assert colours[0] == colours[2] != colours[1]
    assert [line.get_ydata().max() for line in densities.lines] == pytest.approx(
        [*report.aggregate.max(0).values.tolist(), 1 / math.sqrt(2 * math.pi)]
    )
    assert [text.get_text() for text in histogram.get_legend().get_texts()] == ["own samples", "data"]
    # Three rows of eight pictures, with one pixel between them.
    assert pictures.images[0].get_array().shape == (26, 71)
    assert "2 of 3 latents are in use" in alt and "Three rows of pictures" in alt
    assert f"{report.log_evidence:.1f} for the data" in alt


def test_data_that_are_no_images_get_no_panel_of_pictures(figures):
    health_report(*linear(50), n_samples=2).show()
    figure, alt = figures[0]
    assert len(figure.axes) == 3 and "pictures" not in alt


def test_the_bars_of_a_collapsed_model_look_empty(collapsed, figures):
    collapsed.show()
    assert figures[0][0].axes[0].get_ylim() == (0, health.LEAST)


def test_a_report_repeats_with_its_seed_and_leaves_the_global_state_alone(vae):
    before = torch.get_rng_state()
    one, same, other = (health_report(vae, TEST[:20], n_samples=3, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert str(one) == str(same) != str(other)
    assert torch.equal(one.pictures, same.pictures)
    assert not one.log_evidences.requires_grad and not one.aggregate.requires_grad


def test_a_code_is_never_swapped_with_itself():
    # Two examples: each must get the other's code, whatever the order of the draw.
    model, x = LinearVAE.of(torch.tensor([[10.0]])), torch.tensor([[-50.0], [50.0]])
    for seed in range(8):
        assert health_report(model, x, n_samples=2, seed=seed).swapped_distortion > 4000


@pytest.mark.parametrize("options, message", [
    ({"n_samples": 1}, "n_samples was 1; expected a whole number >= 2"),
    ({"n_samples": 2.5}, "n_samples was 2.5"),
    ({"seed": -1}, "seed was -1"),
    ({"x": TEST[:1]}, "x was one example"),
    ({"x": TEST[:, 0]}, "x was of shape"),
    ({"x": TEST[:3] / 2}, "x was not binary"),
    ({"vae": mlp_autoencoder((1, 8, 8), 2, Bernoulli())}, "vae was of type Autoencoder"),
])
def test_bad_arguments_are_refused_by_name(vae, options, message):
    arguments = {"vae": vae, "x": TEST[:5], "n_samples": 2} | options
    with pytest.raises(ValueError, match=message):
        health_report(**arguments)
