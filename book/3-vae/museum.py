"""A museum of broken VAEs: ten programs with one planted bug each, and the short check that catches it.

`Program` is a healthy VAE of the digits in plain torch, in eight short methods. Each exhibit is a subclass
that replaces one of them, as people write it. The checks ask how a program behaves, never how it is written,
so they also run on a program of your own. All values are nats; N examples, k latents, images (N, 1, 8, 8).
"""

import inspect
import math
import textwrap
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from vaelib.checks import positive_integer
from vaelib.models import mlp_vae, seeded
from vaelib.training import History

# Four images of all the counts there are: enough to ask how a program behaves.
ANY_COUNTS = (torch.arange(256.0) % 17).reshape(4, 1, 8, 8)


class Program(nn.Module):
    """A healthy VAE of binary digits: prior N(0, I), diagonal Gaussian posterior, Bernoulli pixels.

    `values` are those a pixel may take, in equal steps. Noise comes from torch's own random state.
    Raises `ValueError` for sizes below 1 and a negative seed.
    Source: Kingma & Welling 2014 (arXiv 1312.6114).
    """

    values = torch.tensor([0.0, 1.0])

    def __init__(self, latent_dim: int = 8, hidden: int = 128, seed: int = 0) -> None:
        super().__init__()
        vae = mlp_vae((1, 8, 8), latent_dim, "bernoulli", hidden=(hidden,), seed=seed)
        self.latent_dim, self.encoder, self.decoder = latent_dim, vae.encoder, vae.decoder

    def prepare(self, counts):
        """Return the data x of the model, (N, 1, 8, 8), from counts of ink, 0 to 16."""
        return (counts >= 8).float()

    def encode(self, x):
        """Return the posterior's mean and log variance, (N, k) each."""
        return self.encoder(x).chunk(2, dim=-1)

    def sample(self, mean, log_var):
        """Return one draw of every N(mean, exp log_var), (N, k)."""
        return mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)

    def decode(self, z):
        """Return the decoder's raw output, here logits, (N, 1, 8, 8)."""
        return self.decoder(z)

    def picture(self, output):
        """Return E[x | z], (N, 1, 8, 8), from the decoder's raw output."""
        return torch.sigmoid(output)

    def kl(self, mean, log_var):
        """Return KL(q(z | x) || p(z)), (N,)."""
        return -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(-1)

    def nll(self, x, output):
        """Return -ln p(x | z), (N,)."""
        return F.binary_cross_entropy_with_logits(output, x, reduction="none").flatten(1).sum(-1)

    def reconstruct(self, x):
        """Return E[x | z] at the posterior's mean, (N, 1, 8, 8)."""
        mean, _ = self.encode(x)
        return self.picture(self.decode(mean))


class GaussianProgram(Program):
    """A healthy VAE of grey digits: as `Program`, with Gaussian pixels of standard deviation 0.2."""

    values, sigma = torch.arange(-5, 6, 0.001), 0.2

    def prepare(self, counts):
        return counts / 16

    def picture(self, output):
        return output

    def nll(self, x, output):
        squared = ((x - output) / self.sigma) ** 2
        return (0.5 * squared + 0.5 * math.log(2 * math.pi * self.sigma**2)).flatten(1).sum(-1)


class VarianceAsSigma(Program):
    """The variance stands where the standard deviation belongs.

    Curves and samples look fine, and the reported ELBO beats the healthy one: it is too good to be true.
    """

    def sample(self, mean, log_var):
        return mean + torch.exp(log_var) * torch.randn_like(mean)


class KLSignFlipped(Program):
    """The sign of the KL term is flipped: the loss pays for divergence.

    The rate runs to minus infinity, the distortion explodes, and the samples are noise.
    """

    def kl(self, mean, log_var):
        return 0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(-1)


class KLWithoutHalf(Program):
    """The KL term lost its factor 1/2.

    Curves look fine, samples are a little blurred. It is a beta-VAE with beta = 2 that nobody asked for.
    """

    def kl(self, mean, log_var):
        return -(1 + log_var - mean**2 - log_var.exp()).sum(-1)


class MeanForSum(Program):
    """The reconstruction term is a mean over pixels, while the KL term is a sum over latents.

    The rate falls to 0 and every sample is the same grey average, at a loss that looks splendidly small.
    """

    def nll(self, x, output):
        return F.binary_cross_entropy_with_logits(output, x, reduction="none").flatten(1).mean(-1)


