"""The models: shapes, the meaning of each number, and what is refused at the door."""

import math

import pytest
import torch
from torch import nn

from vaelib import gaussian
from vaelib.likelihoods import Bernoulli, Binomial, Gaussian
from vaelib.models import VAE, Terms, conv_autoencoder, conv_vae, mlp_autoencoder, mlp_vae, seeded

ACTIVATIONS = (nn.ReLU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.Softplus)
BROWSER_LAYERS = (*ACTIVATIONS, nn.Linear, nn.Flatten, nn.Unflatten, nn.Upsample, nn.Conv2d)


def digit_vae(**options) -> VAE:
    return mlp_vae((1, 8, 8), 3, Binomial(16), hidden=(20, 10), **options)


def counts(n: int = 5) -> torch.Tensor:
    return torch.randint(0, 17, (n, 1, 8, 8), generator=torch.Generator().manual_seed(0)).float()


@pytest.mark.parametrize("make", [mlp_vae, mlp_autoencoder])
def test_fully_connected_models_map_data_to_codes_and_back(make):
    model = make((1, 8, 8), 3, Binomial(16), hidden=(20, 10))
    numbers = 6 if make is mlp_vae else 3
    assert model.encoder(counts()).shape == (5, numbers)
    assert model.decode(torch.zeros(5, 3)).shape == (5, 1, 8, 8)
    assert model.reconstruct(counts()).shape == (5, 1, 8, 8)
    assert model.sample_images(4).shape == (4, 1, 8, 8)


@pytest.mark.parametrize("make", [conv_vae, conv_autoencoder])
@pytest.mark.parametrize("data_shape", [(3, 32, 32), (1, 16, 24)])
def test_convolutional_models_map_images_to_codes_and_back(make, data_shape):
    model = make(4, Gaussian(0.1), data_shape, width=4)
    x = torch.rand(2, *data_shape)
    assert model.reconstruct(x).shape == x.shape
    assert model.decode(torch.zeros(5, 2, 4)).shape == (5, 2, *data_shape)


@pytest.mark.parametrize("latent_dim", [1, 2, 8, 12])
def test_the_convolutional_decoder_fits_the_page_and_the_browser(latent_dim):
    decoder = conv_vae(latent_dim, Gaussian(0.1)).decoder
    assert sum(weights.numel() for weights in decoder.parameters()) <= 31_000
    for layer in [*decoder, *mlp_vae((1, 8, 8), 2, Binomial(16)).decoder]:
        assert isinstance(layer, BROWSER_LAYERS)
        if isinstance(layer, nn.Conv2d):
            assert (layer.kernel_size, layer.stride, layer.padding) == ((3, 3), (1, 1), (1, 1))


def test_posterior_is_mean_first_then_log_variance():
    vae = digit_vae()
    with torch.no_grad():
        vae.encoder[-1].weight.zero_()
        vae.encoder[-1].bias.copy_(torch.arange(6.0))
    posterior = vae.posterior(counts(2))
    assert posterior.mean.tolist() == [[0, 1, 2]] * 2
    assert posterior.log_var.tolist() == [[3, 4, 5]] * 2


def test_the_encoder_sees_counts_brought_to_the_unit_interval():
    vae, seen = digit_vae(), []
    vae.encoder.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    vae.posterior(counts())
    torch.testing.assert_close(seen[0], counts() / 16)


def test_decode_takes_any_leading_dimensions():
    vae, z = digit_vae(), torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(vae.decode(z)[2, 3], vae.decode(z[2, 3]))
    assert vae.decode(z[0, 0]).shape == (1, 8, 8)


def test_means_are_on_the_scale_of_the_data():
    vae, z = digit_vae(), torch.zeros(1, 3)
    torch.testing.assert_close(vae.decode_mean(z), 16 * torch.sigmoid(vae.decode(z)))
    x = counts()
    torch.testing.assert_close(vae.reconstruct(x), vae.decode_mean(vae.posterior(x).mean))


