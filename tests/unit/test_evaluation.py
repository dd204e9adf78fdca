"""Active units and the parts of the rate, against closed forms and a naive reference."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from vaelib import evaluation, gaussian
from vaelib.evaluation import active_units, rate_split
from vaelib.likelihoods import Binomial
from vaelib.linear import LinearVAE
from vaelib.models import mlp_autoencoder, mlp_vae


def quantiles(n: int) -> torch.Tensor:
    """n equally likely values of a standard normal variable, scaled to variance 1."""
    values = torch.special.ndtri((torch.arange(n, dtype=torch.float64) + 0.5) / n)
    return values / values.std(correction=0)


def encoding(matrix, variance) -> LinearVAE:
    """A model with q(z | x) = N(matrix x, diag variance); its decoder plays no part."""
    matrix = torch.tensor(matrix, dtype=torch.float64)
    model = LinearVAE(*matrix.T.shape).double()
    with torch.no_grad():
        model.encoder[0].mean.weight.copy_(matrix)
        model.encoder[0].mean.bias.zero_()
        model.encoder[0].log_var.copy_(torch.tensor(variance, dtype=torch.float64).log())
    return model


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("slope, rate, information, marginal_kl", [
    (0.4, 0.804718956, 0.804718956, 0.0),
    (0.3, 0.629718956, 0.589327498, 0.040391458),
])
def test_the_split_of_a_gaussian_channel_is_the_closed_form(slope, rate, information, marginal_kl):
    # x ~ N(0, 5), q = N(slope x, 0.2). The draws' standard error is 0.003 nats.
    x = math.sqrt(5) * quantiles(400)[:, None]
    split = rate_split(encoding([[slope]], [0.2]), x, seeded(), n_samples=200)
    assert split.rate == pytest.approx(rate, abs=1e-9)
    assert split.information == pytest.approx(information, abs=0.01)
    assert split.marginal_kl == pytest.approx(marginal_kl, abs=0.01)
    # One latent cannot depend on another.
    assert split.total_correlation == pytest.approx(0, abs=1e-12)
    assert split.dimension_wise == pytest.approx(split.marginal_kl, abs=1e-12)


def test_dependent_latents_have_the_total_correlation_of_their_covariance():
    # x ~ N(0, I) and variance 0.2 each: the codes' covariance is [[1.2, 0.3], [0.3, 0.8]].
    lower = torch.linalg.cholesky(torch.tensor([[1.0, 0.3], [0.3, 0.6]], dtype=torch.float64))
    x = torch.cartesian_prod(quantiles(25), quantiles(25))
    split = rate_split(encoding(lower.tolist(), [0.2, 0.2]), x, seeded(), n_samples=100)
    # 0.012: three standard errors, and the little that 25 quantiles differ from a bell curve.
    assert split.marginal_kl == pytest.approx(0.069631034, abs=0.012)
    assert split.total_correlation == pytest.approx(0.049220036, abs=0.006)
    assert split.dimension_wise == pytest.approx(0.020410997, abs=0.012)


def test_every_part_agrees_with_mixtures_of_torch_at_the_same_draws():
    vae, x = mlp_vae((3,), 4, "gaussian", hidden=(5,)), 3 * torch.randn(7, 3, generator=seeded())
    with torch.no_grad():
        posterior = vae.posterior(x)
    z = gaussian.sample(*posterior, seeded(5), 3)
    each = Normal(posterior.mean, torch.exp(0.5 * posterior.log_var))
    same = Categorical(torch.ones(7))
    joint = MixtureSameFamily(same, Independent(each, 1)).log_prob(z)
    single = MixtureSameFamily(Categorical(torch.ones(4, 7)), Normal(each.mean.T, each.stddev.T)).log_prob(z)
    own, prior = each.log_prob(z), Normal(0, 1).log_prob(z)
    # The estimate of a divergence to the prior, with the rate's own draws put right by its closed form.
    right = torch.distributions.kl_divergence(each, Normal(0, 1)).mean(0) - (own - prior).mean((0, 1))
    split = rate_split(vae, x, seeded(5), n_samples=3)
    expected = {
        "rate": torch.distributions.kl_divergence(each, Normal(0, 1)).sum(-1).mean(),
        "information": (own.sum(-1) - joint).mean(),
        "marginal_kl": (joint - prior.sum(-1)).mean() + right.sum(),
        "total_correlation": (joint - single.sum(-1)).mean(),
        "dimension_wise": (single - prior).mean((0, 1)).sum() + right.sum(),
    }
    assert split._asdict() == pytest.approx({name: part.item() for name, part in expected.items()}, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(1, 4), st.floats(0.01, 30), st.integers(0, 1000))
def test_the_parts_add_up_and_information_keeps_below_its_ceiling(n, latent_dim, scale, seed):
    vae = mlp_vae((2,), latent_dim, "gaussian", hidden=(4,), seed=seed).double()
    x = scale * torch.randn(n, 2, generator=seeded(seed), dtype=torch.float64)
    split = rate_split(vae, x, seeded(seed))
    assert split.rate == pytest.approx(split.information + split.marginal_kl, rel=1e-12)
    assert split.marginal_kl == pytest.approx(split.total_correlation + split.dimension_wise, abs=1e-9)
    assert split.information <= math.log(n) + 1e-9


def test_codes_that_never_meet_tell_everything_and_equal_codes_nothing():
    model = encoding([[100.0]], [0.2])
    x = torch.arange(8, dtype=torch.float64)[:, None]
    assert rate_split(model, x, seeded()).information == pytest.approx(math.log(8), abs=1e-9)
    pairs = x.repeat(2, 1)
    assert rate_split(model, pairs, seeded()).information == pytest.approx(math.log(8), abs=1e-9)
    assert rate_split(model, x[:1].expand(8, 1), seeded()).information == pytest.approx(0, abs=1e-9)


def test_a_small_table_gives_the_same_parts(monkeypatch):
    vae, x = mlp_vae((3,), 4, "gaussian", hidden=(5,)), torch.randn(11, 3, generator=seeded())
    whole = rate_split(vae, x, seeded(), n_samples=2)
    for table in (1, 100):
        monkeypatch.setattr(evaluation, "TABLE", table)
        assert rate_split(vae, x, seeded(), n_samples=2) == pytest.approx(whole, abs=1e-6)


def test_the_split_repeats_with_its_generator():
    vae, x = mlp_vae((3,), 4, "gaussian", hidden=(5,)), torch.randn(11, 3, generator=seeded())
    before = torch.get_rng_state()
    assert rate_split(vae, x, seeded(1)) == rate_split(vae, x, seeded(1)) != rate_split(vae, x, seeded(2))
    assert torch.equal(before, torch.get_rng_state())


def test_a_unit_is_active_if_the_variance_of_its_mean_exceeds_the_threshold():
    # Means of variance 0.0064, 0.0121 and 0: the standard deviation of the first exceeds 0.01, too.
    model, x = encoding([[0.08], [0.11], [0.0]], [0.9, 1.5, 0.1]), quantiles(50)[:, None]
    assert active_units(model, x).tolist() == [False, True, False]
    assert active_units(model, x, threshold=0.006).tolist() == [True, True, False]
    assert active_units(model, x[:1]).tolist() == [False] * 3
    # A mean that is off the prior's, but the same for every x, carries nothing.
    with torch.no_grad():
        model.encoder[0].mean.bias.fill_(3.0)
    assert active_units(model, x).tolist() == [False, True, False]


@pytest.mark.parametrize("judge", [active_units, rate_split])
def test_what_is_no_vae_and_what_is_no_data_is_refused(judge):
    with pytest.raises(ValueError, match="vae was of type Autoencoder"):
        judge(mlp_autoencoder((1, 8, 8), 2, Binomial(16)), torch.zeros(3, 1, 8, 8))
    with pytest.raises(ValueError, match="x was of shape"):
        judge(mlp_vae((1, 8, 8), 2, Binomial(16)), torch.zeros(3, 8, 8))


def test_bad_settings_are_refused_by_name():
    vae, x = mlp_vae((1, 8, 8), 2, Binomial(16)), torch.zeros(3, 1, 8, 8)
    with pytest.raises(ValueError, match="threshold was -1"):
        active_units(vae, x, threshold=-1)
    with pytest.raises(ValueError, match="n_samples was 0"):
        rate_split(vae, x, n_samples=0)