class SharedNoise(Program):
    """One noise vector serves the whole batch.

    The curves are jagged and fall more slowly; the samples look fine.
    """

    def sample(self, mean, log_var):
        return mean + torch.exp(0.5 * log_var) * torch.randn(mean.shape[-1])


class SigmoidTwice(Program):
    """The decoder ends in a sigmoid, and the loss applies another one.

    The distortion stays high and every picture is grey: no probability is below 0.5 or above 0.74.
    """

    def decode(self, z):
        return torch.sigmoid(self.decoder(z))


class CrossEntropyOffRange(Program):
    """Standardised data, which leave [0, 1], go into the binary cross-entropy.

    The distortion turns negative and falls without a floor; rate and samples go astray.
    """

    def prepare(self, counts):
        return (counts - counts.mean()) / counts.std()


class NoiseAtEvaluation(Program):
    """Evaluation draws noise too.

    Curves and samples are those of the healthy program. Reconstructions change from call to call.
    """

    def reconstruct(self, x):
        mean, log_var = self.encode(x)
        return self.picture(self.decode(self.sample(mean, log_var)))


class NormaliserSignFlipped(GaussianProgram):
    """The Gaussian's normaliser has the wrong sign.

    It is a constant here, so weights and samples are exactly the healthy ones. Only the reported numbers err.
    """

    def nll(self, x, output):
        squared = ((x - output) / self.sigma) ** 2
        return (0.5 * squared - 0.5 * math.log(2 * math.pi * self.sigma**2)).flatten(1).sum(-1)


class KLAveraged(Program):
    """The KL term is a mean over latents, while the reconstruction term is a sum over pixels.

    Reconstructions and reported ELBO beat the healthy ones. The true rate is several times the reported one.
    """

    def kl(self, mean, log_var):
        return -0.5 * (1 + log_var - mean**2 - log_var.exp()).mean(-1)


def check_spread(program):
    """Codes of variance 4 have the standard deviation 2."""
    z = program.sample(torch.zeros(1, 10_000), torch.full((1, 10_000), math.log(4)))
    assert abs(z.std() - 2) < 0.1, f"codes of variance 4 have standard deviation {z.std():.2f}, not 2"


def check_kl_is_positive(program):
    """No divergence is below 0, and the prior's from itself is 0."""
    lowest = program.kl(torch.randn(1000, 3), torch.randn(1000, 3)).min()
    assert lowest >= 0, f"the KL term falls to {lowest:.2f} nats, below 0"
    assert program.kl(torch.zeros(1, 3), torch.zeros(1, 3)) == 0, "the KL term is not 0 at the prior"


def check_kl_is_torchs(program):
    """The KL term is the divergence that torch computes."""
    mean, log_var = torch.randn(2, 100, 3)
    ratio = program.kl(mean, log_var) / kl_divergence(Normal(mean, (log_var / 2).exp()), Normal(0, 1)).sum(-1)
    assert (abs(ratio - 1) < 1e-3).all(), f"the KL term is {ratio.mean():.2f} times torch's"


def check_pixels_add_up(program):
    """An image beside a copy of itself costs twice as much."""
    x, output = program.prepare(ANY_COUNTS), torch.randn(4, 1, 8, 8)
    ratio = program.nll(torch.cat([x, x], -1), torch.cat([output, output], -1)) / program.nll(x, output)
    assert (abs(ratio - 2) < 1e-3).all(), f"an image of two copies costs {ratio.mean():.2f} times one, not 2"


def check_noise_is_fresh(program):
    """Two examples with the same posterior get different codes."""
    z = program.sample(torch.zeros(2, 3), torch.zeros(2, 3))
    assert not torch.equal(z[0], z[1]), "two examples of one batch get the same noise"


def check_black_and_white(program):
    """Far out in the latent space some pixels are nearly black and some nearly white."""
    low, high = program.picture(program.decode(1000 * torch.randn(100, program.latent_dim))).aminmax()
    assert low < 0.1 and high > 0.9, f"pixels only reach from {low:.2f} to {high:.2f}"


def check_data_in_range(program):
    """The data lie where the likelihood is defined."""
    (low, high), values = program.prepare(ANY_COUNTS).aminmax(), program.values
    assert values[0] <= low and high <= values[-1], f"the data run from {low:.2f} to {high:.2f}"


