"""Bits-back coding: a VAE as a real, lossless compressor of black-and-white images.

A chain of images takes the negative ELBO in bits: every image takes the random numbers that choose its z out
of the message so far, and the receiver puts them back (Townsend, Bird & Barber 2019, arXiv 1901.04866). The
message is a stack of symbols, kept by asymmetric numeral systems (Duda 2013, arXiv 1311.2540).
"""

import copy
import random
from bisect import bisect_right
from dataclasses import dataclass, field
from statistics import NormalDist

import torch
from torch import Tensor

from vaelib.checks import is_whole_number, non_negative_integer, positive_integer, require
from vaelib.likelihoods import Bernoulli
from vaelib.models import VAE

PRECISION = 28  # probabilities are whole numbers of slots out of SLOTS
SLOTS = 1 << PRECISION
FINEST = 16  # most bits of a latent: where q is the prior, a bin still owns 2**12 slots
PRIOR = NormalDist()


class Stack:
    """A stack of symbols in one whole number, `state`: the symbol pushed last is the first to be popped.

    Of 2**precision slots, a symbol owns `frequency`, from slot `start` on. Pushing it makes the state longer
    by log2(2**precision / frequency) bits; popping undoes exactly that. What pops from a state of random bits
    is a random symbol with these odds. While frequency <= state / 2, a length is off by at most
    2 frequency / state bits.
    Source: Duda 2013 (arXiv 1311.2540), the range variant, without renormalisation, for Python's whole
    numbers may be of any length. Raises `ValueError` for a state that is no whole number >= 0.
    """

    def __init__(self, state: int) -> None:
        # The error does not show the state: Python refuses to print numbers of more than 4,300 digits.
        require(is_whole_number(state) and state >= 0, "state", "below 0 or not whole", "a whole number >= 0")
        self.state = int(state)

    @property
    def len_bits(self) -> int:
        """The length of the state in bits."""
        return self.state.bit_length()

    def slot(self, precision: int = PRECISION) -> int:
        """Return the slot, 0 to 2**precision - 1, whose owner is the symbol on top."""
        return self.state & ((1 << precision) - 1)

    def push(self, start: int, frequency: int, precision: int = PRECISION) -> None:
        """Put on the symbol that owns `frequency` slots from `start` on. Raises `ValueError` if none are."""
        start, frequency = _slots(start, frequency, precision)
        quotient, remainder = divmod(self.state, frequency)
        self.state = (quotient << precision) + start + remainder

    def pop(self, start: int, frequency: int, precision: int = PRECISION) -> None:
        """Take off the symbol on top. Raises `ValueError` if `slot` is none of these: another is on top."""
        start, frequency = _slots(start, frequency, precision)
        slot = self.slot(precision)
        require(start <= slot < start + frequency, "start", str(start), f"the start of slot {slot}'s owner")
        self.state = frequency * (self.state >> precision) + slot - start


@dataclass(frozen=True)
class Message:
    """What is sent: `state`, the stack as one whole number. The other numbers both sides know beforehand."""

    state: int = field(repr=False)
    n_images: int
    latent_bits: int
    initial_bits: int
    seed: int

    @property
    def total_bits(self) -> int:
        """The length of the message in bits."""
        return self.state.bit_length()

    @property
    def net_bits(self) -> int:
        """The length in bits without the initial bits, which the receiver gets back."""
        return self.total_bits - self.initial_bits


def compress(
    vae: VAE, x: Tensor, *, latent_bits: int = 12, initial_bits: int | None = None, seed: int = 0
) -> Message:
    """Return the message that holds the binary images x (N, *data_shape), coded as one chain.

    Each latent is cut into 2**latent_bits bins, equally likely under the prior. The chain starts from
    `initial_bits` random bits made from `seed`, which choose the first image's z; None stands for the fewest
    allowed, latent_dim * latent_bits + PRECISION. On average, `net_bits` is the negative ELBO in bits of the
    model whose z is the centre of a bin: with fine bins, the VAE's.
    Raises `ValueError` unless `vae` is a `VAE` with Bernoulli likelihood, x is its data and binary,
    latent_bits is from 1 to 16, and there are enough initial bits.
    """
    coder = _Coder(vae, latent_bits)
    vae.check(x)
    require(bool(((x == 0) | (x == 1)).all()), "x", "partly grey", "only 0 and 1")
    fewest = vae.latent_dim * latent_bits + PRECISION
    initial_bits = fewest if initial_bits is None else initial_bits
    enough = positive_integer("initial_bits", initial_bits) >= fewest
    require(enough, "initial_bits", str(initial_bits), f"at least {fewest}")
    stack = Stack(_random_bits(initial_bits, seed))
    for pixels in x.flatten(1).long().tolist():
        coder.push(stack, pixels)
    return Message(stack.state, len(x), latent_bits, initial_bits, seed)


