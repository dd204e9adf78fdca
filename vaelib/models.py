"""Encoder, decoder, and the two models made of them: the variational and the plain autoencoder."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vaelib import gaussian
from vaelib.checks import (
    finite_tensor, non_negative, non_negative_integer, positive_integer, require, trailing_shape
)
from vaelib.likelihoods import FAMILIES, Likelihood, likelihood_named


class Posterior(NamedTuple):
    """The encoder's q(z | x) = N(mean, diag exp log_var): two tensors (N, latent_dim)."""

    mean: Tensor
    log_var: Tensor


class Terms(NamedTuple):
    """The two terms of the negative ELBO of every example, in nats: tensors (N, latent_dim) and (N,).

    `rates` holds KL(q(z_j | x) || p(z_j)) of every latent j; an `Autoencoder` has none, (N, 0).
    `distortion` is a one-sample estimate of -E_q ln p(x | z).
    """

    rates: Tensor
    distortion: Tensor

    @property
    def rate(self) -> Tensor:
        """KL(q(z | x) || p(z)) of every example, (N,): the sum over the latents."""
        return self.rates.sum(-1)

    @property
    def elbo(self) -> Tensor:
        """The ELBO of every example, (N,): -(distortion + rate), whatever beta the model was trained with."""
        return -(self.distortion + self.rate)

    def loss(self, beta: float = 1.0, free_nats: float = 0.0) -> Tensor:
        """Return mean(distortion + beta rate), a scalar: the mean over the batch is the last step.

        With `free_nats` above 0, a latent whose batch-mean rate lies below that number counts as if it lay
        there: mean(distortion) + beta sum_j max(mean rates_j, free_nats). Nothing presses it further down.
        Sources: Higgins et al. 2017 (OpenReview Sy2fzU9gl), equation 4; Kingma et al. 2016
        (arXiv 1606.04934), "free bits". Raises `ValueError` if beta < 0 or free_nats < 0.
        """
        beta, free_nats = non_negative("beta", beta), non_negative("free_nats", free_nats)
        return self.distortion.mean() + beta * self.rates.mean(0).clamp(min=free_nats).sum()


