"""The linear-Gaussian model x = W z + b + sigma noise: a VAE whose evidence and posterior are known exactly.

It is probabilistic PCA (Tipping & Bishop 1999); Lucas et al. 2019 (arXiv 1911.02469) study it as a VAE.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from vaelib.checks import finite_tensor, positive, positive_integer, real_array, require
from vaelib.exact import LinearGaussianModel
from vaelib.likelihoods import Gaussian
from vaelib.models import VAE, seeded


class LinearEncoder(nn.Module):
    """q(z | x) = N(V x + c, diag exp log_var): the mean is linear in x, the variance the same for every x."""

    def __init__(self, data_dim: int, latent_dim: int) -> None:
        super().__init__()
        self.mean = nn.Linear(data_dim, latent_dim)
        self.log_var = nn.Parameter(torch.zeros(latent_dim))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 2 latent_dim), means then log variances, for x (N, data_dim)."""
        mean = self.mean(x)
        return torch.cat([mean, self.log_var.expand_as(mean)], dim=-1)


class LinearVAE(VAE):
    """A VAE with linear decoder, linear encoder and Gaussian noise, data shape (data_dim,).

    It goes wherever a `VAE` goes. Raises `ValueError` for sizes below 1 and sigma not above 0.
    """

    def __init__(
        self, data_dim: int, latent_dim: int, sigma: float = 1.0, learned_sigma: bool = False, seed: int = 0
    ) -> None:
        data_dim = positive_integer("data_dim", data_dim)
        latent_dim = positive_integer("latent_dim", latent_dim)
        with seeded(seed):
            encoder = nn.Sequential(LinearEncoder(data_dim, latent_dim))
            decoder = nn.Sequential(nn.Linear(latent_dim, data_dim))
        super().__init__(encoder, decoder, Gaussian(sigma, learned_sigma), latent_dim, (data_dim,))

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor | None = None, sigma: float = 1.0) -> "LinearVAE":
        """Return the model with W = `weight` (data_dim, latent_dim), b = `bias` (data_dim,) or 0, this sigma.

        It has the dtype of `weight`, and its encoder is the best one (see `use_best_encoder`). Raises
        `ValueError` for other shapes, NaN and infinities, and sigma not above 0.
        """
        finite_tensor("weight", weight)
        shape = tuple(weight.shape)
        require(len(shape) == 2, "weight", f"of shape {shape}", "shape (data_dim, latent_dim)")
        model = cls(*shape, sigma=sigma).to(weight.dtype)
        bias = weight.new_zeros(len(weight)) if bias is None else bias
        finite_tensor("bias", bias)
        require(bias.shape == weight.shape[:1], "bias", f"of shape {tuple(bias.shape)}", f"({len(weight)},)")
        with torch.no_grad():
            model.weight.copy_(weight)
            model.bias.copy_(bias)
            model.likelihood.log_sigma.fill_(math.log(positive("sigma", sigma)))
        model.use_best_encoder()
        return model

    @property
    def weight(self) -> Tensor:
        """W, (data_dim, latent_dim)."""
        return self.decoder[0].weight

    @property
    def bias(self) -> Tensor:
        """b, (data_dim,): the mean of x under the model."""
        return self.decoder[0].bias

    @property
    def exact(self) -> LinearGaussianModel:
        """The same model without its encoder, in float64: the source of everything exact below."""
        return LinearGaussianModel(self.weight, self.likelihood.sigma, self.bias)

    @property
    def covariance(self) -> Tensor:
        """The covariance of x under the model, W W^T + sigma^2 I, (data_dim, data_dim)."""
        return self.exact.covariance.to(self.weight)

    @property
    def posterior_precision(self) -> Tensor:
        """The precision of p(z | x), the same for every x: I + W^T W / sigma^2, (latent_dim, latent_dim)."""
        return self.exact.posterior_precision.to(self.weight)

    def log_evidence(self, x: Tensor) -> Tensor:
        """Return the exact ln p(x) = ln N(x; b, W W^T + sigma^2 I) in nats, (N,), for x (N, data_dim).

        Raises `ValueError` if x is not data for this model.
        """
        self.check(x)
        return self.exact.log_evidence(x).to(x)

    def posterior_distribution(self, x: Tensor) -> MultivariateNormal:
        """Return the exact p(z | x) of N examples, x (N, data_dim), with its full covariance.

        Raises `ValueError` if x is not data for this model.
        """
        self.check(x)
        mean, precision = self.exact.posterior(x).mean.to(x), self.posterior_precision
        return MultivariateNormal(mean, precision_matrix=precision.expand(len(x), -1, -1))

    @torch.no_grad()
    def use_best_encoder(self) -> None:
        """Set q(z | x) to the diagonal Gaussian nearest to p(z | x) in KL(q || p), for every x.

        Its mean is the exact one and its variances 1 / Lambda_jj. It is the exact posterior if and only if
        the columns of W are orthogonal; otherwise a gap remains.
        """
        exact, layer = self.exact, self.encoder[0]
        layer.mean.weight.copy_(exact.gain)
        layer.mean.bias.copy_(-exact.gain @ exact.bias)
        layer.log_var.copy_(-exact.posterior_precision.diagonal().log())


