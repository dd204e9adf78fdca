"""The linear-Gaussian model x = W z + b + sigma noise: a VAE whose evidence and posterior are known exactly.

It is probabilistic PCA (Tipping & Bishop 1999); Lucas et al. 2019 (arXiv 1911.02469) study it as a VAE.
"""

import math

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from vaelib.checks import finite_tensor, positive, positive_integer, require
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