def test_pictures_carry_no_gradient_and_decoded_codes_do():
    for model in (digit_vae(), mlp_autoencoder((1, 8, 8), 3, Binomial(16))):
        assert not model.reconstruct(counts()).requires_grad and not model.sample_images(2).requires_grad
        assert model.decode_mean(torch.zeros(1, 3)).requires_grad


def test_samples_come_from_the_prior_and_repeat_with_their_generator():
    vae = digit_vae()
    z = torch.randn(4, 3, generator=torch.Generator().manual_seed(2))
    images = vae.sample_images(4, torch.Generator().manual_seed(2))
    torch.testing.assert_close(images, vae.decode_mean(z))


def test_terms_are_rate_and_distortion_of_one_reparameterised_sample():
    vae, x = digit_vae(), counts()
    terms = vae.terms(x, torch.Generator().manual_seed(4))
    posterior = vae.posterior(x)
    noise = torch.randn(5, 3, generator=torch.Generator().manual_seed(4))
    z = posterior.mean + torch.exp(posterior.log_var / 2) * noise
    reference = torch.distributions.Binomial(16, logits=vae.decode(z)).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(terms.distortion, -reference)
    assert terms.rates.shape == (5, 3)
    torch.testing.assert_close(terms.rates, gaussian.kl_per_dimension(*posterior))
    assert torch.equal(terms.rate, gaussian.kl_to_standard_normal(*posterior))


def test_loss_is_the_batch_mean_of_distortion_plus_beta_rate():
    terms = Terms(rates=torch.tensor([[0.25, 0.75], [2.0, 1.0]]), distortion=torch.tensor([10.0, 20.0]))
    assert terms.rate.tolist() == [1, 3]
    assert terms.elbo.tolist() == [-11, -23]
    assert terms.loss().item() == 17
    assert terms.loss(beta=4).item() == 23
    assert terms.loss(beta=0).item() == 15


def test_free_nats_hold_up_the_batch_mean_of_every_latent_by_itself():
    # Batch means 0.5 and 4: the first example's second latent, at 1, is no reason to lift anything.
    terms = Terms(rates=torch.tensor([[0.25, 1.0], [0.75, 7.0]]), distortion=torch.tensor([10.0, 20.0]))
    assert terms.loss(free_nats=0.5).item() == terms.loss().item() == 15 + 4.5
    assert terms.loss(free_nats=2).item() == 15 + 2 + 4
    assert terms.loss(beta=3, free_nats=2).item() == 15 + 3 * (2 + 4)
    assert terms.loss(free_nats=5).item() == 15 + 5 + 5


def test_a_latent_within_its_free_nats_feels_no_pressure_and_the_others_feel_all_of_it():
    rates = torch.tensor([[0.25, 1.0], [0.75, 7.0]], requires_grad=True)
    Terms(rates, torch.zeros(2)).loss(beta=3, free_nats=2).backward()
    assert rates.grad.tolist() == [[0, 1.5], [0, 1.5]]


def test_an_autoencoder_has_no_nats_to_free():
    terms = mlp_autoencoder((1, 8, 8), 3, Binomial(16)).terms(counts())
    assert terms.rates.shape == (5, 0)
    assert terms.loss(free_nats=2) == terms.distortion.mean()


@pytest.mark.parametrize("argument", ["beta", "free_nats"])
@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf, "1", None])
def test_a_weight_of_the_rate_that_is_none_is_refused(argument, weight):
    with pytest.raises(ValueError, match=f"{argument} was"):
        Terms(torch.zeros(1, 1), torch.zeros(1)).loss(**{argument: weight})


def test_an_autoencoder_has_point_codes_no_rate_and_draws_nothing():
    model, x = mlp_autoencoder((1, 8, 8), 3, Binomial(16)), counts()
    before = torch.get_rng_state()
    terms = model.terms(x)
    assert torch.equal(before, torch.get_rng_state())
    assert model.encode(x).shape == (5, 3)
    assert terms.rate.tolist() == [0] * 5
    torch.testing.assert_close(terms.distortion, -model.likelihood.log_prob(x, model.decode(model.encode(x))))
    torch.testing.assert_close(model.reconstruct(x), model.decode_mean(model.encode(x)))


