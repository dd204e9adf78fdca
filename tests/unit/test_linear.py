"""The linear-Gaussian model: exact evidence and posterior against linear algebra done another way."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from vaelib import gaussian
from vaelib.linear import LinearVAE, linear_vae_optimum
from vaelib.training import fit

WEIGHT = torch.tensor([[1, 0], [1, 1], [0, 2]], dtype=torch.float64)
X = torch.tensor([[1, 2, 0.5]], dtype=torch.float64)


def random_model(seed: int = 0, data_dim: int = 5, latent_dim: int = 3) -> tuple[LinearVAE, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    weight, bias, x = (
        torch.randn(*shape, generator=generator, dtype=torch.float64)
        for shape in [(data_dim, latent_dim), (data_dim,), (7, data_dim)]
    )
    return LinearVAE.of(weight, bias, sigma=0.6), x


def lam_data() -> torch.Tensor:
    """400 examples whose covariance has exactly the eigenvalues 4, 2, 1, 1/2, 1/4."""
    noise = np.random.default_rng(0).standard_normal((400, 5))
    white = np.linalg.qr(noise - noise.mean(0))[0] * math.sqrt(400)
    return torch.tensor(white * np.sqrt([4, 2, 1, 0.5, 0.25]), dtype=torch.float32)


def test_evidence_and_posterior_of_the_worked_example():
    model = LinearVAE.of(WEIGHT, sigma=math.sqrt(0.5))
    posterior = model.posterior_distribution(X)
    assert model.log_evidence(X).item() == pytest.approx(-4.697713527, abs=1e-8)
    assert posterior.mean[0].tolist() == pytest.approx([1.058823529, 0.3529411765], abs=1e-8)
    first_row = posterior.covariance_matrix[0, 0].tolist()
    assert first_row == pytest.approx([0.2156862745, -0.03921568627], abs=1e-8)


def test_one_latent_worked_example():
    weight, x = torch.tensor([[[2.0]], [[1.5]]], dtype=torch.float64)
    model = LinearVAE.of(weight)
    assert model.log_evidence(x).item() == pytest.approx(-1.948657489, abs=1e-9)
    assert model.posterior(x).mean.item() == pytest.approx(0.6, abs=1e-12)
    assert model.posterior(x).log_var.exp().item() == pytest.approx(0.2, abs=1e-12)
    assert model.covariance.item() == pytest.approx(5, abs=1e-12)


def test_evidence_agrees_with_scipy():
    model, x = random_model()
    covariance = model.weight.detach().numpy() @ model.weight.detach().numpy().T + 0.36 * np.eye(5)
    reference = stats.multivariate_normal.logpdf(x.numpy(), model.bias.detach().numpy(), covariance)
    torch.testing.assert_close(model.log_evidence(x).detach(), torch.from_numpy(reference))


def test_bayes_rule_holds_at_any_code_even_with_fifty_latents():
    model, x = random_model(1, data_dim=60, latent_dim=50)
    z = torch.randn(7, 50, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    log_joint = model.likelihood.log_prob(x, model.decode(z)) + gaussian.standard_log_prob(z)
    evidence = log_joint - model.posterior_distribution(x).log_prob(z)
    torch.testing.assert_close(evidence, model.log_evidence(x), rtol=0, atol=1e-8)


def test_the_best_encoder_is_exact_when_the_columns_are_orthogonal():
    other, x = random_model()
    orthogonal = torch.linalg.qr(other.weight.detach())[0]
    model = LinearVAE.of(2 * orthogonal, bias=torch.ones(5, dtype=torch.float64), sigma=0.6)
    exact, mine = model.posterior_distribution(x), model.posterior(x)
    torch.testing.assert_close(mine.mean, exact.mean)
    torch.testing.assert_close(torch.diag_embed(mine.log_var.exp()), exact.covariance_matrix)


def test_the_best_encoder_leaves_the_gap_of_the_diagonal_family():
    # W^T W = [[1, .8], [.8, 1]], sigma^2 = 1/2.
    model = LinearVAE.of(torch.tensor([[1, 0.8], [0, 0.6]], dtype=torch.float64), sigma=math.sqrt(0.5))
    x = torch.tensor([[0.3, -1.2]], dtype=torch.float64)
    exact, mine = model.posterior_distribution(x), model.posterior(x)
    diagonal = torch.distributions.MultivariateNormal(mine.mean, torch.diag_embed(mine.log_var.exp()))
    assert torch.distributions.kl_divergence(diagonal, exact).item() == pytest.approx(0.1673480186, abs=1e-9)


def test_training_finds_the_closed_form_optimum_and_collapses_what_the_noise_drowns():
    x, model = lam_data(), LinearVAE(5, 5, sigma=1.0)
    fit(model, x, steps=700, batch_size=400, learning_rate=2e-2, progress=False)
    rates = gaussian.kl_per_dimension(*model.posterior(x)).mean(0)
    active = rates > 0.1
    assert active.sum() == 2
    assert model.log_evidence(x).mean().item() == pytest.approx(-7.509413437, abs=5e-3)
    assert sorted(rates[active].tolist()) == pytest.approx([0.5 * math.log(2), 0.5 * math.log(4)], abs=0.03)
    # Active columns grow to w^2 = lambda - sigma^2, the others to 0.
    assert sorted(model.weight.square().sum(0).tolist()) == pytest.approx([0, 0, 0, 1, 3], abs=0.1)


LAM = (4, 2, 1, 0.5, 0.25)


@pytest.mark.parametrize("beta, sigma2, latents, active, known", [
    (0.3, 1, 5, 4, {"rate": 3.101092789, "sse": 1.45, "distortion": 5.319692666, "objective": 6.250020503}),
    (1, 1, 5, 2, {"rate": 1.039720771, "sse": 3.75, "distortion": 6.469692666, "objective": 7.509413437}),
    (2.5, 1, 5, 1, {"rate": 0.2350018146, "sse": 6.25, "objective": 8.307197203}),
    (2, None, 2, 1, {"sigma2": 1.25, "objective": 8.122555174}),
    (1, None, 2, 2, {"sigma2": 0.5833333333, "objective": 7.325918686}),
    (1, 1, 1, 1, {"rate": 0.5 * math.log(4), "sse": 4.75}),
])
def test_the_optimum_of_the_worked_example(beta, sigma2, latents, active, known):
    found = linear_vae_optimum([1, 4, 0.25, 2, 0.5], beta, sigma2, latents)
    assert (found.rate > 0).sum() == active and not found.weight2[active:].any()
    totals = {name: np.sum(np.asarray(getattr(found, name))) for name in known}
    assert totals == pytest.approx(known, abs=1e-8)


def test_the_optimum_s_parts_fit_together():
    """An active unit's codes have variance 1 over the data: gain^2 lambda + variance."""
    found, values = linear_vae_optimum(LAM, beta=0.5, sigma2=1.2), torch.tensor(LAM, dtype=torch.float64)
    assert found.weight2[:3].tolist() == pytest.approx([3.4, 1.4, 0.4])
    aggregate = found.gain**2 * values + found.variance
    torch.testing.assert_close(aggregate, torch.ones(5, dtype=torch.float64))
    torch.testing.assert_close(found.rate, -0.5 * found.variance.log())
    error = values * (1 - found.weight2.sqrt() * found.gain) ** 2 + found.weight2 * found.variance
    torch.testing.assert_close(found.sse, error)


