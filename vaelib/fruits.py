"""Pictures of fruit, drawn in NumPy from factors that are known: the running example of the book.

`fruits(n, seed)` draws as many as you like. A picture is a function of its seven factors and of nothing else,
so what a model learns about them can be checked. The shapes and colours stand in `vaelib.fruit_shapes`.
"""

import math
from typing import NamedTuple

import numpy as np

from vaelib.checks import non_negative_integer, positive_integer, require
from vaelib.fruit_shapes import KINDS, View, paint

__all__ = ["KINDS", "RANGES", "Factors", "draw", "fruits", "sample_factors"]

# Lowest and highest value of each continuous factor; `Factors` says what they mean. Within them a fruit, stem
# and leaf included, stays inside the picture: largest offset + half the largest size = 0.1 + 0.8 / 2 = 1 / 2.
RANGES: dict[str, tuple[float, float]] = {
    "hue": (-0.025, 0.025),
    "size": (0.55, 0.8),
    "rotation": (-0.6, 0.6),
    "x": (-0.1, 0.1),
    "y": (-0.1, 0.1),
    "light": (math.pi / 6, 5 * math.pi / 6),
}

_ELEVATION = 0.85  # how high the light stands above the paper, in radians
_CHUNK_PIXELS = 16 * 1024  # painting so many pixels at a time keeps the work inside the processor's cache


class Factors(NamedTuple):
    """What determines N pictures: seven arrays of shape (N,). `RANGES` bounds all but the first."""

    kind: np.ndarray  # int64: index into KINDS
    hue: np.ndarray  # turns of the colour circle, added to the kind's own hue: positive takes red to yellow
    size: np.ndarray  # diameter of the circle around the fruit with stem and leaf, as a fraction of the side
    rotation: np.ndarray  # radians, counter-clockwise
    x: np.ndarray  # how far that circle's middle lies right of the picture's, as a fraction of the side
    y: np.ndarray  # the same upwards
    light: np.ndarray  # where the light is: radians, counter-clockwise from the right; pi / 2 is above


def sample_factors(n: int, seed: int, **fixed: object) -> Factors:
    """Draw the factors of `n` pictures, each uniformly and independently of the others, or fix some of them.

    A keyword named like a factor fixes it: one value for all pictures or an array of shape (n,); `kind` may
    be given by name or by index. Fixing one factor leaves what the seed gives to the others unchanged. The
    arrays are int64 for `kind` and float32 for the rest.

    Raises `ValueError` for n < 1, a negative seed, a name that is no factor, an unknown kind, a value that is
    out of its range or NaN, and an array that is not of length n.
    """
    positive_integer("n", n)
    non_negative_integer("seed", seed)
    for name in fixed:
        require(name in Factors._fields, name, "given as a factor", f"one of {', '.join(Factors._fields)}")
    random = np.random.default_rng(seed)
    drawn = {"kind": random.integers(len(KINDS), size=n)}
    drawn |= {name: random.uniform(*bounds, size=n) for name, bounds in RANGES.items()}
    return _checked({name: _spread(name, value, n) for name, value in (drawn | fixed).items()})


def draw(factors: Factors, side: int = 32) -> np.ndarray:
    """Draw a picture for each entry of `factors`: float32 (N, 3, side, side) in [0, 1], red, green, blue.

    A larger side gives the same pictures in more detail. Row 0 is at the top.

    Raises `ValueError` for side < 8, factors that are not arrays of one length N >= 1, an unknown kind, and a
    factor that is out of its range or NaN.
    """
    require(positive_integer("side", side) >= 8, "side", side, "at least 8 pixels")
    n = np.size(factors.kind)
    require(n >= 1, "kind", "empty", "at least one picture")
    for name, values in factors._asdict().items():
        require(np.shape(values) == (n,), name, f"of shape {np.shape(values)}", f"shape ({n},) like kind")
    factors = _checked(factors._asdict())
    images = np.empty((n, 3, side, side), np.float32)
    step = max(1, _CHUNK_PIXELS // side**2)
    for index, name in enumerate(KINDS):
        of_kind = np.flatnonzero(factors.kind == index)
        for start in range(0, len(of_kind), step):
            chosen = of_kind[start : start + step]
            images[chosen] = paint(name, _view(Factors(*(values[chosen] for values in factors)), side))
    return images


def fruits(n: int, seed: int, **fixed: object) -> tuple[np.ndarray, Factors]:
    """Sample `n` fruits and draw them: images (n, 3, 32, 32), as from `draw`, and their factors.

    `fixed` and the errors are those of `sample_factors`. One seed gives the same pictures, bit for bit.
    """
    factors = sample_factors(n, seed, **fixed)
    return draw(factors), factors


def _view(factors: Factors, side: int) -> View:
    """Every pixel's centre and the light, as seen from the frame of each fruit."""
    _, hue, size, rotation, x, y, light = (values[:, None, None] for values in factors)
    centres = ((np.arange(side) + 0.5) / side - 0.5).astype(np.float32)
    right, up = (centres - x) * (2 / size), (-centres[:, None] - y) * (2 / size)
    cos, sin = np.cos(rotation), np.sin(rotation)
    across = math.cos(_ELEVATION)
    towards = (across * np.cos(light - rotation), across * np.sin(light - rotation), math.sin(_ELEVATION))
    return View(cos * right + sin * up, cos * up - sin * right, 2 / (size * side), towards, hue.ravel())


def _checked(factors: dict[str, np.ndarray]) -> Factors:
    """Factors with indices for names of kinds, int64 and float32; raises what the public functions say."""
    within = {name: _within(name, np.asarray(factors[name]), bounds) for name, bounds in RANGES.items()}
    return Factors(kind=_indices(np.asarray(factors["kind"])), **within)


def _within(name: str, values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    require(values.dtype.kind in "fiu", name, f"of {values.dtype}", "real numbers")
    values = values.astype(np.float32)
    outside = values[~((values >= bounds[0]) & (values <= bounds[1]))]  # NaN is outside too
    require(outside.size == 0, name, str(outside[:1]), f"from {bounds[0]:.6g} to {bounds[1]:.6g}")
    return values


def _indices(kinds: np.ndarray) -> np.ndarray:
    if kinds.dtype.kind == "U":
        unknown = [name for name in kinds.tolist() if name not in KINDS]
        require(not unknown, "kind", repr(unknown[:1]), f"one of {', '.join(KINDS)}")
        return np.array([KINDS.index(name) for name in kinds.tolist()], np.int64)
    require(kinds.dtype.kind in "iu", "kind", f"of {kinds.dtype}", "names or whole numbers")
    outside = kinds[(kinds < 0) | (kinds >= len(KINDS))]
    require(outside.size == 0, "kind", str(outside[:1]), f"from 0 to {len(KINDS) - 1}")
    return kinds.astype(np.int64)


def _spread(name: str, value: object, n: int) -> np.ndarray:
    """One value for each picture: a scalar is repeated."""
    values = np.asarray(value)
    require(values.shape in ((), (n,)), name, f"of shape {values.shape}", f"a scalar or shape ({n},)")
    return np.broadcast_to(values, n)
