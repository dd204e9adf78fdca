"""The multi-rate VAE: the folded model is the gated one, and one training serves a range of beta."""

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from vaelib import gaussian, objectives
from vaelib.datasets import digits
from vaelib.likelihoods import Gaussian
from vaelib.linear import LinearVAE, linear_vae_optimum
from vaelib.models import VAE, conv_vae, mlp_autoencoder, mlp_vae
from vaelib.multirate import GatedLinear, MultiRateVAE
from vaelib.training import fit

X = digits("binary")[0][:300]


def small_vae(**options) -> VAE:
    return mlp_vae((1, 8, 8), 2, "bernoulli", **{"hidden": (24,)} | options)


def turned(low: float = 0.03, high: float = 30.0, dtype: torch.dtype = torch.float64) -> MultiRateVAE:
    """A model whose dials answer to beta: random numbers where training would have put others."""
    model = MultiRateVAE(small_vae().to(dtype), low, high)
    generator = torch.Generator().manual_seed(1)
    for layer in model.modules():
        if isinstance(layer, GatedLinear):
            shape = layer.dial[2].weight.shape
            layer.dial[2].weight.data = 0.3 * torch.randn(shape, generator=generator, dtype=dtype)
    return model


@settings(max_examples=20, deadline=None)
@given(st.floats(0.03, 30))
def test_the_folded_model_is_the_gated_one(beta):
    model, x = turned(), X[:7].double()
    log_beta = torch.full((7, 1), math.log(beta), dtype=torch.float64)
    view, z = model.at(beta), torch.linspace(-3, 3, 14, dtype=torch.float64).reshape(7, 2)
    codes, output = model.encoder(x, log_beta), model.decoder(z, log_beta)
    torch.testing.assert_close(torch.cat(view.posterior(x), -1), codes, rtol=0, atol=1e-10)
    torch.testing.assert_close(view.decode(z), output, rtol=0, atol=1e-10)


def test_in_single_precision_it_is_the_same_to_1e_6():
    model, log_beta = turned(dtype=torch.float32), torch.tensor([math.log(3.0)])
    codes = torch.cat(model.at(3.0).posterior(X), -1)
    torch.testing.assert_close(codes, model.encoder(X, log_beta), rtol=0, atol=1e-6)


def test_a_folded_layer_by_hand():
    """Gates are 2 sigmoid, on outputs or on inputs; shifts come last; ln beta moves the dial."""
    plain, x = nn.Linear(2, 3), torch.tensor([[0.5, -2.0]])
    for gates_inputs, gates in ((False, 3), (True, 2)):
        layer = GatedLinear(copy.deepcopy(plain), gates_inputs, 0.1, 10.0)
        numbers = torch.cat([torch.linspace(-1, 1, gates), torch.tensor([1.0, 2.0, 3.0])])
        layer.dial[2].weight.data[:, 0] = numbers
        step = math.tanh(2 * (math.log(5.0) - math.log(0.1)))  # of the first unit, whose place is ln low
        gate, shift = 2 / (1 + torch.exp(-step * numbers[:gates])), step * numbers[gates:]
        expected = (plain(gate * x) if gates_inputs else gate * plain(x)) + shift
        log_beta = torch.tensor([math.log(5.0)])
        torch.testing.assert_close(layer.at(log_beta)(x), expected)
        torch.testing.assert_close(layer(x, log_beta), expected)


def test_gates_can_do_what_the_linear_optimum_does():
    """A linear decoder weight times a gate on its latent, and a shift of ln variance, reach the closed form.

    lambda 4, sigma^2 1, beta 1/2: w 1.870828693, a .467707173, d .125; with lambda 2 it is off at beta 2.
    """
    best, off = linear_vae_optimum([4], 0.5, 1.0), linear_vae_optimum([2], 2.0, 1.0)
    weight = best.weight2.sqrt().item()
    found = weight, best.gain.item(), best.variance.item()
    assert found == pytest.approx((1.870828693, 0.4677071733, 0.125))
    assert off.weight2.item() == 0
    gate = math.sqrt(1 - math.exp(math.log(0.5) + math.log(1 / 4)))  # Bae et al.: w = sqrt(lambda) gate
    layer = GatedLinear(nn.Linear(1, 1), True, 0.1, 10.0)
    layer.weight.data.fill_(2.0)  # sqrt(lambda)
    layer.dial[2].bias.data[0] = math.log(gate / (2 - gate))  # the number whose 2 sigmoid is this gate
    assert layer.at(torch.tensor([math.log(0.5)])).weight.item() == pytest.approx(weight, abs=1e-6)


def test_before_training_it_is_the_vae_it_was_made_from_at_every_beta():
    vae = small_vae(seed=3)
    model = MultiRateVAE(vae)
    for beta in (0.03, 0.5, 1.0, 30.0):
        view = model.at(beta)
        assert type(view) is VAE and type(view.encoder[1]) is nn.Linear
        torch.testing.assert_close(view.posterior(X), vae.posterior(X))


