"""Likelihoods p(x | z): each knows its normaliser, so its log-probabilities may be compared and added.

`output` is the raw output of a decoder: logits for Bernoulli, ContinuousBernoulli and Binomial, the mean for
Gaussian. Data x has shape (N, *data_shape) and output (..., N, *data_shape). All values are nats, summed
over the data dimensions: nothing is averaged over pixels.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vaelib.checks import finite_tensor, positive, positive_integer, require, trailing_shape
from vaelib.gaussian import LOG_2_PI, standard_normal


class Likelihood(nn.Module):
    """A family p(x | output), independent over pixels given the output. Subclasses name their data."""

    name: str
    data: str

    def describe(self) -> str:
        """Return one line: the family and the data it is a distribution over."""
        return f"{self.name}: {self.data}"

    def check(self, x: Tensor) -> None:
        """Raise `ValueError` unless x (N, *data_shape) is finite, non-empty and in this family's range."""
        finite_tensor("x", x)
        require(x.dim() >= 2, "x", f"of shape {tuple(x.shape)}", "shape (N, *data_shape)")
        self._check_range(x)

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        """Return ln p(x | output) in nats, shape (..., N), for x (N, *shape) and output (..., N, *shape).

        Raises `ValueError` if x is not data for this family (see `check`) or the shapes differ.
        """
        self.check(x)
        trailing_shape("output", output, tuple(x.shape))
        return self._log_prob(x, output)

    def _log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        """Return `log_prob` for an x that is already checked, as every batch of a training run is."""
        return self.log_prob_per_pixel(x, output).flatten(output.dim() - x.dim() + 1).sum(-1)

    def log_prob_per_pixel(self, x: Tensor, output: Tensor) -> Tensor:
        """Return the log-probability of every pixel of a checked x in nats, in the shape of `output`."""
        raise NotImplementedError

    def mean(self, output: Tensor) -> Tensor:
        """Return E[x | output] on the scale of x, in the shape of `output`."""
        raise NotImplementedError

    def sample(self, output: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return one draw of x in the shape of `output`. No gradient flows through it."""
        raise NotImplementedError

    def to_unit(self, x: Tensor) -> Tensor:
        """Return x brought to [0, 1] for the eye and the encoder. Most families leave x as it is."""
        return x

    def _check_range(self, x: Tensor) -> None:
        """Raise `ValueError` if a finite x lies outside the family's range."""


class Bernoulli(Likelihood):
    """Black or white: x is exactly 0 or 1, and -ln p is the binary cross-entropy, summed.

    `Bernoulli(grey=True)` also accepts x in [0, 1]. It is then no likelihood of x: the integral of
    pi^x (1 - pi)^(1 - x) over x in [0, 1] is (2 pi - 1) / logit(pi), 0.364 at pi = 0.9, so the numbers are
    scores, not log-probabilities. `ContinuousBernoulli` divides by that integral.
    """

    name = "Bernoulli"
    data = "binary pixels, 0 or 1"

    def __init__(self, grey: bool = False) -> None:
        super().__init__()
        self.grey = grey

    def extra_repr(self) -> str:
        return f"grey={self.grey}"

    def describe(self) -> str:
        return f"{self.name}: grey pixels in [0, 1], not normalised" if self.grey else super().describe()

    def log_prob_per_pixel(self, x: Tensor, output: Tensor) -> Tensor:
        """Return x ln pi + (1 - x) ln(1 - pi) = x l - softplus(l), stable for every logit l."""
        return x * output - F.softplus(output)

    def mean(self, output: Tensor) -> Tensor:
        return torch.sigmoid(output)

    def sample(self, output: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return (_uniform(output.shape, output, generator) < torch.sigmoid(output)).to(output.dtype)

    def _check_range(self, x: Tensor) -> None:
        if self.grey:
            _check_unit_interval(x)
            return
        binary = bool(((x == 0) | (x == 1)).all())
        expected = "only 0 and 1 (grey: ContinuousBernoulli, or Bernoulli(grey=True), not normalised)"
        require(binary, "x", f"not binary, {_range(x)}", expected)


class ContinuousBernoulli(Likelihood):
    """Grey values: x in [0, 1] with density C(pi) pi^x (1 - pi)^(1 - x), which integrates to one.

    Source: Loaiza-Ganem & Cunningham 2019 (arXiv 1907.06845). In the logit l = ln pi / (1 - pi), the
    normaliser is C = l / tanh(l / 2). The mean is not pi: it is pi / (2 pi - 1) - 1 / l.
    """

    name = "continuous Bernoulli"
    data = "grey pixels in [0, 1]"
    # Both formulas are 0/0 at pi = 1/2; below this |logit| a Taylor series is exact to 1e-10.
    series_below = 0.2

    def log_prob_per_pixel(self, x: Tensor, output: Tensor) -> Tensor:
        return x * output - F.softplus(output) + self.log_normaliser(output)

    def log_normaliser(self, output: Tensor) -> Tensor:
        """Return ln C of every pixel, in the shape of `output`; ln 2 at logit 0."""
        small, safe = self._split(output)
        y = (output / 2) ** 2
        series = math.log(2) + y / 3 - 7 * y**2 / 90 + 62 * y**3 / 2835
        return torch.where(small, series, torch.log(safe / torch.tanh(safe / 2)))

    def mean(self, output: Tensor) -> Tensor:
        small, safe = self._split(output)
        series = 0.5 + output / 12 - output**3 / 720 + output**5 / 30240
        return torch.where(small, series, torch.sigmoid(safe) / torch.tanh(safe / 2) - 1 / safe)

    def sample(self, output: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return draws by the inverse of the distribution function, x = ln(1 + u (e^l - 1)) / l."""
        uniform = _uniform(output.shape, output, generator)
        # x at logit l is distributed as 1 - x at logit -l; the negative one cannot overflow. At l = 0 the
        # distribution is uniform, and a logit of -1e-6 moves a draw by less than float32 can show.
        negative = torch.clamp(-output.abs(), max=-1e-6)
        draw = torch.log1p(uniform * torch.expm1(negative)) / negative
        return torch.where(output > 0, 1 - draw, draw).detach()

    def _split(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """Return where the logit is small, and logits with those places set to 1 (a safe gradient)."""
        small = output.abs() < self.series_below
        return small, torch.where(small, torch.ones_like(output), output)

    def _check_range(self, x: Tensor) -> None:
        _check_unit_interval(x)


class Binomial(Likelihood):
    """Counts: x is a whole number from 0 to `total`.

    With total 16 the support is that of the digits, whose pixel counts the ink in a block of 4 by 4 dots. The
    family takes these dots, given z, as independent and equally likely to be ink. Ink comes in strokes, so
    that is an approximation.

    ln p = ln binom(total, x) + x l - total softplus(l). Raises `ValueError` if total < 1.
    """

    name = "binomial"

    def __init__(self, total: int = 16) -> None:
        super().__init__()
        self.total = positive_integer("total", total)
        self.data = f"counts 0 to {self.total}"
        log_factorial = torch.lgamma(torch.arange(self.total + 1, dtype=torch.float64) + 1)
        log_choose = log_factorial[-1] - log_factorial - log_factorial.flip(0)
        self.register_buffer("log_choose", log_choose.to(torch.get_default_dtype()), persistent=False)

    def extra_repr(self) -> str:
        return f"total={self.total}"

    def log_prob_per_pixel(self, x: Tensor, output: Tensor) -> Tensor:
        return self.log_choose[x.long()] + x * output - self.total * F.softplus(output)

    def mean(self, output: Tensor) -> Tensor:
        return self.total * torch.sigmoid(output)

    def sample(self, output: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return draws: a count is the number of heads in `total` tosses."""
        tosses = _uniform((self.total, *output.shape), output, generator) < torch.sigmoid(output)
        return tosses.sum(0).to(output.dtype)

    def to_unit(self, x: Tensor) -> Tensor:
        """Return counts / total."""
        return x / self.total

    def _check_range(self, x: Tensor) -> None:
        whole = bool(((x >= 0) & (x <= self.total) & (x == x.round())).all())
        require(whole, "x", f"not such counts, {_range(x)}", f"whole numbers from 0 to {self.total}")


class Gaussian(Likelihood):
    """Real numbers: x = output + sigma * noise, with one sigma for all pixels, fixed or learned.

    -ln p = |x - output|^2 / (2 sigma^2) + D/2 ln(2 pi sigma^2). With `learned=True`, ln sigma is a parameter;
    at the optimum sigma^2 is the mean squared error (Rybkin et al. 2021, arXiv 2006.13202).
    Raises `ValueError` unless sigma > 0.
    """

    name = "Gaussian"
    data = "real numbers"

    def __init__(self, sigma: float = 1.0, learned: bool = False) -> None:
        super().__init__()
        log_sigma = torch.tensor(math.log(positive("sigma", sigma)))
        self.learned = learned
        if learned:
            self.log_sigma = nn.Parameter(log_sigma)
        else:
            self.register_buffer("log_sigma", log_sigma)

    @property
    def sigma(self) -> Tensor:
        """The noise level, a scalar tensor on the scale of x."""
        return torch.exp(self.log_sigma)

    def extra_repr(self) -> str:
        return "learned" if self.learned else f"sigma={self.sigma.item():.6g}"

    def log_prob_per_pixel(self, x: Tensor, output: Tensor) -> Tensor:
        return -0.5 * ((x - output) / self.sigma) ** 2 - self.log_sigma - 0.5 * LOG_2_PI

    def mean(self, output: Tensor) -> Tensor:
        return output

    def sample(self, output: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return (output + self.sigma * standard_normal(output.shape, output, generator)).detach()


FAMILIES = {
    "bernoulli": Bernoulli,
    "continuous_bernoulli": ContinuousBernoulli,
    "binomial": Binomial,
    "gaussian": Gaussian,
}


def likelihood_named(name: str, **options: object) -> Likelihood:
    """Return a new likelihood by its name in `FAMILIES`, made with `options`.

    Raises `ValueError` for a name that is none of them.
    """
    require(isinstance(name, str) and name in FAMILIES, "name", repr(name), f"one of {', '.join(FAMILIES)}")
    return FAMILIES[name](**options)


def _uniform(shape: tuple[int, ...], like: Tensor, generator: torch.Generator | None) -> Tensor:
    device = like.device if generator is None else generator.device
    return torch.rand(shape, generator=generator, dtype=like.dtype, device=device).to(like.device)


def _range(x: Tensor) -> str:
    return f"values from {x.min().item():g} to {x.max().item():g}"


def _check_unit_interval(x: Tensor) -> None:
    require(bool(((x >= 0) & (x <= 1)).all()), "x", f"outside [0, 1], {_range(x)}", "values from 0 to 1")