class LinearOptimum(NamedTuple):
    """The best linear beta-VAE: tensors (D,) with one number per eigenvalue, the largest first, and totals.

    `weight2` is w^2, `gain` the encoder's a, `variance` that of q(z | x), `rate` in nats, `sse` the squared
    error; a dimension without a latent that carries something has 0, 0, 1, 0 and its eigenvalue. The totals
    are the noise `sigma2`, the `distortion` and the `objective` distortion + beta rate, nats per example.
    """

    weight2: Tensor
    gain: Tensor
    variance: Tensor
    rate: Tensor
    sse: Tensor
    sigma2: float
    distortion: float
    objective: float


def linear_vae_optimum(
    eigenvalues: Sequence[float], beta: float = 1.0, sigma2: float | None = None, latent_dim: int | None = None
) -> LinearOptimum:
    """Return the optimum of a linear beta-VAE on data whose covariance has these D eigenvalues.

    Up to `latent_dim` latents (by default D) carry the largest eigenvalues above tau = beta sigma2; this is
    reverse water-filling with level tau. Without `sigma2` the noise is learned (see `learned_noise`).
    Raises `ValueError` for negative eigenvalues, beta and sigma2 not above 0, latent_dim not from 1 to D, and
    noise that would be learned as 0. Source: Lucas et al. 2019 (arXiv 1911.02469), here for any beta.
    """
    values = torch.as_tensor(real_array("eigenvalues", eigenvalues).copy(), dtype=torch.float64)
    fits = values.dim() == 1 and len(values) > 0 and bool((values >= 0).all() and values.isfinite().all())
    require(fits, "eigenvalues", repr(eigenvalues), "a list of finite numbers >= 0")
    values, size, beta = values.sort(descending=True).values, len(values), positive("beta", beta)
    latents = positive_integer("latent_dim", size if latent_dim is None else latent_dim)
    require(latents <= size, "latent_dim", latents, f"at most {size}, one for each eigenvalue")
    if sigma2 is None:
        sigma2 = learned_noise(values, beta, latents)
        require(sigma2 > 0, "latent_dim", latents, "fewer: they would explain all, and learned noise be 0")
    tau = beta * positive("sigma2", sigma2)
    active = (values > tau) & (torch.arange(size) < latents)
    sse = torch.where(active, tau, values)
    weight2 = values - sse
    rate = 0.5 * active * (values.clamp(min=tau) / tau).log()
    distortion = 0.5 * (size * math.log(2 * math.pi * sigma2) + sse.sum().item() / sigma2)
    gain, variance = weight2.sqrt() / (weight2 + tau), tau / (weight2 + tau)
    objective = distortion + beta * rate.sum().item()
    return LinearOptimum(weight2, gain, variance, rate, sse, sigma2, distortion, objective)


def learned_noise(values: Tensor, beta: float, latents: int) -> float:
    """Return the best sigma^2 of a linear beta-VAE for eigenvalues (D,) in falling order; raises nothing.

    A stationary sigma2 solves D sigma2 = SSE(sigma2). The SSE is concave in sigma2: the smallest of the lines
    m beta sigma2 + (the sum of all but the m largest eigenvalues), m = 0 ... latents. So there is at most one
    solution above 0, a minimum: the smallest sigma2 at which one of these lines meets D sigma2. It is 0 where
    the latents explain everything and beta latents < D.
    """
    size = len(values)
    counts = [m for m in range(latents + 1) if m * beta < size]
    return min(values[m:].sum().item() / (size - m * beta) for m in counts)