def decompress(vae: VAE, message: Message) -> Tensor:
    """Return the images (n_images, *data_shape) of a message, exactly as they were compressed.

    What is left of the stack must be the initial bits, all of them. Raises `ValueError` if it is not, as
    after a change on the way or with another model.
    """
    require(isinstance(message, Message), "message", f"of type {type(message).__name__}", "a Message")
    coder, stack = _Coder(vae, message.latent_bits), Stack(message.state)
    images = [coder.pop(stack) for _ in range(message.n_images)][::-1]
    intact = stack.state == _random_bits(message.initial_bits, message.seed)
    require(intact, "message", "one that leaves other bits than it began with", "an intact one of this model")
    return torch.tensor(images).reshape(-1, *vae.data_shape).to(next(vae.parameters()))


class _Coder:
    """Pushes and pops single images, as lists of pixels 0 or 1.

    Sender and receiver must see bitwise the same probabilities, or every symbol after the first difference is
    lost. A network's last digits depend on how many examples it sees at a time, so both sides show it one, in
    float64, through `_posteriors` and `_zeros`. Two machines also need the same version of torch.
    """

    def __init__(self, vae: VAE, latent_bits: int) -> None:
        require(isinstance(vae, VAE), "vae", f"of type {type(vae).__name__}", "a VAE")
        require(isinstance(vae.likelihood, Bernoulli), "vae", f"with {vae.likelihood}", "Bernoulli()")
        self.n_bins = 1 << positive_integer("latent_bits", latent_bits)
        require(latent_bits <= FINEST, "latent_bits", str(latent_bits), f"at most {FINEST}")
        self.latent_bits = latent_bits
        self.vae = copy.deepcopy(vae).to("cpu", torch.float64).eval().requires_grad_(False)

    def push(self, stack: Stack, pixels: list[int]) -> None:
        """Put on one image: pop its z with the odds of q, push the pixels given z, push z by the prior."""
        bins = []
        for posterior in self._posteriors(pixels):
            bins.append(self._owner(posterior, stack.slot()))
            stack.pop(*self._interval(posterior, bins[-1]))
        for pixel, zeros in zip(pixels, self._zeros(bins)):
            stack.push(*_pixel_interval(pixel, zeros))
        for index in bins:
            stack.push(index, 1, self.latent_bits)

    def pop(self, stack: Stack) -> list[int]:
        """Take off one image: the steps of `push` undone, the last one first."""
        bins, pixels = [], []
        for _ in range(self.vae.latent_dim):
            bins.insert(0, stack.slot(self.latent_bits))
            stack.pop(bins[0], 1, self.latent_bits)
        for zeros in reversed(self._zeros(bins)):
            pixels.insert(0, int(stack.slot() >= zeros))
            stack.pop(*_pixel_interval(pixels[0], zeros))
        for posterior, index in reversed(list(zip(self._posteriors(pixels), bins))):
            stack.push(*self._interval(posterior, index))
        return pixels

    def _owner(self, posterior: NormalDist, slot: int) -> int:
        """Return the bin that owns a slot under q: the last one that starts at or before it."""
        return bisect_right(range(self.n_bins + 1), slot, key=lambda i: self._slots_below(posterior, i)) - 1

    def _interval(self, posterior: NormalDist, index: int) -> tuple[int, int]:
        """Return start and frequency of a bin under q."""
        start = self._slots_below(posterior, index)
        return start, self._slots_below(posterior, index + 1) - start

    def _slots_below(self, posterior: NormalDist, edge: int) -> int:
        """Return how many slots lie below a bin's left edge: one for every bin, the rest shared out by q."""
        if edge in (0, self.n_bins):
            return SLOTS if edge else 0
        return edge + int((SLOTS - self.n_bins) * posterior.cdf(PRIOR.inv_cdf(edge / self.n_bins)))

    def _posteriors(self, pixels: list[int]) -> list[NormalDist]:
        """Return q(z_j | x) of every latent j."""
        x = torch.tensor(pixels, dtype=torch.float64).reshape(1, *self.vae.data_shape)
        mean, log_var = self.vae.posterior(x)
        return [NormalDist(*pair) for pair in zip(mean[0].tolist(), torch.exp(log_var[0] / 2).tolist())]

    def _zeros(self, bins: list[int]) -> list[int]:
        """Return the frequency of "0" at every pixel, z in the centre of its bin; neither value has none."""
        z = [PRIOR.inv_cdf((index + 0.5) / self.n_bins) for index in bins]
        ones = self.vae.decode_mean(torch.tensor([z], dtype=torch.float64)).flatten()
        return (SLOTS * (1 - ones)).round().clamp(1, SLOTS - 1).long().tolist()


def _pixel_interval(pixel: int, zeros: int) -> tuple[int, int]:
    return (zeros, SLOTS - zeros) if pixel else (0, zeros)


def _slots(start: int, frequency: int, precision: int) -> tuple[int, int]:
    start, frequency = non_negative_integer("start", start), positive_integer("frequency", frequency)
    most = (1 << precision) - start
    require(frequency <= most, "frequency", str(frequency), f"at most {most}, as start is {start}")
    return start, frequency


def _random_bits(n: int, seed: int) -> int:
    """Return a number of n bits: a 1, then n - 1 random ones."""
    return 1 << n - 1 | random.Random(non_negative_integer("seed", seed)).getrandbits(n - 1)
