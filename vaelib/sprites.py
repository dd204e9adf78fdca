"""Black-and-white rectangles whose factors are known: what a code should find out about pictures of 16 x 16.

`sprites(n, seed)` draws as many as you like. A picture is a function of its four factors and of nothing else.
"""

import numpy as np

from vaelib.checks import non_negative_integer, positive_integer

SIDE = 16
# Lowest and highest value of each factor. Shape is 0 (twice as wide as high), 1 (square) or 2 (twice as high
# as wide). In pixels: size is half the side of the square of the same area; x and y, how far the middle lies
# right of the picture's and above it. A sprite ends at most 3.5 + 3.2 sqrt 2 = 8.03 away from there.
FACTORS = {"shape": (0, 2), "size": (1.5, 3.2), "x": (-3.5, 3.5), "y": (-3.5, 3.5)}


def sprites(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return n pictures (n, 1, 16, 16), as from `draw`, and their factors (n, 4), uniform and independent.

    One seed gives the same pictures. Raises `ValueError` for n < 1 and a negative seed.
    """
    random = np.random.default_rng(non_negative_integer("seed", seed))
    factors = random.uniform(*np.transpose(list(FACTORS.values())), (positive_integer("n", n), len(FACTORS)))
    factors[:, 0] = random.integers(3, size=n)
    return draw(factors), factors


def draw(factors: np.ndarray) -> np.ndarray:
    """Return a picture for each row of factors (N, 4), in the order of `FACTORS`: float32 (N, 1, 16, 16).

    A pixel is 1 if its centre lies in the sprite, else 0; row 0 is at the top. Values may lie out of range.
    """
    shape, size, x, y = factors.T[..., None, None]
    centres, stretch = np.arange(SIDE) - (SIDE - 1) / 2, 2.0 ** ((1 - shape) / 2)
    inside = (abs(centres - x) <= size * stretch) & (abs(-centres[:, None] - y) <= size / stretch)
    return inside[:, None].astype(np.float32)
