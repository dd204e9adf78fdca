"""Latent-variable models whose evidence and posterior are known exactly: what every bound is tested against.

All speak one language, in nats and float64: `log_joint` ln p(x, z), `log_evidence` ln p(x), `posterior`
p(z | x), and `elbo` E_q ln p(x, z) + H(q), for any q over z. The gap `log_evidence` - `elbo` is
KL(q || posterior). Arguments are tensors, arrays or lists, and gradients flow to those that are tensors.
Everything raises `ValueError` for NaN, infinities and shapes that do not fit.
"""

from typing import NamedTuple

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from vaelib import gaussian
from vaelib.checks import finite_tensor, real_array, require
from vaelib.information import distribution

Values = ArrayLike | Tensor


class FiniteModel:
    """A model with K hidden causes, p(z = k) = prior_k: few enough to sum over. Subclasses say p(x | z)."""

    prior: Tensor

    def log_likelihood(self, x: Values) -> Tensor:
        """Return ln p(x | z = k) of N data under each of the K causes, (N, K)."""
        raise NotImplementedError

    def log_joint(self, x: Values, z: Values | None = None) -> Tensor:
        """Return ln p(x, z): for every cause, (N, K), or for causes z (..., N) from 0 to K - 1, (..., N)."""
        table = self.prior.log() + self.log_likelihood(x)
        if z is None:
            return table
        z = _outcomes("z", _numbers("z", z, batch=table.shape[:1]), len(self.prior))
        return table[torch.arange(len(table)), z]

    def log_evidence(self, x: Values) -> Tensor:
        """Return ln p(x) = ln sum_k p(x, z = k), (N,); -infinity where no cause makes x possible."""
        return torch.logsumexp(self.log_joint(x), -1)

    def posterior(self, x: Values) -> Tensor:
        """Return p(z = k | x), (N, K). Raises `ValueError` where x is impossible: it has no posterior."""
        log_joint = self.log_joint(x)
        possible = (log_joint > -torch.inf).any(-1)
        require(bool(possible.all()), "x", "partly impossible under the model", "data of probability > 0")
        return torch.softmax(log_joint, -1)

    def elbo(self, x: Values, q: Values) -> Tensor:
        """Return sum_k q_k (ln p(x, z = k) - ln q_k), (N,), for probabilities q (N, K), or (K,) for every x.

        One x goes with many q. A cause with q_k = 0 adds nothing; one that only q believes in costs infinity.
        """
        log_joint = self.log_joint(x)
        q = _numbers("q", q, len(self.prior), batch=log_joint.shape[:1], check=distribution)
        believed = q > 0
        log_ratio = torch.where(believed, log_joint, 0.0) - torch.where(believed, q, 1.0).log()
        return (q * log_ratio).sum(-1)


class DiscreteModel(FiniteModel):
    """K causes of M symbols: prior (K,) and likelihood (K, M), p(x = m | z = k). Data x (N,) are 0 to M - 1.

    Raises `ValueError` unless the prior and each row of the likelihood sum to 1 within 1e-9.
    """

    def __init__(self, prior: Values, likelihood: Values) -> None:
        self.prior = _numbers("prior", prior, "K", check=distribution)
        self.likelihood = _numbers("likelihood", likelihood, len(self.prior), "M", check=distribution)

    def log_likelihood(self, x: Values) -> Tensor:
        x = _outcomes("x", _numbers("x", x, "N"), self.likelihood.shape[1])
        return self.likelihood.log()[:, x].T


class MixtureModel(FiniteModel):
    """A mixture of K round Gaussians, x | z = k ~ N(means_k, variance_k I). Data x are (N, D).

    weights (K,) are the prior, means (K, D), variance a number or (K,). Raises `ValueError` unless the
    weights sum to 1 within 1e-9 and every variance is above 0.
    """

    def __init__(self, weights: Values, means: Values, variance: Values) -> None:
        self.prior = _numbers("weights", weights, "K", check=distribution)
        self.means = _numbers("means", means, len(self.prior), "D")
        shape = self.prior.shape[: real_array("variance", variance).ndim]  # () or (K,)
        self.variance = _numbers("variance", variance, *shape, check=_positive)

    def log_likelihood(self, x: Values) -> Tensor:
        x = _numbers("x", x, "N", self.means.shape[1])
        return gaussian.log_prob(x[:, None], self.means, self.variance.log()[..., None])


class GaussianQ(NamedTuple):
    """N(mean, covariance) over z: mean (N, k), covariance (N, k, k), or (k, k) for every x alike."""

    mean: Tensor
    covariance: Tensor