class LatentModel(nn.Module):
    """What both models share: an encoder, a decoder, a likelihood, and the shapes between them.

    Arguments: `encoder` maps x scaled by `likelihood.to_unit`, (N, *data_shape), to (N, numbers per code);
    `decoder` maps (N, latent_dim) to raw output (N, *data_shape); `likelihood` is one, or the name of one in
    `likelihoods.FAMILIES`. Raises `ValueError` if the networks do not fit or have no weights, if `likelihood`
    is none, and for sizes below 1.
    """

    numbers_per_latent: int

    def __init__(
        self,
        encoder: nn.Sequential,
        decoder: nn.Sequential,
        likelihood: Likelihood | str,
        latent_dim: int,
        data_shape: tuple[int, ...],
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = _network("encoder", encoder), _network("decoder", decoder)
        self.likelihood = _likelihood(likelihood)
        self.latent_dim = positive_integer("latent_dim", latent_dim)
        self.data_shape = _data_shape(data_shape)
        self._check_shapes()

    def check(self, x: Tensor) -> None:
        """Raise `ValueError` unless x (N, *data_shape) has this model's dtype and its likelihood's range."""
        self.likelihood.check(x)
        expected = f"shape (N, {', '.join(map(str, self.data_shape))})"
        require(tuple(x.shape[1:]) == self.data_shape, "x", f"of shape {tuple(x.shape)}", expected)
        self._check_dtype("x", x)

    def decode(self, z: Tensor) -> Tensor:
        """Return the decoder's raw output (..., *data_shape) for codes z (..., latent_dim).

        Raises `ValueError` for codes of another length or dtype, and for NaN and infinities.
        """
        finite_tensor("z", z)
        trailing_shape("z", z, (self.latent_dim,))
        self._check_dtype("z", z)
        return self._decode(z)

    def decode_mean(self, z: Tensor) -> Tensor:
        """Return E[x | z], (..., *data_shape) on the scale of x, for codes z (..., latent_dim)."""
        return self.likelihood.mean(self.decode(z))

    @torch.no_grad()
    def sample_images(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Return E[x | z], (n, *data_shape), at n draws of z from the prior, without gradient.

        Raises `ValueError` if n < 1.
        """
        like = next(self.parameters())
        shape = (positive_integer("n", n), self.latent_dim)
        return self.decode_mean(gaussian.standard_normal(shape, like, generator))

    def terms(self, x: Tensor, generator: torch.Generator | None = None) -> Terms:
        """Return the rates and the distortion of every example of x (N, *data_shape).

        They are what training descends. A `VAE` draws one z for each example; an `Autoencoder` draws nothing,
        and its rate is 0.
        Raises `ValueError` if x is not data for this model.
        """
        self.check(x)
        return self._terms(x, generator)

    def _terms(self, x: Tensor, generator: torch.Generator | None = None) -> Terms:
        """Return `terms` of an x that is already checked, as every batch of a training run is."""
        raise NotImplementedError

    def _decode(self, z: Tensor) -> Tensor:
        output = self.decoder(z.reshape(-1, self.latent_dim))
        return output.reshape(*z.shape[:-1], *self.data_shape)

    def _check_dtype(self, argument: str, value: Tensor) -> None:
        dtype = next(self.parameters()).dtype
        require(value.dtype == dtype, argument, f"of {value.dtype}", f"the model's {dtype}")

    def _encode(self, x: Tensor) -> Tensor:
        return self.encoder(self.likelihood.to_unit(x))

    @torch.no_grad()
    def _check_shapes(self) -> None:
        """Raise `ValueError` unless the networks fit; in eval mode, so no layer learns from the zeros."""
        modes = {module: module.training for module in self.modules()}
        self.eval()
        try:
            self._check_networks(next(self.parameters()))
        finally:
            for module, mode in modes.items():
                module.training = mode

    def _check_networks(self, like: Tensor) -> None:
        numbers = self.numbers_per_latent * self.latent_dim
        code = _output_shape("encoder", self.encoder, like.new_zeros(1, *self.data_shape))
        require(code == (numbers,), "encoder", f"giving shape {code}",
                f"{(numbers,)}: {self.numbers_per_latent} for each of {self.latent_dim} latents")
        output = _output_shape("decoder", self.decoder, like.new_zeros(1, self.latent_dim))
        expected = f"data_shape {self.data_shape}"
        require(output == self.data_shape, "decoder", f"giving shape {output}", expected)


class VAE(LatentModel):
    """A variational autoencoder with prior N(0, I) and a diagonal Gaussian posterior.

    The encoder ends in 2 latent_dim numbers: the posterior's mean, then its log variance.
    Source: Kingma & Welling 2014 (arXiv 1312.6114).
    """

    numbers_per_latent = 2

    def posterior(self, x: Tensor) -> Posterior:
        """Return q(z | x) for x (N, *data_shape). Raises `ValueError` if x is not data for this model."""
        self.check(x)
        return self._posterior(x)

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """Return E[x | z] at the posterior mean, in the shape and on the scale of x, without gradient."""
        return self.decode_mean(self.posterior(x).mean)

    def _terms(self, x: Tensor, generator: torch.Generator | None = None) -> Terms:
        posterior = self._posterior(x)
        z = gaussian.sample(posterior.mean, posterior.log_var, generator)
        rates = gaussian.kl_per_dimension(posterior.mean, posterior.log_var)
        return Terms(rates, -self.likelihood._log_prob(x, self._decode(z)))

    def _posterior(self, x: Tensor) -> Posterior:
        return Posterior(*self._encode(x).chunk(2, dim=-1))


class Autoencoder(LatentModel):
    """A plain autoencoder: the code is a point, so there is no rate and nothing shapes the codes.

    Its loss is the distortion alone, -ln p(x | code) in nats.
    """

    numbers_per_latent = 1

    def encode(self, x: Tensor) -> Tensor:
        """Return the codes (N, latent_dim) of x (N, *data_shape). Raises `ValueError` for what is no data."""
        self.check(x)
        return self._encode(x)

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """Return E[x | code], in the shape and on the scale of x, without gradient."""
        return self.decode_mean(self.encode(x))

    def _terms(self, x: Tensor, generator: torch.Generator | None = None) -> Terms:
        distortion = -self.likelihood._log_prob(x, self._decode(self._encode(x)))
        return Terms(distortion.new_zeros(len(x), 0), distortion)


def mlp_vae(
    data_shape: tuple[int, ...],
    latent_dim: int,
    likelihood: Likelihood | str,
    hidden: tuple[int, ...] = (256,),
    seed: int = 0,
) -> VAE:
    """Return a VAE of fully connected layers, its decoder the mirror image of its encoder.

    `hidden` are the widths from data to code; `likelihood` is one, or its name; `seed` makes the initial
    weights and leaves torch's own random state alone. Raises `ValueError` for sizes below 1, for what is no
    likelihood, and for a seed that is no whole number >= 0.
    """
    with seeded(seed):
        return VAE(*_mlp(data_shape, latent_dim, 2, hidden), likelihood, latent_dim, data_shape)


def mlp_autoencoder(
    data_shape: tuple[int, ...],
    latent_dim: int,
    likelihood: Likelihood | str,
    hidden: tuple[int, ...] = (256,),
    seed: int = 0,
) -> Autoencoder:
    """Return the plain autoencoder of the shape of `mlp_vae`; arguments and errors are the same."""
    with seeded(seed):
        return Autoencoder(*_mlp(data_shape, latent_dim, 1, hidden), likelihood, latent_dim, data_shape)


def conv_vae(
    latent_dim: int,
    likelihood: Likelihood | str,
    data_shape: tuple[int, int, int] = (3, 32, 32),
    width: int = 16,
    seed: int = 0,
) -> VAE:
    """Return a convolutional VAE for images (channels, height, width) with sides divisible by 8.

    `width` is the number of channels nearest the image; at 16 the decoder has 27,979 weights and 48 more for
    each latent dimension. A batch of 16 or 32 images trains it furthest per second.
    Raises `ValueError` for other sides, and as `mlp_vae` does.
    """
    with seeded(seed):
        return VAE(*_conv(data_shape, latent_dim, 2, width), likelihood, latent_dim, data_shape)


def conv_autoencoder(
    latent_dim: int,
    likelihood: Likelihood | str,
    data_shape: tuple[int, int, int] = (3, 32, 32),
    width: int = 16,
    seed: int = 0,
) -> Autoencoder:
    """Return the plain autoencoder of the shape of `conv_vae`; arguments and errors are the same."""
    with seeded(seed):
        return Autoencoder(*_conv(data_shape, latent_dim, 1, width), likelihood, latent_dim, data_shape)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's CPU generator inside the `with` block and put its state back afterwards.

    The generators of other devices are left alone. Raises `ValueError` unless `seed` is a whole number >= 0.
    """
    seed, state = non_negative_integer("seed", seed), torch.get_rng_state()
    torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed every device
    try:
        yield
    finally:
        torch.set_rng_state(state)


def _mlp(
    data_shape: tuple[int, ...], latent_dim: int, per_latent: int, hidden: tuple[int, ...]
) -> tuple[nn.Sequential, nn.Sequential]:
    latent_dim = positive_integer("latent_dim", latent_dim)
    size = math.prod(_data_shape(data_shape))
    widths = _shape("hidden", hidden)
    encoder = nn.Sequential(nn.Flatten(), *_dense((size, *widths, per_latent * latent_dim)))
    decoder = nn.Sequential(*_dense((latent_dim, *widths[::-1], size)), nn.Unflatten(1, tuple(data_shape)))
    return encoder, decoder


def _dense(sizes: tuple[int, ...]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return layers[:-1]


def _conv(
    data_shape: tuple[int, int, int], latent_dim: int, per_latent: int, width: int
) -> tuple[nn.Sequential, nn.Sequential]:
    latent_dim, width = positive_integer("latent_dim", latent_dim), positive_integer("width", width)
    shape = _data_shape(data_shape)
    divisible = len(shape) == 3 and shape[1] % 8 == 0 and shape[2] % 8 == 0
    require(divisible, "data_shape", shape, "(channels, height, width) with sides divisible by 8")
    channels, small = shape[0], (shape[1] // 8, shape[2] // 8)
    cells = small[0] * small[1]
    coarse, hidden = 3 * width // 2, 4 * width
    encoder = nn.Sequential(
        nn.Conv2d(channels, width, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(2 * width, 2 * width, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(2 * width * cells, hidden), nn.ReLU(),
        nn.Linear(hidden, per_latent * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 3 * width), nn.ReLU(),
        nn.Linear(3 * width, coarse * cells), nn.Unflatten(1, (coarse, *small)), nn.ReLU(),
        nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(coarse, coarse, 3, padding=1), nn.ReLU(),
        nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(coarse, width, 3, padding=1), nn.ReLU(),
        nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(width, channels, 3, padding=1),
    )
    # Channels last in memory trains a third faster on a CPU; shapes and numbers stay the same.
    return encoder.to(memory_format=torch.channels_last), decoder.to(memory_format=torch.channels_last)


def _output_shape(argument: str, network: nn.Module, example: Tensor) -> tuple[int, ...]:
    try:
        return tuple(network(example).shape[1:])
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        shape = tuple(example.shape[1:])
        raise ValueError(f"{argument} was unable to take shape {shape}; expected it to: {error}") from error


def _shape(argument: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    require(isinstance(shape, tuple | list | torch.Size), argument, repr(shape), "a tuple of sizes")
    return tuple(positive_integer(argument, size) for size in shape)


def _data_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    sizes = _shape("data_shape", shape)
    require(len(sizes) > 0, "data_shape", shape, "at least one size")
    return sizes


def _network(argument: str, network: nn.Module) -> nn.Module:
    found = f"of type {type(network).__name__}"
    require(isinstance(network, nn.Module), argument, found, "an nn.Sequential")
    weights = any(True for _ in network.parameters())
    require(weights, argument, "without parameters", "a network with weights to train")
    return network


def _likelihood(likelihood: Likelihood | str) -> Likelihood:
    if isinstance(likelihood, str) and likelihood in FAMILIES:
        return likelihood_named(likelihood)
    was = repr(likelihood) if isinstance(likelihood, str) else f"of type {type(likelihood).__name__}"
    expected = f"a Likelihood, or one of {', '.join(FAMILIES)}"
    require(isinstance(likelihood, Likelihood), "likelihood", was, expected)
    return likelihood