@pytest.mark.parametrize("beta, latents", [(0.3, 3), (1, 4), (1.5, 5), (2, 2), (2.4, 4), (7, 3)])
def test_learned_noise_is_the_best_noise(beta, latents):
    """Against a fine search over fixed noise, whose slope changes its sign only once."""
    found = linear_vae_optimum(LAM, beta, latent_dim=latents)
    grid = found.sigma2 * np.geomspace(0.05, 20, 801)
    objectives = np.array([linear_vae_optimum(LAM, beta, s, latents).objective for s in grid])
    assert objectives.argmin() == 400 and objectives[400] == pytest.approx(found.objective, abs=1e-9)
    assert (np.diff(objectives[:401]) <= 1e-12).all() and (np.diff(objectives[400:]) >= -1e-12).all()
    assert 5 * found.sigma2 == pytest.approx(found.sse.sum().item())


@pytest.mark.parametrize("beta, latents, learned", [(0.3, 5, False), (1, 3, False), (2.5, 5, False), (2, 2, True)])
@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_reach_the_closed_form_optimum(beta, latents, learned, seed):
    """L-BFGS on the exact expectation of the loss; latents come in any order and with any sign."""
    x, best = lam_data().double(), linear_vae_optimum(LAM, beta, None if learned else 1.0, latents)
    model = LinearVAE(5, latents, learned_sigma=learned, seed=seed).double()
    optimiser = torch.optim.LBFGS(model.parameters(), max_iter=2000, line_search_fn="strong_wolfe",
                                  tolerance_change=1e-13, tolerance_grad=1e-9)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        mean, log_var = model.posterior(x)
        spread = (log_var.exp() @ model.weight.square().T).sum(1)
        sigma2 = model.likelihood.sigma**2
        error = (x - model.decode(mean)).square().sum(1) + spread
        distortion = 0.5 * (5 * torch.log(2 * math.pi * sigma2) + error / sigma2)
        total = (distortion + beta * gaussian.kl_to_standard_normal(mean, log_var)).mean()
        total.backward()
        return total

    optimiser.step(loss)
    assert loss().item() == pytest.approx(best.objective, abs=1e-5)
    with torch.no_grad():
        mean, log_var = model.posterior(x)
        rates = gaussian.kl_per_dimension(mean, log_var).mean(0)
        order = rates.argsort(descending=True)
        assert model.likelihood.sigma.item() ** 2 == pytest.approx(best.sigma2, abs=1e-3)
        assert rates[order].tolist() == pytest.approx(best.rate[:latents].tolist(), abs=1e-3)
        variance = log_var[0, order].exp().tolist()
        assert variance == pytest.approx(best.variance[:latents].tolist(), abs=1e-3)
        assert (rates > 0.01).sum() == (best.rate > 0).sum(), "collapse is where theory says"
        codes = mean[:, order] * (mean[:, order] * x[:, :latents]).sum(0).sign()
        torch.testing.assert_close(codes, best.gain[:latents] * x[:, :latents], rtol=0, atol=1e-2)
        # The likelihood of the model itself, which the objective is only at beta = 1.
        ideal = torch.diag(torch.cat([best.weight2[:latents], torch.zeros(5 - latents)]).sqrt())
        exact = LinearVAE.of(ideal.double(), sigma=best.sigma2**0.5)
        evidence = model.log_evidence(x).mean().item()
        assert evidence == pytest.approx(exact.log_evidence(x).mean().item(), abs=0.01)


