"""Rate, distortion, ELBO and importance weighting against closed forms and quadrature."""

import math

import pytest
import torch

from vaelib import gaussian, objectives
from vaelib.likelihoods import Binomial, Gaussian
from vaelib.linear import LinearVAE
from vaelib.models import Posterior, mlp_autoencoder, mlp_vae

LOG_EVIDENCE, ELBO, RATE, DISTORTION = -1.948657489, -2.020924935, 0.3769864022, 1.643938533


def toy() -> LinearVAE:
    """z ~ N(0, 1), x | z ~ N(2 z, 1), with q = N(0.5, var 0.3) in place of the posterior N(0.6, var 0.2)."""
    model = LinearVAE.of(torch.tensor([[2.0]], dtype=torch.float64))
    with torch.no_grad():
        model.encoder[0].mean.weight.zero_()
        model.encoder[0].mean.bias.fill_(0.5)
        model.encoder[0].log_var.fill_(math.log(0.3))
    return model


def observed(n: int) -> torch.Tensor:
    return torch.full((n, 1), 1.5, dtype=torch.float64)


def importance_bound(n_samples: int, n: int) -> float:
    """L_K of the toy, averaged over n independent estimates."""
    generator = torch.Generator().manual_seed(n_samples)
    estimates = objectives.log_evidence_importance(toy(), observed(n), n_samples, generator, chunk=400_000)
    return estimates.mean().item()


def test_rate_is_the_closed_form():
    posterior = Posterior(torch.tensor([[0.5]]), torch.tensor([[0.3]]).log())
    assert objectives.rate(posterior).item() == pytest.approx(RATE, abs=1e-6)
    assert objectives.rate(toy().posterior(observed(3))).tolist() == pytest.approx([RATE] * 3, abs=1e-9)


def test_the_likelihood_of_every_code_of_the_worked_example():
    model, z = toy(), torch.tensor([[[0.5]], [[1.0]]], dtype=torch.float64)
    expected = [-0.5 * math.log(2 * math.pi) - 0.5 * 0.25] * 2
    found = model.likelihood.log_prob(observed(1), model.decode(z))
    assert found.flatten().tolist() == pytest.approx(expected, abs=1e-12)


def test_distortion_sums_over_pixels():
    weight, x = torch.ones(3, 1), torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    one, two = LinearVAE.of(weight), LinearVAE.of(weight.repeat(2, 1))
    with torch.no_grad():  # the same codes for both
        for model in (one, two):
            model.encoder[0].mean.weight.zero_()
            model.encoder[0].log_var.zero_()
    once = one.terms(x, torch.Generator().manual_seed(1)).distortion
    twice = two.terms(x.repeat(1, 2), torch.Generator().manual_seed(1)).distortion
    torch.testing.assert_close(twice, 2 * once)


def test_elbo_of_the_worked_example():
    model, x = toy(), observed(2)
    value = objectives.elbo(model, x, n_samples=400_000, generator=torch.Generator().manual_seed(0))
    assert value.tolist() == pytest.approx([ELBO] * 2, abs=6e-3)
    terms = model.terms(observed(400_000), torch.Generator().manual_seed(1))
    assert terms.distortion.mean().item() == pytest.approx(DISTORTION, abs=6e-3)
    assert terms.elbo.mean().item() == pytest.approx(ELBO, abs=6e-3)