class LinearGaussianModel:
    """Probabilistic PCA: z ~ N(0, I) in k dimensions, x | z ~ N(W z + b, sigma^2 I) in D. Data x are (N, D).

    weight W (D, k), sigma > 0, bias b (D,) or 0. Source: Tipping & Bishop 1999, Probabilistic Principal
    Component Analysis.
    """

    def __init__(self, weight: Values, sigma: float | Tensor, bias: Values | None = None) -> None:
        self.weight = _numbers("weight", weight, "D", "k")
        self.sigma = _numbers("sigma", sigma, check=_positive)
        data_dim = len(self.weight)
        self.bias = self.weight.new_zeros(data_dim) if bias is None else _numbers("bias", bias, data_dim)

    @property
    def covariance(self) -> Tensor:
        """The covariance of x, W W^T + sigma^2 I, (D, D)."""
        return self.weight @ self.weight.T + self.sigma**2 * torch.eye(len(self.weight)).to(self.weight)

    @property
    def posterior_precision(self) -> Tensor:
        """The precision Lambda of p(z | x), the same for every x: I + W^T W / sigma^2, (k, k)."""
        scaled = self.weight / self.sigma
        return torch.eye(scaled.shape[1]).to(scaled) + scaled.T @ scaled

    @property
    def gain(self) -> Tensor:
        """The matrix Lambda^-1 W^T / sigma^2, (k, D): how far the posterior mean moves with x."""
        return torch.linalg.solve(self.posterior_precision, self.weight.T) / self.sigma**2

    def log_joint(self, x: Values, z: Values) -> Tensor:
        """Return ln p(x, z), (..., N), for codes z (..., N, k); one x goes with many z."""
        x = self._data(x)
        z = _numbers("z", z, self.weight.shape[1], batch=x.shape[:1])
        log_likelihood = gaussian.log_prob(x, z @ self.weight.T + self.bias, 2 * self.sigma.log())
        return gaussian.standard_log_prob(z) + log_likelihood

    def log_evidence(self, x: Values) -> Tensor:
        """Return ln p(x) = ln N(x; b, W W^T + sigma^2 I), (N,)."""
        # Bayes' rule at z = the posterior mean, ln p(x, z) - ln p(z | x): no matrix of size D to invert.
        precision = self.posterior_precision
        log_posterior = 0.5 * (torch.logdet(precision) - len(precision) * gaussian.LOG_2_PI)
        return self.log_joint(x, self.posterior(x).mean) - log_posterior

    def posterior(self, x: Values) -> GaussianQ:
        """Return p(z | x) = N(Lambda^-1 W^T (x - b) / sigma^2, Lambda^-1): mean (N, k), covariance (k, k)."""
        factor = torch.linalg.cholesky(self.posterior_precision)
        return GaussianQ((self._data(x) - self.bias) @ self.gain.T, torch.cholesky_inverse(factor))

    def elbo(self, x: Values, q: GaussianQ) -> Tensor:
        """Return E_q ln p(x, z) + H(q), (N,); one x goes with many q.

        ln p(x, z) is quadratic in z with curvature -Lambda, so its mean under q is its value at the mean of q
        less tr(Lambda S) / 2, S being q's covariance. Raises `ValueError` unless S is symmetric and positive
        definite.
        """
        require(isinstance(q, GaussianQ), "q", f"of type {type(q).__name__}", "a GaussianQ(mean, covariance)")
        dim, x = self.weight.shape[1], self._data(x)
        at_mean = self.log_joint(x, _numbers("q.mean", q.mean, dim, batch=x.shape[:1]))
        covariance = _numbers("q.covariance", q.covariance, dim, dim, batch=at_mean.shape, check=_covariance)
        trace = (self.posterior_precision * covariance).sum((-2, -1))
        entropy = 0.5 * (dim * (1 + gaussian.LOG_2_PI) + torch.logdet(covariance))
        return at_mean - 0.5 * trace + entropy

    def _data(self, x: Values) -> Tensor:
        return _numbers("x", x, "N", len(self.weight))


def _numbers(argument: str, values: Values, *shape: int | str, batch=(), check=None) -> Tensor:
    """Return finite numbers as a float64 tensor of this `shape`, in which a letter is any length.

    Where `batch` is given, axes that broadcast with it may come first. `check` looks at the values.
    """
    array = real_array(argument, values)
    tensor = values.double() if isinstance(values, Tensor) else torch.from_numpy(array.astype(float))
    finite_tensor(argument, tensor)
    found, first = tuple(tensor.shape), tensor.dim() - len(shape)
    ranks = first == 0 or (first > 0 and len(batch) > 0)
    last = all(isinstance(size, str) or here == size for here, size in zip(found[first:], shape))
    pairs = zip(found[:first][::-1], batch[::-1])  # from the right, as broadcasting goes
    fits = ranks and last and all(here == there or 1 in (here, there) for here, there in pairs)
    require(fits, argument, f"of shape {found}", f"shape ({', '.join(map(str, (*batch, *shape)))})")
    if check:
        check(argument, tensor)
    return tensor


def _positive(argument: str, tensor: Tensor) -> None:
    require(bool((tensor > 0).all()), argument, f"down to {tensor.min():g}", "numbers > 0")


def _covariance(argument: str, tensor: Tensor) -> None:
    fine = not torch.linalg.cholesky_ex(tensor).info.any() and torch.allclose(tensor, tensor.mT)
    require(fine, argument, "not symmetric or not positive definite", "a covariance matrix")


def _outcomes(argument: str, tensor: Tensor, count: int) -> Tensor:
    """Return whole numbers from 0 to count - 1 as such, or raise `ValueError`."""
    whole = (tensor == tensor.floor()) & (tensor >= 0) & (tensor < count)
    require(bool(whole.all()), argument, f"{tensor.tolist()}", f"whole numbers from 0 to {count - 1}")
    return tensor.long()
