"""Diagonal Gaussians against torch.distributions and numbers worked out by hand."""

import math

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from vaelib import gaussian


def random_gaussian(seed: int, shape=(6, 3)) -> tuple[torch.Tensor, torch.Tensor]:
    mean, log_var = torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return mean, log_var


def reference(mean: torch.Tensor, log_var: torch.Tensor) -> Independent:
    return Independent(Normal(mean, torch.exp(0.5 * log_var)), 1)


def of(mean: float, variance: float) -> tuple[torch.Tensor, torch.Tensor]:
    both = torch.tensor([[[mean]], [[math.log(variance)]]], dtype=torch.float64)
    return both[0], both[1]


def test_log_density_and_entropy_agree_with_torch():
    mean, log_var = random_gaussian(0)
    z, _ = random_gaussian(1, (10, 6, 3))
    torch.testing.assert_close(gaussian.log_prob(z, mean, log_var), reference(mean, log_var).log_prob(z))
    torch.testing.assert_close(gaussian.entropy(log_var), reference(mean, log_var).entropy())
    standard = reference(torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(gaussian.standard_log_prob(z), standard.log_prob(z))


def test_entropy_of_the_standard_normal():
    log_var = torch.zeros(1, dtype=torch.float64)
    assert gaussian.entropy(log_var).item() == pytest.approx(1.418938533, abs=1e-9)


def test_divergences_agree_with_torch_in_the_right_order():
    p, q = random_gaussian(0), random_gaussian(1)
    torch.testing.assert_close(gaussian.kl_diagonal(*p, *q), kl_divergence(reference(*p), reference(*q)))
    standard = torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    expected = kl_divergence(reference(*p), reference(*standard))
    torch.testing.assert_close(gaussian.kl_to_standard_normal(*p), expected)
    torch.testing.assert_close(gaussian.kl_per_dimension(*p).sum(-1), expected)


@pytest.mark.parametrize("first, second, value", [
    ((1, 4), (0, 1), 1.306852819),
    ((0.5, 0.64), (0, 1), 0.1681435513),
    ((0, 1), (1, 4), 0.4431471806),
    ((0, 1), (2, 1), 2.0),
])
def test_divergence_between_one_dimensional_gaussians(first, second, value):
    assert gaussian.kl_diagonal(*of(*first), *of(*second)).item() == pytest.approx(value, abs=1e-9)
    if second == (0, 1):
        assert gaussian.kl_to_standard_normal(*of(*first)).item() == pytest.approx(value, abs=1e-9)


def test_rate_of_a_three_dimensional_posterior():
    mean = torch.tensor([0.5, -1, 0], dtype=torch.float64)
    log_var = torch.tensor([0.64, 1, 2], dtype=torch.float64).log()
    assert gaussian.kl_to_standard_normal(mean, log_var).item() == pytest.approx(0.821569961, abs=1e-9)


def test_divergence_vanishes_only_at_the_prior_and_keeps_its_digits_near_it():
    zero = torch.zeros(2, 4)
    assert torch.equal(gaussian.kl_per_dimension(zero, zero), zero)
    # Naively, exp(l) - 1 - l loses every digit here in float32; the leading term is l^2 / 4.
    tiny = gaussian.kl_per_dimension(torch.zeros(1), torch.tensor([1e-3]))
    assert tiny.item() == pytest.approx(1e-6 / 4, rel=1e-2)


def test_gradient_of_the_rate():
    mean, log_var = (tensor.requires_grad_() for tensor in random_gaussian(2))
    gaussian.kl_to_standard_normal(mean, log_var).sum().backward()
    torch.testing.assert_close(mean.grad, mean.detach())
    torch.testing.assert_close(log_var.grad, 0.5 * (log_var.detach().exp() - 1))


def test_samples_have_the_mean_and_the_standard_deviation():
    mean, log_var = of(-1.0, 0.25)
    z = gaussian.sample(mean, log_var, torch.Generator().manual_seed(0), n_samples=100_000)
    assert z.shape == (100_000, 1, 1)
    assert z.mean().item() == pytest.approx(-1, abs=0.01)
    assert z.std().item() == pytest.approx(0.5, abs=0.005)


def test_reparameterised_gradient_of_the_expected_square():
    # f(z) = z^2 at mu = sigma = 1: d/dmu E f = 2 with variance 4, d/dsigma E f = 2 with variance 12.
    mean = torch.ones(200_000, 1, dtype=torch.float64, requires_grad=True)
    log_var = torch.zeros(200_000, 1, dtype=torch.float64, requires_grad=True)
    gaussian.sample(mean, log_var, torch.Generator().manual_seed(0)).square().sum().backward()
    by_sigma = 2 * log_var.grad  # ln sigma^2 = 2 ln sigma, and sigma = 1
    assert mean.grad.mean().item() == pytest.approx(2, abs=0.03)
    assert mean.grad.var().item() == pytest.approx(4, rel=0.03)
    assert by_sigma.mean().item() == pytest.approx(2, abs=0.05)
    assert by_sigma.var().item() == pytest.approx(12, rel=0.05)


def test_sampling_repeats_with_its_generator_and_without_one_uses_the_global_state():
    mean, log_var = random_gaussian(0)
    first, again = (gaussian.sample(mean, log_var, torch.Generator().manual_seed(1)) for _ in range(2))
    assert first.shape == mean.shape and torch.equal(first, again)
    before = torch.get_rng_state()
    gaussian.sample(mean, log_var, torch.Generator().manual_seed(1))
    assert torch.equal(before, torch.get_rng_state())
    gaussian.sample(mean, log_var)
    assert not torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("n_samples", [0, -1, 1.5])
def test_a_number_of_samples_below_one_is_refused(n_samples):
    with pytest.raises(ValueError, match="n_samples was"):
        gaussian.sample(*random_gaussian(0), n_samples=n_samples)


@pytest.mark.parametrize("mean, log_var", [((3,), (4, 3)), ((4, 3), (3,)), ((4, 1), (1, 3))])
def test_every_number_of_a_sample_has_noise_of_its_own(mean, log_var):
    generator = torch.Generator().manual_seed(0)
    z = gaussian.sample(torch.zeros(mean), torch.zeros(log_var), generator, n_samples=5)
    assert z.shape == (5, 4, 3)
    assert len(torch.unique(z)) == 60
