"""Likelihoods against scipy, torch.distributions, quadrature and numbers worked out by hand."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from vaelib.likelihoods import Bernoulli, Binomial, ContinuousBernoulli, Gaussian, likelihood_named

LOGITS = [-30.0, -3.0, -0.21, -0.19, -1e-4, 0.0, 1e-4, 0.19, 0.21, 3.0, 30.0]
FAMILIES = [Bernoulli(), Bernoulli(grey=True), ContinuousBernoulli(), Binomial(16), Gaussian(0.5)]


def row(*values: float) -> torch.Tensor:
    return torch.tensor([values], dtype=torch.float64)


def log_prob_at(likelihood, x: float, output: float) -> float:
    return likelihood.log_prob(row(x), row(output)).item()


def data_for(likelihood, shape=(4, 1, 3, 3)) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    if isinstance(likelihood, Binomial):
        return torch.randint(0, likelihood.total + 1, shape, generator=generator).float()
    return torch.randint(0, 2, shape, generator=generator).float()


def test_bernoulli_is_minus_binary_cross_entropy_summed():
    assert -log_prob_at(Bernoulli(), 1.0, 2.0) == pytest.approx(math.log1p(math.exp(-2)), abs=1e-12)
    x = row(1, 0, 1)
    for logits, value in [(row(2, -1, 0.5), -0.9142666827), (torch.logit(row(0.9, 0.2, 0.6)), -0.8393296907)]:
        assert Bernoulli().log_prob(x, logits).item() == pytest.approx(value, abs=1e-9)


def test_bernoulli_agrees_with_torch_and_survives_extreme_logits():
    x, logits = data_for(Bernoulli()), 3 * torch.randn(4, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    reference = torch.distributions.Bernoulli(logits=logits).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(Bernoulli().log_prob(x, logits), reference)
    assert log_prob_at(Bernoulli(), 1.0, 1000.0) == 0.0
    assert log_prob_at(Bernoulli(), 0.0, 1000.0) == -1000.0


def test_bernoulli_on_grey_values_does_not_integrate_to_one():
    logit = math.log(9)  # pi = 0.9
    total, _ = integrate.quad(lambda x: math.exp(log_prob_at(Bernoulli(grey=True), x, logit)), 0, 1)
    assert total == pytest.approx(0.3640956907, abs=1e-9)


def test_bernoulli_refuses_grey_values_unless_asked_by_name():
    grey = torch.full((2, 1, 3, 3), 0.5)
    with pytest.raises(ValueError, match=r"x was not binary.*ContinuousBernoulli"):
        Bernoulli().check(grey)
    Bernoulli(grey=True).check(grey)
    assert "not normalised" in Bernoulli(grey=True).describe()


@pytest.mark.parametrize("logit", LOGITS)
def test_continuous_bernoulli_integrates_to_one_and_has_its_mean(logit):
    family = ContinuousBernoulli()
    density = lambda x: math.exp(log_prob_at(family, x, logit))
    total, _ = integrate.quad(density, 0, 1, epsabs=1e-12)
    mean, _ = integrate.quad(lambda x: x * density(x), 0, 1, epsabs=1e-12)
    assert total == pytest.approx(1, abs=1e-9)
    assert family.mean(row(logit)).item() == pytest.approx(mean, abs=1e-9)


def test_continuous_bernoulli_agrees_with_torch_and_its_mean_is_not_pi():
    family, x = ContinuousBernoulli(), torch.rand(50, 4, generator=torch.Generator().manual_seed(0))
    logits = 4 * torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    reference = torch.distributions.ContinuousBernoulli(logits=logits).log_prob(x).sum(-1)
    torch.testing.assert_close(family.log_prob(x, logits), reference, rtol=1e-4, atol=1e-3)
    assert abs(family.mean(row(math.log(9))).item() - 0.9) > 0.15


@pytest.mark.parametrize("logit", LOGITS)
def test_continuous_bernoulli_gradient_is_x_minus_mean(logit):
    # An exponential family in its natural parameter: d ln p / d logit = x - E[x].
    output = row(logit).requires_grad_()
    ContinuousBernoulli().log_prob(row(0.3), output).sum().backward()
    assert output.grad.item() == pytest.approx(0.3 - ContinuousBernoulli().mean(row(logit)).item(), abs=1e-8)


@pytest.mark.parametrize("logit", [-40.0, -2.0, 0.0, 0.1, 2.0, 200.0])
def test_continuous_bernoulli_samples_follow_its_distribution_function(logit):
    def distribution_function(x):
        return x if logit == 0 else np.expm1(-abs(logit) * x) / math.expm1(-abs(logit))

    output = torch.full((4000, 1), logit)
    draws = ContinuousBernoulli().sample(output, torch.Generator().manual_seed(5)).double()
    assert draws.min() >= 0 and draws.max() <= 1
    falling = draws if logit <= 0 else 1 - draws
    assert stats.kstest(falling.flatten().numpy(), distribution_function).pvalue > 1e-3


@pytest.mark.parametrize("total", [1, 5, 16])
def test_binomial_agrees_with_scipy_and_sums_to_one(total):
    counts = torch.arange(total + 1.0, dtype=torch.float64)
    log_pmf = Binomial(total).log_prob(counts[:, None], torch.full((total + 1, 1), 0.7, dtype=torch.float64))
    reference = stats.binom.logpmf(counts.numpy(), total, 1 / (1 + math.exp(-0.7)))
    torch.testing.assert_close(log_pmf, torch.from_numpy(reference), rtol=1e-6, atol=1e-6)
    assert log_pmf.exp().sum().item() == pytest.approx(1, abs=1e-6)


def test_binomial_mean_and_sample_are_counts():
    family, output = Binomial(16), torch.full((20000, 1), 0.4)
    probability = 1 / (1 + math.exp(-0.4))
    draws = family.sample(output, torch.Generator().manual_seed(0))
    family.check(draws)
    assert family.mean(output)[0].item() == pytest.approx(16 * probability, rel=1e-6)
    assert draws.mean().item() == pytest.approx(16 * probability, abs=0.06)
    assert draws.var().item() == pytest.approx(16 * probability * (1 - probability), rel=0.05)
    torch.testing.assert_close(family.to_unit(torch.tensor([0.0, 4.0, 16.0])), torch.tensor([0.0, 0.25, 1.0]))


@pytest.mark.parametrize("variance, nll", [(0.1, 4.070583947), (0.25, 2.903165411)])
def test_gaussian_knows_its_normaliser(variance, nll):
    x, output = row(0.5, 0.5, 0.5, 0.5), row(0, 0, 0, 0)  # four pixels, squared error 1
    assert -Gaussian(math.sqrt(variance)).log_prob(x, output).item() == pytest.approx(nll, abs=1e-6)


def test_gaussian_agrees_with_torch_and_with_hand_worked_values():
    x, output = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0))
    reference = torch.distributions.Normal(output, 0.3).log_prob(x).sum(-1)
    torch.testing.assert_close(Gaussian(0.3).log_prob(x, output), reference)
    assert Gaussian().log_prob(row(1, 2), row(0.5, 2.5)).item() == pytest.approx(-2.087877066, abs=1e-9)
    assert -Gaussian().log_prob(*[torch.zeros(1, 784)] * 2).item() == pytest.approx(720.44781, abs=1e-3)


def test_learned_sigma_is_optimal_at_the_root_mean_squared_error():
    x, output = torch.randn(2, 30, 4, generator=torch.Generator().manual_seed(1))
    likelihood = Gaussian((x - output).square().mean().sqrt().item(), learned=True)
    likelihood.log_prob(x, output).sum().backward()
    assert likelihood.log_sigma.grad.item() == pytest.approx(0, abs=1e-3)
    assert [name for name, _ in likelihood.named_parameters()] == ["log_sigma"]
    assert not list(Gaussian(0.1).parameters())


def test_gaussian_sample_has_its_mean_and_sigma():
    draws = Gaussian(0.2).sample(torch.full((20000, 1), 3.0), torch.Generator().manual_seed(0))
    assert draws.mean().item() == pytest.approx(3, abs=0.01)
    assert draws.std().item() == pytest.approx(0.2, rel=0.02)


@pytest.mark.parametrize("likelihood", FAMILIES, ids=str)
def test_log_prob_sums_over_pixels_and_never_averages(likelihood):
    x, output = data_for(likelihood), torch.randn(4, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    once = likelihood.log_prob(x, output)
    twice = likelihood.log_prob(torch.cat([x, x], dim=2), torch.cat([output, output], dim=2))
    assert once.shape == (4,)
    torch.testing.assert_close(twice, 2 * once)
    torch.testing.assert_close(likelihood.log_prob_per_pixel(x, output).sum((1, 2, 3)), once)


@pytest.mark.parametrize("likelihood", FAMILIES, ids=str)
def test_leading_sample_dimensions_stay(likelihood):
    x = data_for(likelihood)
    output = torch.randn(5, 2, *x.shape, generator=torch.Generator().manual_seed(0))
    together = likelihood.log_prob(x, output)
    assert together.shape == (5, 2, 4)
    torch.testing.assert_close(together[3, 1], likelihood.log_prob(x, output[3, 1]))


@pytest.mark.parametrize("likelihood", FAMILIES, ids=str)
def test_samples_are_data_and_repeat_with_their_generator(likelihood):
    output = torch.randn(6, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    first, again = (likelihood.sample(output, torch.Generator().manual_seed(7)) for _ in range(2))
    likelihood.check(first)
    assert first.shape == output.shape and torch.equal(first, again)
    assert likelihood.mean(output).shape == output.shape


@pytest.mark.parametrize("likelihood", FAMILIES, ids=str)
@pytest.mark.parametrize(
    "x, message",
    [
        (torch.tensor([[math.nan]]), "x was partly NaN"),
        (torch.tensor([[math.inf]]), "x was partly NaN or infinite"),
        (torch.ones(0, 3), "x was empty"),
        (torch.ones(3), r"x was of shape \(3,\)"),
        (torch.ones(2, 3, dtype=torch.int64), "x was of torch.int64"),
        ([[1.0]], "x was of type list"),
    ],
)
def test_every_likelihood_refuses_what_is_no_data(likelihood, x, message):
    with pytest.raises(ValueError, match=message):
        likelihood.check(x)


@pytest.mark.parametrize(
    "likelihood, value",
    [(Bernoulli(), 2.0), (Bernoulli(grey=True), 1.5), (ContinuousBernoulli(), -0.1), (Binomial(16), 17.0),
     (Binomial(16), 3.5), (Binomial(16), -1.0)],
)
def test_values_outside_the_range_are_refused_not_clipped(likelihood, value):
    with pytest.raises(ValueError, match=r"x was .*values from"):
        likelihood.check(torch.tensor([[1.0, value]]))


def test_an_output_that_would_broadcast_is_refused():
    with pytest.raises(ValueError, match=r"output was of shape \(1, 9\).*\(\.\.\., 4, 9\)"):
        Gaussian().log_prob(torch.zeros(4, 9), torch.zeros(1, 9))


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan, math.inf])
def test_sigma_must_be_positive(sigma):
    with pytest.raises(ValueError, match="sigma was"):
        Gaussian(sigma)


@pytest.mark.parametrize("total", [0, -3, 2.5, True])
def test_total_must_be_a_whole_number(total):
    with pytest.raises(ValueError, match="total was"):
        Binomial(total)


def test_likelihoods_are_found_by_name_and_unknown_names_list_the_known():
    assert isinstance(likelihood_named("bernoulli"), Bernoulli)
    assert isinstance(likelihood_named("continuous_bernoulli"), ContinuousBernoulli)
    assert likelihood_named("binomial", total=4).total == 4
    assert likelihood_named("gaussian", sigma=0.5).sigma.item() == pytest.approx(0.5)
    known = "bernoulli, continuous_bernoulli, binomial, gaussian"
    with pytest.raises(ValueError, match=f"name was 'poisson'; expected one of {known}"):
        likelihood_named("poisson")


def test_each_family_says_what_data_it_is_for():
    assert Bernoulli().describe() == "Bernoulli: binary pixels, 0 or 1"
    assert ContinuousBernoulli().describe() == "continuous Bernoulli: grey pixels in [0, 1]"
    assert Binomial(16).describe() == "binomial: counts 0 to 16"
    assert Gaussian().describe() == "Gaussian: real numbers"


@pytest.mark.parametrize("likelihood", FAMILIES, ids=str)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_log_prob_refuses_data_that_is_not_finite(likelihood, value):
    with pytest.raises(ValueError, match="x was partly NaN or infinite"):
        likelihood.log_prob(torch.full((2, 3), value), torch.zeros(2, 3))


@pytest.mark.parametrize("likelihood", FAMILIES[:4], ids=str)
def test_log_prob_refuses_data_outside_the_range(likelihood):
    for value in (-1.0, 17.0):
        with pytest.raises(ValueError, match="x was .*values from"):
            likelihood.log_prob(torch.full((2, 3), value), torch.zeros(2, 3))


def test_log_prob_refuses_what_is_no_batch_and_no_output():
    with pytest.raises(ValueError, match=r"x was of shape \(3,\)"):
        Gaussian().log_prob(torch.zeros(3), torch.zeros(3))
    with pytest.raises(ValueError, match="output was of type list"):
        Gaussian().log_prob(torch.zeros(1, 1), [[0.0]])


def test_a_name_that_is_no_string_is_refused():
    with pytest.raises(ValueError, match=r"name was \['bernoulli'\]"):
        likelihood_named(["bernoulli"])
