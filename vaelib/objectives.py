"""What a latent-variable model is judged by: rate, distortion, ELBO, and the importance-weighted ln p(x).

All values are per example and in nats. Every function takes a `VAE` (or `LinearVAE`) and data x
(N, *data_shape), and raises `ValueError` if x is not data for that model or the model is no `VAE`. For rate
and distortion with one sample of z see `VAE.terms`.
"""

import math

import torch
from torch import Tensor

from vaelib import gaussian
from vaelib.checks import positive_integer, require
from vaelib.models import VAE, Posterior


def rate(posterior: Posterior) -> Tensor:
    """Return KL(q(z | x) || N(0, I)) of every example, (N,)."""
    return gaussian.kl_to_standard_normal(posterior.mean, posterior.log_var)


def elbo(vae: VAE, x: Tensor, n_samples: int = 1, generator: torch.Generator | None = None) -> Tensor:
    """Return the ELBO of every example, (N,): E_q ln p(x | z) over `n_samples` draws, less the exact rate.

    Source: Kingma & Welling 2014 (arXiv 1312.6114), equation 10.
    """
    posterior = _checked(vae).posterior(x)
    z = gaussian.sample(posterior.mean, posterior.log_var, generator, n_samples)
    return vae.likelihood._log_prob(x, vae._decode(z)).mean(0) - rate(posterior)


def log_weights(vae: VAE, x: Tensor, n_samples: int, generator: torch.Generator | None = None) -> Tensor:
    """Return ln w = ln p(x | z) + ln p(z) - ln q(z | x) at draws z from q(z | x), (n_samples, N).

    The mean of w is an unbiased estimate of p(x), the mean of ln w one of the ELBO. Gradients flow, so
    `torch.logsumexp(log_weights, 0) - ln K` is the objective of Burda et al. 2016 (arXiv 1509.00519).
    """
    return _log_weights(vae, x, _checked(vae).posterior(x), n_samples, generator)


@torch.no_grad()
def log_evidence_importance(
    vae: VAE, x: Tensor, n_samples: int, generator: torch.Generator | None = None, chunk: int = 4096
) -> Tensor:
    """Return the importance-weighted estimate ln (1/K sum_k w_k) of ln p(x), (N,), with K = n_samples.

    Its expectation L_K is the ELBO at K = 1, never falls with K, stays below ln p(x) and tends to it (Burda
    et al. 2016, arXiv 1509.00519, theorem 1). At most `chunk` images are decoded at a time: K may be large.
    """
    _checked(vae).check(x)
    n_samples, chunk = positive_integer("n_samples", n_samples), positive_integer("chunk", chunk)
    return torch.cat([_log_mean_weight(vae, part, n_samples, generator, chunk) for part in x.split(chunk)])


def _checked(vae: VAE) -> VAE:
    require(isinstance(vae, VAE), "vae", f"of type {type(vae).__name__}", "a VAE: it must have a posterior")
    return vae


def _log_weights(
    vae: VAE, x: Tensor, posterior: Posterior, n_samples: int, generator: torch.Generator | None
) -> Tensor:
    z = gaussian.sample(posterior.mean, posterior.log_var, generator, n_samples)
    log_joint = vae.likelihood._log_prob(x, vae._decode(z)) + gaussian.standard_log_prob(z)
    return log_joint - gaussian.log_prob(z, posterior.mean, posterior.log_var)


def _log_mean_weight(
    vae: VAE, x: Tensor, n_samples: int, generator: torch.Generator | None, chunk: int
) -> Tensor:
    posterior, at_once = vae.posterior(x), max(1, chunk // len(x))
    log_sum = x.new_full((len(x),), -math.inf)
    for start in range(0, n_samples, at_once):
        part = _log_weights(vae, x, posterior, min(at_once, n_samples - start), generator)
        log_sum = torch.logaddexp(log_sum, torch.logsumexp(part, dim=0))
    return log_sum - math.log(n_samples)