def test_initial_weights_come_from_the_seed_and_leave_the_global_state_alone():
    before = torch.get_rng_state()
    one, same, other = digit_vae(seed=1), digit_vae(seed=1), digit_vae(seed=2)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one.encoder[1].weight, same.encoder[1].weight)
    assert not torch.equal(one.encoder[1].weight, other.encoder[1].weight)


@pytest.mark.parametrize("latent_dim", [0, -2, 1.5, True, "2"])
@pytest.mark.parametrize("make", [
    lambda latent_dim: mlp_vae((1, 8, 8), latent_dim, Binomial()),
    lambda latent_dim: conv_vae(latent_dim, Gaussian()),
])
def test_a_latent_dimension_below_one_is_refused(make, latent_dim):
    with pytest.raises(ValueError, match="latent_dim was"):
        make(latent_dim)


@pytest.mark.parametrize("make, message", [
    (lambda: mlp_vae((1, 0, 8), 2, Binomial()), "data_shape was 0"),
    (lambda: mlp_vae(64, 2, Binomial()), "data_shape was 64"),
    (lambda: mlp_vae((1, 8, 8), 2, Binomial(), hidden=(0,)), "hidden was 0"),
    (lambda: conv_vae(2, Gaussian(), (3, 30, 32)), "data_shape was .*divisible by 8"),
    (lambda: conv_vae(2, Gaussian(), (32, 32)), "data_shape was"),
    (lambda: conv_vae(2, Gaussian(), width=0), "width was 0"),
])
def test_impossible_sizes_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("encoder, decoder, message", [
    (nn.Linear(6, 2), nn.Linear(2, 6), r"encoder was giving shape \(2,\); expected \(4,\)"),
    (nn.Linear(6, 4), nn.Linear(2, 5), r"decoder was giving shape \(5,\); expected data_shape \(6,\)"),
    (nn.Linear(7, 4), nn.Linear(2, 6), r"encoder was unable to take shape \(6,\)"),
    (nn.Linear(6, 4), nn.Linear(3, 6), r"decoder was unable to take shape \(2,\)"),
])
def test_networks_that_do_not_fit_together_are_refused(encoder, decoder, message):
    with pytest.raises(ValueError, match=message):
        VAE(nn.Sequential(encoder), nn.Sequential(decoder), Gaussian(), 2, (6,))


@pytest.mark.parametrize("x, message", [
    (torch.zeros(5, 8, 8), r"x was of shape \(5, 8, 8\); expected shape \(N, 1, 8, 8\)"),
    (torch.zeros(5, 1, 8, 9), "x was of shape"),
    (torch.zeros(0, 1, 8, 8), "x was empty"),
    (torch.full((5, 1, 8, 8), math.nan), "x was partly NaN"),
    (torch.full((5, 1, 8, 8), 0.3), "x was not such counts"),
    (torch.zeros(5, 1, 8, 8).double(), "x was of torch.float64; expected the model's torch.float32"),
])
@pytest.mark.parametrize("method", ["posterior", "reconstruct", "check"])
def test_what_is_no_data_for_the_model_is_refused(method, x, message):
    with pytest.raises(ValueError, match=message):
        getattr(digit_vae(), method)(x)


def test_grey_pixels_are_refused_by_a_binary_model():
    with pytest.raises(ValueError, match="x was not binary"):
        mlp_vae((1, 8, 8), 2, Bernoulli()).posterior(torch.full((2, 1, 8, 8), 0.5))


def test_codes_of_another_length_and_no_images_are_refused():
    with pytest.raises(ValueError, match=r"z was of shape \(5, 2\); expected shape \(\.\.\., 3\)"):
        digit_vae().decode(torch.zeros(5, 2))
    with pytest.raises(ValueError, match="n was 0"):
        digit_vae().sample_images(0)


