"""Surprise, entropy, cross-entropy, divergences and codes of discrete distributions.

A distribution lies along the last axis (K outcomes); all axes before it are batch axes and broadcast. `base`
sets the unit: e gives nats, 2 gives bits. Everywhere 0 log 0 is 0. Source, unless a function names another:
Cover & Thomas, Elements of Information Theory, 2nd edition, 2006, chapters 2 and 5.
"""

import heapq
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from vaelib.checks import positive, positive_integer, real_array, require

TOLERANCE = 1e-9  # how far from 1 a sum of probabilities may lie: rounding, no more
LONGEST = 1074  # the longest codeword: 2^-1074 is the smallest float > 0


def distribution(argument: str, p: ArrayLike) -> np.ndarray:
    """Return p (..., K) as float64, or raise `ValueError` unless every row is a distribution, K >= 1."""
    array = real_array(argument, p).astype(float)
    require(array.ndim > 0 and array.size > 0, argument, f"of shape {array.shape}", "shape (..., K), K >= 1")
    require(bool((array >= 0).all()), argument, f"with values down to {array.min():g}", "probabilities >= 0")
    total = array.sum(-1)
    furthest = total.flat[np.abs(total - 1).argmax()]
    require(bool(abs(furthest - 1) <= TOLERANCE), argument, f"summing to {furthest:.12g}", "a sum of 1")
    return array


def surprise(p: ArrayLike, base: float = math.e) -> np.ndarray:
    """Return -log p of each probability, any shape; p = 0 gives infinity.

    Raises `ValueError` outside [0, 1].
    Source: Shannon 1948, A Mathematical Theory of Communication, section 6.
    """
    array = real_array("p", p).astype(float)
    require(bool(((array >= 0) & (array <= 1)).all()), "p", "partly outside [0, 1]", "probabilities")
    with np.errstate(divide="ignore"):
        return -np.log(array) / _unit(base) + 0.0  # the sum turns -0 into 0


def entropy(p: ArrayLike, base: float = math.e) -> np.ndarray:
    """Return H(p), shape (...), for p (..., K). Raises `ValueError` for what is no distribution."""
    p = distribution("p", p)
    return _expected_surprise(p, p) / _unit(base)


def cross_entropy(p: ArrayLike, q: ArrayLike, base: float = math.e) -> np.ndarray:
    """Return H(p, q), the mean surprise under q of outcomes from p, shape (...); p and q (..., K) broadcast.

    Infinite where q = 0 < p. Raises `ValueError` for what is no distribution and shapes that do not fit.
    """
    return _expected_surprise(*_pair(p, q)) / _unit(base)


def kl_divergence(p: ArrayLike, q: ArrayLike, base: float = math.e) -> np.ndarray:
    """Return KL(p || q), the mean of log p/q under p, shape (...); p and q (..., K) broadcast.

    Infinite where q = 0 < p. Raises `ValueError` as `cross_entropy` does.
    Source: Kullback & Leibler 1951, On Information and Sufficiency, section 2.
    """
    return _relative_entropy(*_pair(p, q)) / _unit(base)


