"""Diagonal Gaussians, written as (mean, log_var): log density, entropy, KL divergence, samples.

`log_var` is ln sigma^2, so every real number a network puts out is a valid one. The last dimension is the
dimension of the Gaussian (k); all others are batch dimensions. Everything is in nats.
"""

import math

import torch
from torch import Tensor

from vaelib.checks import positive_integer

LOG_2_PI = math.log(2 * math.pi)


def log_prob(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """Return ln N(z; mean, diag exp log_var), shape (...), summed over the last dimension.

    `z`, `mean` and `log_var` have shape (..., k) or broadcast to it.
    """
    squared = (z - mean) ** 2 * torch.exp(-log_var)
    return -0.5 * (squared + log_var + LOG_2_PI).sum(-1)


def standard_log_prob(z: Tensor) -> Tensor:
    """Return ln N(z; 0, I), shape (...), for z of shape (..., k): the log density of the prior."""
    return -0.5 * (z**2 + LOG_2_PI).sum(-1)


def entropy(log_var: Tensor) -> Tensor:
    """Return the differential entropy 1/2 sum ln(2 pi e sigma^2), shape (...), for log_var (..., k)."""
    return 0.5 * (log_var + LOG_2_PI + 1).sum(-1)


def kl_per_dimension(mean: Tensor, log_var: Tensor) -> Tensor:
    """Return KL(N(mean_j, exp log_var_j) || N(0, 1)) for every latent dimension j, shape (..., k).

    The addends of Kingma & Welling 2014 (arXiv 1312.6114), appendix B, with the sign of a divergence:
    (mean^2 + sigma^2 - 1 - ln sigma^2) / 2.
    """
    # expm1 keeps the small divergence of a nearly collapsed dimension from drowning in rounding.
    return 0.5 * (mean**2 + torch.expm1(log_var) - log_var)


def kl_to_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """Return KL(N(mean, diag exp log_var) || N(0, I)), shape (...), for arguments of shape (..., k)."""
    return kl_per_dimension(mean, log_var).sum(-1)


def kl_diagonal(mean: Tensor, log_var: Tensor, other_mean: Tensor, other_log_var: Tensor) -> Tensor:
    """Return KL(N(mean, diag exp log_var) || N(other_mean, diag exp other_log_var)), shape (...).

    All arguments have shape (..., k) or broadcast to it. The expectation is under the first Gaussian.
    """
    ratio = log_var - other_log_var
    distance = (mean - other_mean) ** 2 * torch.exp(-other_log_var)
    return 0.5 * (torch.expm1(ratio) - ratio + distance).sum(-1)


def standard_normal(shape: tuple[int, ...], like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Return N(0, 1) noise of `shape` with the dtype and device of `like`.

    The noise is drawn where the generator lives, so one CPU generator gives the same numbers on every device.
    """
    device = like.device if generator is None else generator.device
    return torch.randn(shape, generator=generator, dtype=like.dtype, device=device).to(like.device)


def sample(
    mean: Tensor, log_var: Tensor, generator: torch.Generator | None = None, n_samples: int | None = None
) -> Tensor:
    """Return z = mean + sigma * noise: gradients flow to mean and log_var (the reparameterisation trick).

    Arguments of shape (..., k), or that broadcast to it, give z of shape (..., k), every number with noise of
    its own, or (n_samples, ..., k) when `n_samples` is given. Raises `ValueError` if n_samples < 1.
    Source: Kingma & Welling 2014 (arXiv 1312.6114), section 2.4.
    """
    leading = () if n_samples is None else (positive_integer("n_samples", n_samples),)
    shape = torch.broadcast_shapes(mean.shape, log_var.shape)
    noise = standard_normal((*leading, *shape), mean, generator)
    return mean + torch.exp(0.5 * log_var) * noise