@pytest.mark.parametrize("seed", range(5))
def test_elbo_plus_gap_is_the_evidence_whatever_q(seed):
    model, x = toy(), observed(1)
    mean, log_var = torch.randn(2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    with torch.no_grad():
        model.encoder[0].mean.bias.fill_(mean)
        model.encoder[0].log_var.fill_(log_var)
    exact = model.posterior_distribution(x)
    q = model.posterior(x)
    gap = gaussian.kl_diagonal(*q, exact.mean, exact.variance.log()).item()
    elbo = objectives.elbo(model, x, 200_000, torch.Generator().manual_seed(seed)).item()
    assert gap > 0 and elbo <= LOG_EVIDENCE
    assert elbo + gap == pytest.approx(LOG_EVIDENCE, abs=0.01 * (1 + log_var.exp().item() ** 2))


@pytest.mark.parametrize("n_samples, chunk", [(1, 4096), (7, 4096), (7, 3), (10, 20)])
def test_importance_weighting_is_exact_with_the_exact_posterior(n_samples, chunk):
    generator = torch.Generator().manual_seed(0)
    weight = 2 * torch.linalg.qr(torch.randn(6, 3, generator=generator, dtype=torch.float64))[0]
    model, x = LinearVAE.of(weight, sigma=0.5), torch.randn(5, 6, generator=generator, dtype=torch.float64)
    estimate = objectives.log_evidence_importance(model, x, n_samples, generator, chunk)
    torch.testing.assert_close(estimate, model.log_evidence(x).detach(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("n_samples, value", [(1, ELBO), (2, -1.975690519), (3, -1.96529162)])
def test_importance_bounds_of_the_worked_example(n_samples, value):
    assert importance_bound(n_samples, 200_000) == pytest.approx(value, abs=4e-3)


def test_importance_bounds_never_fall_and_tend_to_the_evidence():
    bounds = [importance_bound(k, n) for k, n in [(1, 200_000), (2, 200_000), (8, 100_000), (64, 20_000)]]
    assert bounds == sorted(bounds)
    assert bounds[-1] < LOG_EVIDENCE + 1e-3
    assert bounds[-1] == pytest.approx(LOG_EVIDENCE - 0.04375545593 / 64, abs=2e-3)


def test_importance_weights_average_to_the_evidence():
    log_weights = objectives.log_weights(toy(), observed(1), 400_000, torch.Generator().manual_seed(0))
    assert log_weights.shape == (400_000, 1)
    assert log_weights.exp().mean().item() == pytest.approx(math.exp(LOG_EVIDENCE), rel=3e-3)
    relative = (log_weights.exp() / math.exp(LOG_EVIDENCE)).var().item()
    assert relative == pytest.approx(0.08751091186, rel=0.03)


def test_the_estimate_agrees_with_quadrature_for_a_nonlinear_decoder():
    vae = mlp_vae((6,), 1, Binomial(4), hidden=(16,)).double()
    x = torch.tensor([[0, 1, 2, 3, 4, 0], [4, 4, 4, 0, 0, 1]], dtype=torch.float64)
    grid = torch.linspace(-9, 9, 20_001, dtype=torch.float64)[:, None, None]
    log_joint = vae.likelihood.log_prob(x, vae.decode(grid.expand(-1, 2, -1)))
    log_joint = log_joint + torch.distributions.Normal(0, 1).log_prob(grid[..., 0])
    exact = torch.logsumexp(log_joint, 0) + math.log(18 / 20_000)
    estimate = objectives.log_evidence_importance(vae, x, 100_000, torch.Generator().manual_seed(0))
    torch.testing.assert_close(estimate, exact.detach(), rtol=0, atol=1e-2)


def test_no_more_than_a_chunk_is_decoded_at_a_time():
    vae, rows = mlp_vae((6,), 2, Gaussian()), []
    vae.decoder.register_forward_hook(lambda _module, inputs, _output: rows.append(len(inputs[0])))
    estimate = objectives.log_evidence_importance(vae, torch.zeros(25, 6), 11, chunk=10)
    assert estimate.shape == (25,)
    assert max(rows) <= 10 and sum(rows) == 25 * 11


def test_gradients_flow_through_weights_and_terms_but_not_through_the_evaluation():
    vae, x = mlp_vae((6,), 2, Gaussian()), torch.zeros(3, 6)
    assert objectives.log_weights(vae, x, 2).requires_grad
    assert vae.terms(x).loss(0.5).requires_grad
    assert not objectives.log_evidence_importance(vae, x, 2).requires_grad


@pytest.mark.parametrize("call, message", [
    (lambda vae, x: objectives.elbo(vae, x, n_samples=0), "n_samples was 0"),
    (lambda vae, x: objectives.log_evidence_importance(vae, x, 0), "n_samples was 0"),
    (lambda vae, x: objectives.log_evidence_importance(vae, x, 5, chunk=0), "chunk was 0"),
    (lambda vae, x: objectives.log_evidence_importance(vae, x[:0], 5), "x was empty"),
    (lambda vae, x: objectives.elbo(vae, x * math.nan), "x was partly NaN"),
    (lambda vae, x: objectives.log_weights(vae, x[:, :5], 2), "x was of shape"),
    (lambda vae, x: vae.terms(x).loss(-1), "beta was -1"),
])
def test_bad_arguments_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call(mlp_vae((6,), 2, Gaussian()), torch.zeros(3, 6))


@pytest.mark.parametrize("name", ["elbo", "log_weights", "log_evidence_importance"])
def test_a_model_without_a_posterior_is_refused(name):
    with pytest.raises(ValueError, match="vae was of type Autoencoder; expected a VAE"):
        getattr(objectives, name)(mlp_autoencoder((6,), 2, Gaussian()), torch.zeros(3, 6), 2)