def test_where_no_beta_is_given_it_is_one():
    model, z = turned(), torch.ones(1, 2, dtype=torch.float64)
    torch.testing.assert_close(model.decode(z), model.at(1.0).decode(z))


def test_views_and_origin_share_nothing():
    vae = small_vae()
    model = MultiRateVAE(vae)
    view, before = model.at(1.0), copy.deepcopy(model.state_dict())
    fit(view, X, steps=3, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(before.values(), model.state_dict().values(), strict=True))
    weights = copy.deepcopy(vae.state_dict())
    fit(model, X, steps=3, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(weights.values(), vae.state_dict().values(), strict=True))


def test_making_it_draws_no_random_numbers():
    vae, state = small_vae(), torch.get_rng_state()
    MultiRateVAE(vae).at(1.0)
    assert torch.equal(torch.get_rng_state(), state)


def test_betas_fill_the_range_with_a_density_that_rises():
    model = turned(0.1, 10.0)
    drawn = model.draw_log_betas(1000, torch.Generator().manual_seed(0))
    share = (drawn - math.log(0.1)) / math.log(100)
    assert share.min() >= 0 and share.max() < 1 and (drawn.diff() > 0).all()
    # sqrt(u): mean 2/3, a quarter below the middle; slices leave an error of 1/1000 at most.
    assert share.mean().item() == pytest.approx(2 / 3, abs=1e-3)
    assert (share < 0.5).float().mean().item() == pytest.approx(0.25, abs=1.1e-3)
    other = model.draw_log_betas(1000, torch.Generator().manual_seed(1))
    assert not torch.equal(drawn, other)


def test_the_loss_is_the_mean_of_the_losses_of_the_folded_models():
    model, x = turned(), X[:5].double()
    terms = model.terms(x, torch.Generator().manual_seed(4))
    generator = torch.Generator().manual_seed(4)
    betas = model.draw_log_betas(5, generator).double().exp().tolist()
    noise = torch.randn(5, 2, generator=generator, dtype=torch.float64)
    for i, beta in enumerate(betas):
        view = model.at(beta)
        posterior = view.posterior(x[i:i + 1])
        z = posterior.mean + torch.exp(0.5 * posterior.log_var) * noise[i]
        distortion = -view.likelihood.log_prob(x[i:i + 1], view.decode(z)).item()
        rate = gaussian.kl_to_standard_normal(*posterior).item()
        assert terms.distortion[i].item() == pytest.approx(distortion, abs=1e-5)
        assert terms.rate[i].item() == pytest.approx(beta * rate, abs=1e-5)


def test_a_short_training_serves_the_range_and_the_rate_falls_with_beta():
    model = MultiRateVAE(small_vae(hidden=(64,)))
    fit(model, X, steps=600, progress=False)
    x, generator = X.repeat(20, 1, 1, 1), torch.Generator()
    terms = [model.at(beta).terms(x, generator.manual_seed(0)) for beta in (0.1, 1, 3, 16)]
    rates = [part.rate.mean().item() for part in terms]
    distortions = [part.distortion.mean().item() for part in terms]
    assert rates[0] > rates[1] + 1 and rates[1] > rates[2] + 0.5 and rates[2] > rates[3] and rates[3] < 0.1
    assert distortions[0] < distortions[1] - 1 and distortions[1] < distortions[2] - 1


def test_networks_of_convolutions_gate_their_linear_layers():
    model = MultiRateVAE(conv_vae(3, "gaussian", width=4))
    kinds = {type(layer) for layer in model.at(2.0).modules()}
    assert GatedLinear not in kinds and {nn.Linear, nn.Conv2d} <= kinds


def learned() -> VAE:
    return mlp_vae((4,), 2, Gaussian(1.0, learned=True), hidden=(8,))


def no_bias() -> VAE:
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 4, bias=False))
    return VAE(encoder, small_vae().decoder, "bernoulli", 2, (1, 8, 8))


@pytest.mark.parametrize("make, message", [
    (lambda: MultiRateVAE(mlp_autoencoder((1, 8, 8), 2, "bernoulli")), "vae was of type Autoencoder"),
    (lambda: MultiRateVAE(LinearVAE(5, 2)), "vae was with the encoder"),
    (lambda: MultiRateVAE(no_bias()), "vae was with the encoder"),
    (lambda: MultiRateVAE(learned()), "vae was with a likelihood that learns"),
    (lambda: MultiRateVAE(small_vae(), low=0), "low was 0"),
    (lambda: MultiRateVAE(small_vae(), high=math.inf), "high was inf"),
    (lambda: MultiRateVAE(small_vae(), low=2, high=1), "low was 2"),
    (lambda: turned().at(0), "beta was 0"),
    (lambda: turned().at(-1), "beta was -1"),
    (lambda: turned().at(math.nan), "beta was nan"),
    (lambda: turned().at("1"), "beta was '1'"),
    (lambda: turned().at(31), "beta was 31"),
    (lambda: turned().at(0.029), "beta was 0.029"),
    (lambda: objectives.elbo(turned(), X.double()), "vae was of type MultiRateVAE"),
])
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