def check_evaluation_repeats(program):
    """The same image is reconstructed in the same way twice."""
    x = program.prepare(ANY_COUNTS)
    change = (program.reconstruct(x) - program.reconstruct(x)).abs().max()
    assert change == 0, f"two reconstructions of one image differ by {change:.2f}"


def check_total_probability(program):
    """The probabilities of all the values that a pixel may take add up to 1."""
    x, step = program.values[:, None], program.values[1] - program.values[0]
    total = (-program.nll(x, torch.full_like(x, 0.3))).exp().sum() * step
    assert abs(total - 1) < 1e-3, f"the probabilities of a pixel's values add up to {total:.2f}, not to 1"


def check_latents_add_up(program):
    """Every latent beside a copy of itself costs twice as much."""
    mean, log_var = torch.randn(2, 100, 3)
    ratio = program.kl(mean.repeat(1, 2), log_var.repeat(1, 2)) / program.kl(mean, log_var)
    assert (abs(ratio - 2) < 1e-3).all(), f"every latent twice costs {ratio.mean():.2f} times as much, not 2"


class Exhibit(NamedTuple):
    """A broken program and the check that catches it. The title does not tell what is wrong."""

    title: str
    program: type[Program]
    check: Callable[[Program], None]

    @property
    def bug(self) -> str:
        """What is wrong, in one sentence."""
        return inspect.getdoc(self.program).split("\n\n")[0]

    @property
    def symptom(self) -> str:
        """What a reader sees of it in curves and pictures, in a sentence or two."""
        return inspect.getdoc(self.program).split("\n\n")[1]

    @property
    def method(self) -> str:
        """The name of the one method that differs from the healthy program, `program.__base__`."""
        return next(name for name, value in vars(self.program).items() if inspect.isfunction(value))

    @property
    def code(self) -> str:
        """The source of that method, a few lines that name no bug."""
        return textwrap.dedent(inspect.getsource(getattr(self.program, self.method)))


PLANTED = [
    (VarianceAsSigma, check_spread), (KLSignFlipped, check_kl_is_positive),
    (KLWithoutHalf, check_kl_is_torchs), (MeanForSum, check_pixels_add_up),
    (SharedNoise, check_noise_is_fresh), (SigmoidTwice, check_black_and_white),
    (CrossEntropyOffRange, check_data_in_range), (NoiseAtEvaluation, check_evaluation_repeats),
    (NormaliserSignFlipped, check_total_probability), (KLAveraged, check_latents_add_up),
]
EXHIBITS = {letter: Exhibit(f"Exhibit {letter}", *pair) for letter, pair in zip("ABCDEFGHIJ", PLANTED)}


def complaint(check: Callable[[Program], None], program: Program) -> str:
    """Return what `check` has to say against `program`; "" if the program passes."""
    try:
        check(program)
    except AssertionError as error:
        return str(error)
    return ""


def train(program: Program, counts: Tensor, steps: int = 600, seed: int = 0) -> History:
    """Descend nll + kl by Adam on counts (N, 1, 8, 8), in place; return both as the program reports them.

    Raises `ValueError` if steps < 1. A loss without a floor may end in numbers that are not finite.
    """
    x, history = program.prepare(counts), History()
    optimizer = torch.optim.Adam(program.parameters(), lr=3e-3, fused=True)
    with seeded(seed):
        for _ in range(positive_integer("steps", steps)):
            batch = x[torch.randint(len(x), (128,))]
            mean, log_var = program.encode(batch)
            kl = program.kl(mean, log_var).mean()
            nll = program.nll(batch, program.decode(program.sample(mean, log_var))).mean()
            optimizer.zero_grad()
            (nll + kl).backward()
            optimizer.step()
            history.rate.append(kl.item())
            history.distortion.append(nll.item())
    return history


@torch.no_grad()
def audit(program: Program, counts: Tensor, seed: int = 0) -> tuple[float, float]:
    """Return rate and distortion by the healthy formulas, whatever the program reports: mean nats per image.

    `prepare`, `encode` and `decode` stay the program's own; `sample`, `kl` and `nll` are the healthy ones.
    """
    healthy = GaussianProgram if isinstance(program, GaussianProgram) else Program
    x = program.prepare(counts)
    mean, log_var = program.encode(x)
    with seeded(seed):
        output = program.decode(healthy.sample(program, mean, log_var))
    rate, distortion = healthy.kl(program, mean, log_var), healthy.nll(program, x, output)
    return rate.mean().item(), distortion.mean().item()