def jensen_shannon(p: ArrayLike, q: ArrayLike, base: float = math.e) -> np.ndarray:
    """Return the Jensen-Shannon divergence, at most log 2, shape (...); its square root is a metric.

    p and q (..., K) broadcast. Raises `ValueError` as `cross_entropy` does.
    Source: Lin 1991, Divergence Measures Based on the Shannon Entropy, section IV.
    """
    p, q = _pair(p, q)
    middle = (p + q) / 2
    return (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2 / _unit(base)


def mutual_information(joint: ArrayLike, base: float = math.e) -> np.ndarray:
    """Return I(X; Y) = H(X) + H(Y) - H(X, Y), shape (...), for joint tables (..., K, M).

    Raises `ValueError` unless each table sums to 1.
    """
    joint = real_array("joint", joint).astype(float)
    require(joint.ndim >= 2 and joint.size > 0, "joint", f"of shape {joint.shape}", "shape (..., K, M)")
    cells = distribution("joint", joint.reshape(*joint.shape[:-2], -1))
    x, y, both = (_expected_surprise(part, part) for part in (joint.sum(-1), joint.sum(-2), cells))
    return (x + y - both) / _unit(base)


def kraft_sum(lengths: ArrayLike) -> np.ndarray:
    """Return the sum of 2^-l, shape (...), for whole code lengths (..., K).

    A prefix code with these lengths exists if and only if the sum is at most 1.
    Raises `ValueError` unless the lengths are whole numbers from 0 to 1074. Source: Kraft 1949.
    """
    return np.exp2(-_lengths(lengths)).sum(-1)


def implied_distribution(lengths: ArrayLike) -> np.ndarray:
    """Return 2^-l divided by the Kraft sum, shape (..., K): the distribution these lengths are ideal for.

    Raises `ValueError` as `kraft_sum` does.
    """
    return np.exp2(-_lengths(lengths)) / kraft_sum(lengths)[..., None]


def expected_length(p: ArrayLike, lengths: ArrayLike) -> np.ndarray:
    """Return the mean code length under p in bits per symbol, shape (...); p and lengths (..., K) broadcast.

    Raises `ValueError` for what is no distribution, as `kraft_sum` does, and for shapes that do not fit.
    """
    p, lengths = distribution("p", p), _lengths(lengths)
    _require_fit("lengths", lengths, p)
    return (p * lengths).sum(-1)


def shannon_lengths(p: ArrayLike) -> np.ndarray:
    """Return ceil(-log2 p) as whole numbers, shape (..., K): they satisfy Kraft, and L < H + 1 bits.

    Raises `ValueError` for what is no distribution and probabilities of 0. Source: Shannon 1948, section 9.
    """
    p = distribution("p", p)
    require(bool((p > 0).all()), "p", "partly 0", "probabilities > 0, which have a finite length")
    # p = m 2^e with 1/2 <= m < 1, exactly; a rounded logarithm gives 2^-29 a length of 30.
    return 1 - np.frexp(p)[1].astype(int)


def prefix_code(lengths: Sequence[int]) -> list[str]:
    """Return codewords of these lengths (K,), in their order, of which none begins another.

    Shortest first, each takes the next free interval of [0, 1), of width 2^-l; the binary digits of its left
    end are the codeword. Raises `ValueError` as `kraft_sum` does and for a Kraft sum above 1.
    """
    whole = _lengths(lengths)
    require(whole.ndim == 1, "lengths", f"of shape {whole.shape}", "shape (K,)")
    words, end, before = [""] * len(whole), 0, 0
    for symbol in np.argsort(whole, kind="stable"):
        length = int(whole[symbol])  # Python's whole numbers never overflow
        start = end << (length - before)
        words[symbol] = f"{start:0{length}b}" if length else ""
        end, before = start + 1, length
    require(end <= 1 << before, "lengths", repr(lengths), "a Kraft sum of at most 1")
    return words


def huffman(p: ArrayLike) -> list[str]:
    """Return the codewords of an optimal prefix code in the order of p (K,): the two rarest join, repeatedly.

    Of equal weights the older goes first, so the same p always gives the same code. A single outcome gets
    the empty word. Raises `ValueError` for what is no distribution.
    Source: Huffman 1952, A Method for the Construction of Minimum-Redundancy Codes.
    """
    p = _single(p)
    words = [""] * len(p)
    heap = [(weight, age, [age]) for age, weight in enumerate(p)]
    heapq.heapify(heap)
    for age in range(len(p), 2 * len(p) - 1):
        (light, _, left), (heavy, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        for digit, symbols in (("0", left), ("1", right)):
            for symbol in symbols:
                words[symbol] = digit + words[symbol]
        heapq.heappush(heap, (light + heavy, age, left + right))
    return words


def blocks(p: ArrayLike, n: int) -> np.ndarray:
    """Return the distribution of n independent symbols from p (K,), shape (K**n,), the last varying fastest.

    Raises `ValueError` for what is no distribution and n < 1.
    """
    p = product = _single(p)
    for _ in range(positive_integer("n", n) - 1):
        product = np.outer(product, p).ravel()
    return product


def _unit(base: float) -> float:
    require(positive("base", base) != 1, "base", repr(base), "a number other than 1")
    return math.log(base)


def _single(p: ArrayLike) -> np.ndarray:
    p = distribution("p", p)
    require(p.ndim == 1, "p", f"of shape {p.shape}", "shape (K,)")
    return p


def _pair(p: ArrayLike, q: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    p, q = distribution("p", p), distribution("q", q)
    _require_fit("q", q, p)
    return p, q


def _require_fit(argument: str, values: np.ndarray, p: np.ndarray) -> None:
    leading = zip(values.shape[-2::-1], p.shape[-2::-1])  # from the right, as broadcasting goes
    fits = all(here == there or 1 in (here, there) for here, there in leading)
    expected = f"a shape that fits {p.shape}, the shape of p"
    require(fits and values.shape[-1] == p.shape[-1], argument, f"of shape {values.shape}", expected)


def _lengths(lengths: ArrayLike) -> np.ndarray:
    array = real_array("lengths", lengths)
    fits = array.ndim > 0 and array.size > 0 and bool(((array >= 0) & (array <= LONGEST)).all())
    whole = fits and bool((array == np.floor(array)).all())
    require(whole, "lengths", repr(lengths), f"whole numbers from 0 to {LONGEST}, shape (..., K)")
    return array.astype(int)


def _expected_surprise(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, -p * np.log(q), 0.0).sum(-1)


def _relative_entropy(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # Where p and q nearly agree, their logarithms share the leading digits; log1p keeps the others.
        near = np.log1p((p - q) / q)
        log_ratio = np.where(np.abs(p - q) < q / 2, near, np.log(p) - np.log(q))
        return np.where(p > 0, p * log_ratio, 0.0).sum(-1)
