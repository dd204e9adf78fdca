"""How each kind of fruit is shaped, coloured and shaded; `vaelib.fruits` says which fruit to paint and where.

Everything is written in the frame of the fruit: `u` points right and `v` up before the fruit is turned, and
the whole fruit, stem and leaf included, fits into the unit circle. Arrays are (N, side, side) float32 unless
a docstring says otherwise; distances are negative inside and positive outside.
"""

import colorsys
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

RGB = tuple[float, float, float]
Point = tuple[float, float]

PAPER: RGB = (0.984, 0.961, 0.922)  # the background of every picture, a warm off-white
_SHADOW: RGB = (0.36, 0.27, 0.30)
_GLINT: RGB = (1.0, 0.985, 0.95)
_BARK: RGB = (0.42, 0.28, 0.16)
_LEAF_DARK: RGB = (0.15, 0.42, 0.20)
_LEAF_LIGHT: RGB = (0.50, 0.75, 0.28)


class View(NamedTuple):
    """Pictures of one kind of fruit, in the frame of the fruit."""

    u: np.ndarray  # (N, side, side): where each pixel is
    v: np.ndarray  # (N, side, side)
    pixel: np.ndarray  # (N, 1, 1): the width of a pixel
    light: tuple[np.ndarray, np.ndarray, np.ndarray]  # unit vector towards the light, each (N, 1, 1)
    hue: np.ndarray  # (N,): shift of the fruit's hue, in turns


class Surface(NamedTuple):
    """A body: signed distance to its outline and the unit normal of the side we see."""

    distance: np.ndarray
    normal: tuple[np.ndarray, np.ndarray, np.ndarray]


class Lathe(NamedTuple):
    """A body turned on a lathe, of radius sqrt(1 - t^2) (c0 + c1 t + c2 t^2 ...) at height t in [-1, 1]."""

    profile: tuple[float, ...]  # c0, c1, c2, ...; their polynomial is positive on [-1, 1]
    reach: float  # half the height of the body
    lift: float = 0.0  # height of its middle
    bend: float = 0.0  # how far the axis curves sideways
    dimple: float = 0.0  # how deep the outline sinks in at both ends


class Look(NamedTuple):
    """Colours (hue in turns, saturation, value) in the shade, half lit and lit; strength of the highlight."""

    shade: RGB
    middle: RGB
    bright: RGB
    gloss: float


LATHES = {
    "apple": Lathe((0.98, 0.10), reach=0.80, lift=-0.17, dimple=0.17),
    "banana": Lathe((0.38, 0.02, -0.06, 0.0, -0.12), reach=0.86, lift=-0.08, bend=0.62),
    "lemon": Lathe((0.80, 0.0, 0.0, 0.0, -0.18, 0.0, -0.42), reach=0.98),
    "orange": Lathe((1.0,), reach=0.87, lift=-0.10),
    "pear": Lathe((0.62, -0.56, 0.02, 0.26, 0.09), reach=0.86, lift=-0.12),
    "plum": Lathe((0.90, 0.04), reach=0.85, lift=-0.12),
    "strawberry": Lathe((0.84, 0.26, -0.04), reach=0.85, lift=-0.13),
}

LOOKS = {
    "apple": Look((0.965, 0.94, 0.48), (0.990, 0.86, 0.88), (0.020, 0.68, 1.00), 0.75),
    "banana": Look((0.095, 0.92, 0.72), (0.132, 0.80, 0.97), (0.150, 0.46, 1.00), 0.30),
    "lemon": Look((0.112, 0.97, 0.74), (0.145, 0.84, 0.97), (0.155, 0.48, 1.00), 0.50),
    "orange": Look((0.040, 0.97, 0.76), (0.072, 0.92, 0.99), (0.105, 0.66, 1.00), 0.45),
    "pear": Look((0.230, 0.78, 0.42), (0.205, 0.66, 0.76), (0.172, 0.46, 0.96), 0.45),
    "plum": Look((0.755, 0.78, 0.24), (0.775, 0.62, 0.50), (0.745, 0.36, 0.82), 0.40),
    "strawberry": Look((0.965, 0.97, 0.52), (0.990, 0.88, 0.90), (0.015, 0.66, 1.00), 0.55),
    "watermelon": Look((0.965, 0.80, 0.74), (0.985, 0.70, 0.94), (0.005, 0.52, 1.00), 0.12),
}
_RIND = Look((0.37, 0.78, 0.30), (0.35, 0.70, 0.50), (0.33, 0.58, 0.70), 0.0)
_PITH = Look((0.20, 0.44, 0.78), (0.20, 0.38, 0.92), (0.18, 0.33, 1.00), 0.0)

KINDS = tuple(LOOKS)


