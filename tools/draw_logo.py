"""Draw the book's logo and icon: a grid of bits that comes loose and settles as a cloud round the origin.

`python tools/draw_logo.py` writes both SVG files; they are committed so that a build needs no drawing.
"""

import math
from pathlib import Path

import numpy as np

STATIC = Path(__file__).resolve().parent.parent / "book/_static"
STOPS = np.array([[0x1F, 0x86, 0xDB], [0x8E, 0x5B, 0xD9], [0xE8, 0x4A, 0x8A], [0xF5, 0x93, 0x22]])  # blue to orange


def mark(x: float, y: float, size: float, roundness: float, share: float, filled: bool) -> str:
    """Return one square of the logo: `roundness` 1 makes it a disc, `share` runs through `STOPS`."""
    channels = [np.interp(share * (len(STOPS) - 1), range(len(STOPS)), channel) for channel in STOPS.T]
    colour = "#" + "".join(f"{round(channel):02x}" for channel in channels)
    paint = f'fill="{colour}"' if filled else f'fill="none" stroke="{colour}" stroke-width="{size * 0.22:.2f}"'
    inset = 0 if filled else size * 0.11
    side = size - 2 * inset
    left, top = x - size / 2 + inset, y - size / 2 + inset
    return (f'<rect x="{left:.2f}" y="{top:.2f}" width="{side:.2f}" height="{side:.2f}" '
            f'rx="{roundness * side / 2:.2f}" {paint}/>')


def draw(columns: int, rows: int, seed: int) -> str:
    """Return the SVG text of a logo with so many columns and rows of bits."""
    random = np.random.default_rng(seed)
    marks = []
    for column in range(columns):
        loose = column / (columns - 1)
        for row in range(rows):
            straight = np.array([7 + 50 * loose, 7 + 50 * row / (rows - 1)])
            radius, angle = 15 * math.sqrt(-2 * math.log(1 - random.uniform(0, 0.86))), random.uniform(0, 2 * math.pi)
            cloud = np.array([42, 32]) + radius * np.array([0.8 * math.cos(angle), math.sin(angle)])
            x, y = (1 - loose**1.5) * straight + loose**1.5 * np.clip(cloud, 5, 59)
            filled = random.random() < 0.62 or loose > 0.6
            marks.append(mark(x, y, 56 / columns * 0.62 * (1 - 0.25 * loose), loose, loose, filled))
    body = "\n".join(marks)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img">\n'
            f"<title>Bits to Latents: a grid of bits that dissolves into a cloud</title>\n{body}\n</svg>\n")


if __name__ == "__main__":
    (STATIC / "logo.svg").write_text(draw(7, 7, seed=11))
    (STATIC / "favicon.svg").write_text(draw(4, 4, seed=3))