def test_it_starts_from_its_seed_and_may_learn_sigma():
    one, same = LinearVAE(5, 2, seed=3), LinearVAE(5, 2, seed=3)
    assert torch.equal(one.weight, same.weight)
    assert "likelihood.log_sigma" in dict(LinearVAE(5, 2, learned_sigma=True).named_parameters())
    assert "likelihood.log_sigma" not in dict(one.named_parameters())


@pytest.mark.parametrize("make, message", [
    (lambda: LinearVAE(0, 2), "data_dim was 0"),
    (lambda: LinearVAE(5, 0), "latent_dim was 0"),
    (lambda: LinearVAE(5, 2, sigma=0), "sigma was 0"),
    (lambda: LinearVAE.of(torch.ones(3)), r"weight was of shape \(3,\)"),
    (lambda: LinearVAE.of(torch.full((3, 2), math.nan)), "weight was partly NaN"),
    (lambda: LinearVAE.of(torch.ones(3, 2), torch.full((3,), math.nan)), "bias was partly NaN"),
    (lambda: LinearVAE.of(torch.ones(3, 2), torch.ones(2)), r"bias was of shape \(2,\); expected \(3,\)"),
    (lambda: LinearVAE.of(WEIGHT).log_evidence(torch.ones(2, 4, dtype=torch.float64)), "x was of shape"),
    (lambda: LinearVAE.of(WEIGHT).posterior_distribution(X.float()), "x was of torch.float32"),
    (lambda: linear_vae_optimum([4, -1]), r"eigenvalues was \[4, -1\]"),
    (lambda: linear_vae_optimum([[4]]), "eigenvalues was"),
    (lambda: linear_vae_optimum(LAM, beta=0), "beta was 0"),
    (lambda: linear_vae_optimum(LAM, sigma2=0), "sigma2 was 0"),
    (lambda: linear_vae_optimum(LAM, latent_dim=6), "latent_dim was 6; expected at most 5"),
    (lambda: linear_vae_optimum(LAM, beta=0.9), "latent_dim was 5; expected fewer"),
])
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
