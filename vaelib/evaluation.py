"""What the codes carry: which latents are in use, and the rate split into information and mismatch.

Each function takes a `VAE` and data x (N, *data_shape), gives values in nats where it gives values, and
raises `ValueError` if x is not data for that model or the model is no `VAE`.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from vaelib import gaussian, objectives
from vaelib.checks import non_negative
from vaelib.models import VAE, Posterior

# Numbers in the largest table of log densities, (draws at a time, latent_dim, N): it should fit in the cache.
TABLE = 2**18


class RateSplit(NamedTuple):
    """The rate and its parts in nats, averaged over x, with q(z) = 1/N sum_n q(z | x_n) of the x given.

    rate = information + marginal_kl: what a code tells about *which* x it came from, I_q(x; z) <= ln N, and
    KL(q(z) || p(z)), how far all codes together are from the prior. The latter is again two things,
    marginal_kl = total_correlation + dimension_wise: KL(q(z) || prod_j q(z_j)), the latents' dependence, and
    sum_j KL(q(z_j) || p(z_j)), the misfit of each latent by itself.
    """

    rate: float
    information: float
    marginal_kl: float
    total_correlation: float
    dimension_wise: float


@torch.no_grad()
def active_units(vae: VAE, x: Tensor, threshold: float = 0.01) -> Tensor:
    """Return for each latent whether its posterior mean varies over x by more than `threshold`, (k,) bool.

    The threshold is on the variance of the mean. Source: Burda et al. 2016 (arXiv 1509.00519), who take 0.01.
    Raises `ValueError` if it is below 0.
    """
    variance = objectives._checked(vae).posterior(x).mean.var(0, correction=0)
    return variance > non_negative("threshold", threshold)


@torch.no_grad()
def rate_split(
    vae: VAE, x: Tensor, generator: torch.Generator | None = None, n_samples: int = 1
) -> RateSplit:
    """Return the `RateSplit` of x, with `n_samples` draws of z for each example. The two sums hold exactly.

    The rate is a closed form. The information, of all latents and of each, is a mean of
    ln q(z | x) - ln q(z) over the draws: unbiased for the N examples given, with a standard error of about
    1 / sqrt(n_samples N) nats. The other three parts are differences of these, so each may come out that
    little below 0. They speak of the N examples and not of the population behind them: there the information
    may be larger, and marginal_kl and total_correlation smaller, by as much as the bound ln N cuts off.

    Sources: Hoffman & Johnson 2016, "ELBO surgery"; Chen et al. 2018 (arXiv 1802.04942).
    Raises `ValueError` if n_samples < 1.
    """
    posterior = objectives._checked(vae).posterior(x)
    z = gaussian.sample(*posterior, generator, n_samples)
    own = _log_prob_per_latent(z, *posterior).flatten(0, 1)
    joint, single = _log_mixtures(z.flatten(0, 1), posterior)
    rates = gaussian.kl_per_dimension(*posterior).mean(0)
    information, of_each = (own.sum(-1) - joint).mean(), (own - single).mean(0)
    rate = rates.sum()
    parts = (rate, information, rate - information, of_each.sum() - information, rate - of_each.sum())
    return RateSplit(*(part.item() for part in parts))


def _log_prob_per_latent(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """Return `gaussian.log_prob` before its sum, for arguments that broadcast to one shape."""
    return gaussian.log_prob(z[..., None], mean[..., None], log_var[..., None])


def _log_mixtures(z: Tensor, posterior: Posterior) -> tuple[Tensor, Tensor]:
    """Return ln q(z), (draws,), and ln q(z_j), (draws, k), for codes z (draws, k): exact sums over all x."""
    joint, single = [], []
    for part in z.split(max(1, TABLE // posterior.mean.numel())):
        table = _log_prob_per_latent(part[..., None], posterior.mean.T, posterior.log_var.T)  # (part, k, N)
        joint.append(table.sum(1).logsumexp(-1))
        single.append(table.logsumexp(-1))
    log_n = math.log(len(posterior.mean))
    return torch.cat(joint) - log_n, torch.cat(single) - log_n