def _rgb(colour: RGB, hue: np.ndarray) -> np.ndarray:
    """A colour (hue, saturation, value) with its hue shifted: shifts (N,) in turns -> (N, 3, 1, 1)."""
    shifted = [colorsys.hsv_to_rgb((colour[0] + shift) % 1.0, *colour[1:]) for shift in hue.tolist()]
    return np.array(shifted, np.float32)[:, :, None, None]


def _colours(look: Look, tone: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """The parabola through the three colours of `look` at tones 0, 1/2 and 1: -> (N, 3, side, side)."""
    shade, middle, bright = (_rgb(colour, hue) for colour in look[:3])
    tone = tone[:, None]
    colours = (2 * (shade + bright) - 4 * middle) * tone
    colours += 4 * middle - 3 * shade - bright
    colours *= tone
    colours += shade
    return colours


def _cover(distance: np.ndarray, width: np.ndarray | float) -> np.ndarray:
    """How much of a pixel lies inside, 0 to 1, for an edge that is `width` wide."""
    return np.clip(0.5 - distance / width, 0.0, 1.0)


def _smooth(x: np.ndarray) -> np.ndarray:
    """The smooth step 3 x^2 - 2 x^3, 0 below 0 and 1 above 1."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def _length(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """sqrt(u^2 + v^2), ten times faster than `np.hypot`, whose guard against overflow is not needed here."""
    return np.sqrt(u * u + v * v)


def _lay(image: np.ndarray, colour: RGB | np.ndarray, cover: np.ndarray) -> None:
    """Lays a colour, an RGB or an array like the image, over it in place, as opaque as `cover` says."""
    if isinstance(colour, tuple):
        colour = np.array(colour, np.float32)[:, None, None]
    image += cover[:, None] * (colour - image)


def _turned(body: Lathe, u: np.ndarray, v: np.ndarray) -> Surface:
    """The surface z^2 = -f, where f = u^2 - radius(v)^2 and u is measured from the axis.

    The distance d solves f - |grad f| d + d^2 = 0, which is exact for a sphere and for a straight rod.
    """
    f, half_fu, half_fv, beyond = _implicit(body, u / body.reach, (v - body.lift) / body.reach)
    flat = half_fu * half_fu + half_fv * half_fv + 1e-6
    distance = f / (np.sqrt(flat) + np.sqrt(np.maximum(flat - f, 0.0))) + beyond
    depth2 = np.maximum(-f, 0.0)
    scale = 1.0 / np.sqrt(flat + depth2)
    return Surface(distance * body.reach, (half_fu * scale, half_fv * scale, np.sqrt(depth2) * scale))


def _implicit(body: Lathe, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, ...]:
    """f, half its slopes along u and v, and how far a point lies beyond the ends of the axis.

    Beyond an end f is that of the end itself, lest the polynomial make a second body there.
    """
    height, dt_du, dt_dv = v, 0.0, 1.0
    if body.dimple:
        sink = body.dimple * np.exp(-7.0 * u * u)
        height, dt_du, dt_dv = v * (1.0 + sink), -14.0 * u * v * sink, 1.0 + sink
    t = np.clip(height, -1.0, 1.0)
    tilt = 2.0 * body.bend * t if body.bend else 0.0
    sideways = _bent(body, u, t)
    near = sideways / (1.0 + tilt * tilt)  # sideways * near: squared distance at right angles to a bent axis
    radius, slope = _profile(body.profile, t)
    room = 1.0 - t * t
    half_slope = radius * (room * slope - t * radius)
    f = sideways * near - room * radius * radius
    return f, near - half_slope * dt_du, -half_slope * dt_dv - tilt * near, np.abs(height - t)


def _bent(body: Lathe, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Sideways distance from the axis, which is a parabola when the body is bent."""
    return u - body.bend * (v * v - 0.45) if body.bend else u


def _profile(coefficients: tuple[float, ...], t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The polynomial and its slope at t, by Horner's rule."""
    value, slope = np.full_like(t, coefficients[-1]), np.zeros_like(t)
    for coefficient in coefficients[-2::-1]:
        slope = slope * t + value
        value = value * t + coefficient
    return value, slope


_DISC_RADIUS, _DISC_LIFT, _CUT = 0.92, 0.29, 0.41  # the watermelon: a disc cut straight just above its middle


def _slice(u: np.ndarray, v: np.ndarray) -> Surface:
    """A slice of watermelon with rounded corners; its face bulges a little, so that the light shows on it."""
    corner = 0.08
    rim = _length(u, v - _DISC_LIFT) - _DISC_RADIUS + corner
    top = v - _CUT + corner
    beyond = _length(np.maximum(rim, 0.0), np.maximum(top, 0.0))
    distance = beyond + np.minimum(np.maximum(rim, top), 0.0) - corner
    nu, nv = 0.6 * u, 0.6 * (v + 0.1)
    return Surface(distance, (nu, nv, np.sqrt(np.maximum(1.0 - nu * nu - nv * nv, 0.0))))


def _surface(kind: str, u: np.ndarray, v: np.ndarray) -> Surface:
    """The body of a kind of fruit, without its stem and leaves."""
    return _turned(LATHES[kind], u, v) if kind in LATHES else _slice(u, v)


def _cosine(surface: Surface, direction: tuple) -> np.ndarray:
    """Cosine of the angle between the normal and a unit vector."""
    (nu, nv, nz), (du, dv, dz) = surface.normal, direction
    return nu * du + nv * dv + nz * dz


def _highlight(surface: Surface, light: tuple) -> np.ndarray:
    """Blinn's highlight (1977): the cosine of normal and half-way vector (of light and eye) to the 24th."""
    x, y, z = light
    length = np.sqrt(x * x + y * y + (z + 1.0) ** 2)
    cosine = np.maximum(_cosine(surface, (x / length, y / length, (z + 1.0) / length)), 0.0)
    eighth = ((cosine**2) ** 2) ** 2
    return eighth * eighth * eighth


def _stroke(view: View, start: Point, end: Point, thick: float) -> np.ndarray:
    """Distance to a straight stroke with round ends, 2 `thick` wide."""
    du, dv = end[0] - start[0], end[1] - start[1]
    u, v = view.u - start[0], view.v - start[1]
    along = np.clip((u * du + v * dv) / (du * du + dv * dv), 0.0, 1.0)
    return _length(u - along * du, v - along * dv) - thick


def _stem(
    image: np.ndarray, view: View, start: Point, end: Point, colour: RGB = _BARK, thick: float = 0.06
) -> None:
    """A straight stem with round ends, 2 `thick` wide."""
    _lay(image, colour, _cover(_stroke(view, start, end, thick), view.pixel))


def _leaf(image: np.ndarray, view: View, base: Point, tip: Point, width: float) -> None:
    """A pointed leaf from `base` to `tip`, 2 `width` wide; the half that faces the light is the brighter."""
    du, dv = (tip[0] - base[0]) / 2, (tip[1] - base[1]) / 2
    half = math.hypot(du, dv)
    u, v = view.u - (base[0] + du), view.v - (base[1] + dv)
    along, across = (u * du + v * dv) / half**2, (v * du - u * dv) / half
    facing = (view.light[1] * du - view.light[0] * dv) / half
    tone = _smooth(0.5 + across * (facing / (1.2 * width)) + 0.12 * along)[:, None]
    dark, light = (np.array(colour, np.float32)[:, None, None] for colour in (_LEAF_DARK, _LEAF_LIGHT))
    distance = np.abs(across) - width * (1.0 - along * along)
    _lay(image, dark + (light - dark) * tone, _cover(distance, view.pixel))


def _apple_marks(body: np.ndarray, view: View, tone: np.ndarray) -> None:
    hollow = _length(view.u / 0.36, (view.v - 0.44) / 0.14) - 1.0
    _lay(body, (0.42, 0.08, 0.08), 0.55 * _smooth(0.5 - hollow / 1.2))


def _apple_extras(image: np.ndarray, view: View) -> None:
    _stem(image, view, (0.0, 0.44), (0.09, 0.86))
    _leaf(image, view, (0.06, 0.58), (0.62, 0.78), 0.16)


def _banana_marks(body: np.ndarray, view: View, tone: np.ndarray) -> None:
    lathe = LATHES["banana"]
    v = (view.v - lathe.lift) / lathe.reach
    ridge = np.abs(_bent(lathe, view.u / lathe.reach, v) - 0.10 * (1.0 - v * v))
    _lay(body, (0.80, 0.55, 0.10), 0.45 * _smooth(1.0 - ridge / 0.07))
    _lay(body, (0.33, 0.23, 0.12), _smooth((-0.82 - view.v) / 0.08))


def _banana_extras(image: np.ndarray, view: View) -> None:
    _stem(image, view, (0.25, 0.72), (0.37, 0.86), (0.47, 0.36, 0.13), 0.065)


def _lemon_marks(body: np.ndarray, view: View, tone: np.ndarray) -> None:
    _lay(body, _rgb((0.205, 0.78, 0.74), view.hue), 0.6 * _smooth((np.abs(view.v) - 0.72) / 0.25))


def _orange_extras(image: np.ndarray, view: View) -> None:
    _leaf(image, view, (0.0, 0.64), (0.58, 0.80), 0.17)
    _stem(image, view, (-0.02, 0.64), (-0.02, 0.70), _LEAF_DARK, 0.07)


def _pear_marks(body: np.ndarray, view: View, tone: np.ndarray) -> None:
    blush = _length(view.u - 0.34, view.v + 0.38) / 0.72
    _lay(body, _rgb((0.052, 0.73, 0.96), view.hue), 0.42 * _smooth(1.0 - blush))


def _pear_extras(image: np.ndarray, view: View) -> None:
    _stem(image, view, (0.0, 0.70), (0.10, 0.93))


def _plum_marks(body: np.ndarray, view: View, tone: np.ndarray) -> None:
    v = view.v - LATHES["plum"].lift
    cleft = np.abs(view.u - 0.30 * (1.0 - v * v / 0.72)) / 0.10
    _lay(body, (0.17, 0.06, 0.26), 0.55 * _smooth(1.0 - cleft))


def _plum_extras(image: np.ndarray, view: View) -> None:
    _leaf(image, view, (0.0, 0.70), (-0.56, 0.80), 0.15)
    _stem(image, view, (0.0, 0.68), (0.06, 0.92))


def _strawberry_marks(body: np.ndarray, view: View, tone: np.ndarray) -> None:
    wave = math.pi / 0.26
    seeds = np.cos(wave * view.u) * np.cos(wave * (view.v + 0.08))
    lathe = LATHES["strawberry"]
    depth2 = -_implicit(lathe, view.u / lathe.reach, (view.v - lathe.lift) / lathe.reach)[0]
    # A seed on the very edge would look like a bite.
    _lay(body, (1.0, 0.86, 0.45), 0.9 * _smooth((seeds - 0.68) / 0.32) * _smooth(5.0 * depth2))


def _strawberry_extras(image: np.ndarray, view: View) -> None:
    for tip in ((-0.64, 0.50), (0.64, 0.50), (-0.36, 0.28), (0.36, 0.28), (0.0, 0.20)):
        _leaf(image, view, (0.0, 0.70), tip, 0.13)
    _stem(image, view, (0.0, 0.68), (0.05, 0.92), _LEAF_DARK)


_PIPS = ((0.51, -0.10), (0.29, -0.45), (0.0, -0.26), (-0.29, -0.45), (-0.51, -0.10))  # from the disc's middle


def _watermelon_marks(body: np.ndarray, view: View, tone: np.ndarray) -> None:
    radius = _length(view.u, view.v - _DISC_LIFT)
    _lay(body, _colours(_PITH, tone, view.hue), _cover(0.71 - radius, 0.07))
    _lay(body, _colours(_RIND, tone, view.hue), _cover(0.79 - radius, view.pixel))
    for u, v in _PIPS:
        pip = _stroke(view, (0.92 * u, 0.92 * v + _DISC_LIFT), (1.08 * u, 1.08 * v + _DISC_LIFT), 0.05)
        _lay(body, (0.22, 0.09, 0.08), _cover(pip, view.pixel))


# What lies on the body, shaded by its tone and cut off at its outline: (body, view, tone) -> None, in place.
_MARKS: dict[str, Callable[[np.ndarray, View, np.ndarray], None]] = {
    "apple": _apple_marks, "banana": _banana_marks, "lemon": _lemon_marks, "pear": _pear_marks,
    "plum": _plum_marks, "strawberry": _strawberry_marks, "watermelon": _watermelon_marks,
}
# What sticks out of it, stems and leaves: (image, view) -> None, in place.
_EXTRAS: dict[str, Callable[[np.ndarray, View], None]] = {
    "apple": _apple_extras, "banana": _banana_extras, "orange": _orange_extras, "pear": _pear_extras,
    "plum": _plum_extras, "strawberry": _strawberry_extras,
}


def _lay_shadow(image: np.ndarray, kind: str, view: View) -> None:
    """The soft shadow on the paper: the blurred outline, moved away from the light."""
    u, v = (place + 0.16 * towards for place, towards in zip((view.u, view.v), view.light, strict=False))
    _lay(image, _SHADOW, 0.34 * _smooth(0.55 - _surface(kind, u, v).distance / 0.42))


def paint(kind: str, view: View) -> np.ndarray:
    """Paints pictures of one kind: float32 (N, 3, side, side) in [0, 1]."""
    image = np.empty((len(view.hue), 3, *view.u.shape[1:]), np.float32)
    image[:] = np.array(PAPER, np.float32)[:, None, None]
    _lay_shadow(image, kind, view)
    surface = _surface(kind, view.u, view.v)
    tone = np.clip(0.34 + 0.58 * _cosine(surface, view.light), 0.0, 1.0)
    body = _colours(LOOKS[kind], tone, view.hue)
    if kind in _MARKS:
        _MARKS[kind](body, view, tone)
    _lay(body, _GLINT, LOOKS[kind].gloss * _highlight(surface, view.light))
    _lay(image, body, _cover(surface.distance, view.pixel))
    if kind in _EXTRAS:
        _EXTRAS[kind](image, view)
    return np.clip(image, 0.0, 1.0, out=image)