@pytest.mark.parametrize("make", [
    lambda likelihood: mlp_vae((1, 8, 8), 2, likelihood),
    lambda likelihood: mlp_autoencoder((1, 8, 8), 2, likelihood),
    lambda likelihood: conv_vae(2, likelihood, (1, 8, 8)),
    lambda likelihood: conv_autoencoder(2, likelihood, (1, 8, 8)),
    lambda given: VAE(nn.Sequential(nn.Linear(2, 4)), nn.Sequential(nn.Linear(2, 2)), given, 2, (2,)),
])
def test_a_likelihood_may_be_named_and_what_is_none_is_refused(make):
    assert isinstance(make("bernoulli").likelihood, Bernoulli)
    known = "bernoulli, continuous_bernoulli, binomial, gaussian"
    message = f"likelihood was 'gaussean'; expected a Likelihood, or one of {known}"
    with pytest.raises(ValueError, match=message):
        make("gaussean")
    for wrong in (None, nn.Linear(2, 2), Bernoulli):
        with pytest.raises(ValueError, match="likelihood was of type"):
            make(wrong)


def test_seeded_puts_the_state_back_even_after_an_error_and_seeds_no_other_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("CUDA was seeded"))
    monkeypatch.setattr(torch, "manual_seed", lambda seed: pytest.fail("every device was seeded"))
    before = torch.get_rng_state()
    with pytest.raises(KeyError), seeded(3):
        drawn = torch.rand(2)
        raise KeyError
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(drawn, torch.rand(2, generator=torch.Generator().manual_seed(3)))


@pytest.mark.parametrize("seed", [-1, 1.5, None, "0", True])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(ValueError, match="seed was"):
        digit_vae(seed=seed)


def test_the_check_of_the_shapes_changes_no_statistics_and_no_mode():
    norm = nn.BatchNorm1d(6)
    frozen = nn.Dropout().eval()
    VAE(nn.Sequential(nn.Linear(6, 6), norm, frozen, nn.Linear(6, 4)), nn.Sequential(nn.Linear(2, 6)),
        Gaussian(), 2, (6,))
    assert norm.training and not frozen.training
    assert norm.num_batches_tracked == 0 and torch.equal(norm.running_var, torch.ones(6))


@pytest.mark.parametrize("encoder, decoder, data_shape, message", [
    (nn.BatchNorm2d(6), nn.Linear(2, 6), (6,), r"encoder was unable to take shape \(6,\)"),
    (nn.Identity(), nn.Linear(2, 6), (4,), "encoder was without parameters"),
    (nn.Linear(6, 4), nn.Identity(), (6,), "decoder was without parameters"),
    (None, nn.Linear(2, 6), (6,), "encoder was of type NoneType"),
    (nn.Linear(6, 4), nn.Linear(2, 6), (), r"data_shape was \(\)"),
])
def test_networks_that_cannot_be_trained_are_refused(encoder, decoder, data_shape, message):
    with pytest.raises(ValueError, match=message):
        VAE(encoder and nn.Sequential(encoder), nn.Sequential(decoder), Gaussian(), 2, data_shape)


def test_data_without_a_shape_is_refused_by_the_builders():
    with pytest.raises(ValueError, match=r"data_shape was \(\)"):
        mlp_vae((), 2, Gaussian())


@pytest.mark.parametrize("z, message", [
    ([[0.0] * 3], "z was of type list"),
    (torch.zeros(2, 3).double(), "z was of torch.float64; expected the model's torch.float32"),
    (torch.zeros(2, 3).long(), "z was of torch.int64"),
    (torch.full((2, 3), math.nan), "z was partly NaN"),
])
def test_what_is_no_code_is_refused(z, message):
    for method in ("decode", "decode_mean"):
        with pytest.raises(ValueError, match=message):
            getattr(digit_vae(), method)(z)


@pytest.mark.parametrize("make", [mlp_vae, mlp_autoencoder])
@pytest.mark.parametrize("x, message", [
    (torch.zeros(5, 8, 8), "x was of shape"),
    (torch.full((5, 1, 8, 8), 17.0), "x was not such counts"),
    (torch.full((5, 1, 8, 8), math.nan), "x was partly NaN"),
])
def test_terms_look_at_their_data(make, x, message):
    with pytest.raises(ValueError, match=message):
        make((1, 8, 8), 2, Binomial(16)).terms(x)
