"""What the widgets about latent planes share: the data's codes, checked, thinned out and packed, and the path.

Checks raise ValueError, naming the argument.
"""

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from vaelib.checks import real_array, require
from vaelib.likelihoods import FAMILIES, Likelihood
from vaelib.models import VAE
from vaelib.plots import montage
from vaelib.widgets.base import picture_file

MOST_CODES, MOST_INPUTS = 600, 40
REACH = 3.5  # a plane shows the prior's third circle
CODE_STEP = 0.01  # codes are drawn, not computed with: a hundredth is less than a pixel
FURTHEST_CODE = 300.0
SHARES = [-math.expm1(-(radius**2) / 2) for radius in (1, 2, 3)]  # of the prior, within so many deviations
CIRCLES = "The dashed circles hold {:.0%}, {:.0%} and {:.0%} of the prior".format(*SHARES)


def spread(classes: np.ndarray, most: int) -> np.ndarray:
    """Return the indices, in order, of at most `most` examples, the classes in equal numbers if they can be.

    `classes` is (N,). Within a class the examples stand evenly apart in the stored order; nothing is random.
    """
    members = [np.flatnonzero(classes == label) for label in np.unique(classes)]
    kept, left = [], most
    for number, indices in sorted(enumerate(members), key=lambda item: len(item[1])):
        quota = min(len(indices), left // (len(members) - len(kept)))
        kept.append(indices[np.linspace(0, len(indices) - 1, quota).round().astype(int)])
        left -= quota
    return np.sort(np.concatenate(kept)) if kept else np.empty(0, int)


def packed(codes: np.ndarray, step: float = CODE_STEP) -> bytes:
    """Return the codes (N, k), each number as the nearest whole number of steps, for the browser."""
    return np.round(codes / step).astype("<i2").tobytes()


def unpacked(content: bytes, latent_dim: int = 2, step: float = CODE_STEP) -> np.ndarray:
    """Return the codes (N, latent_dim) that `packed` put into `content`, float64."""
    return step * np.frombuffer(content, "<i2").reshape(-1, latent_dim)


def extent(*points: Tensor | np.ndarray | Sequence) -> float:
    """Return how far the plane reaches from the origin: past the prior's third circle and the points."""
    furthest = [np.abs(real_array("points", each)).max(initial=0) for each in points]
    return max([REACH, *(math.ceil(10.5 * float(each)) / 10 for each in furthest)])


def on_path(start: Sequence[float], end: Sequence[float], position: float) -> list[float]:
    """Return the point a share `position` of the straight way from one code to another."""
    return [a + position * (b - a) for a, b in zip(start, end, strict=True)]


def picture_row(inputs: Tensor, likelihood: Likelihood) -> bytes:
    """Return the inputs, 2 to 40, side by side as one picture."""
    require(2 <= len(inputs) <= MOST_INPUTS, "inputs", f"{len(inputs)} pictures", f"2 to {MOST_INPUTS}")
    return picture_file(montage(likelihood.to_unit(inputs), len(inputs), gap=0))[1]


def check_image_model(vae: VAE) -> None:
    """Raise ValueError unless `vae` is a VAE of images with at least two latent dimensions."""
    require(isinstance(vae, VAE), "vae", f"of type {type(vae).__name__}", "a vaelib.models.VAE")
    shape = tuple(vae.data_shape)
    is_image = len(shape) == 3 and shape[0] in (1, 3)
    require(is_image, "vae", f"a model of data {shape}", "images (1 or 3, height, width)")
    require(vae.latent_dim >= 2, "vae", f"a model of {vae.latent_dim} latent dimension", "at least 2")


def family_name(likelihood: Likelihood) -> str:
    """Return the name by which the browser knows the likelihood's mean, brought to [0, 1]."""
    known = [family for family in FAMILIES.values() if isinstance(likelihood, family)]
    same = [f for f in known if type(likelihood).mean is f.mean and type(likelihood).to_unit is f.to_unit]
    names = ", ".join(family.__name__ for family in FAMILIES.values())
    expected = f"{names}, or a subclass with the same mean and to_unit"
    require(len(same) == 1, "vae.likelihood", f"of type {type(likelihood).__name__}", expected)
    return same[0].__name__


def checked_codes(name: str, codes: Tensor | None, latent_dim: int) -> np.ndarray:
    """Return the codes as float64 (N, latent_dim), none if there are none."""
    if codes is None:
        return np.empty((0, latent_dim))
    array = real_array(name, codes).astype(float)
    right = array.ndim == 2 and array.shape[1] == latent_dim and len(array) > 0
    require(right, name, f"of shape {array.shape}", f"shape (N, {latent_dim}), N >= 1")
    most = np.abs(array).max()
    reach = f"finite numbers from -{FURTHEST_CODE:g} to {FURTHEST_CODE:g}"
    require(bool(most <= FURTHEST_CODE), name, f"as large as {most:g}", reach)
    return array


def checked_labels(codes: Tensor | None, labels: Tensor | None) -> np.ndarray:
    """Return the labels as int64 (N,), all 0 if there are none."""
    if labels is None:
        return np.zeros(0 if codes is None else len(codes), int)
    require(codes is not None, "labels", "given without codes", "codes too")
    array = real_array("labels", labels)
    require(array.shape == (len(codes),), "labels", f"of shape {array.shape}", f"shape ({len(codes)},)")
    whole = array.dtype.kind in "iu" and 0 <= array.min() and array.max() <= 255
    found = f"{array.dtype} from {array.min()} to {array.max()}"
    require(whole, "labels", found, "whole numbers from 0 to 255")
    return array.astype(int)


def class_names(classes: np.ndarray, labels: Tensor | None, label_names: Sequence[str] | None) -> list[str]:
    """Return the names of the classes, by default their numbers; none without labels."""
    if labels is None:
        require(label_names is None, "label_names", "given without labels", "labels too")
        return []
    needed = int(classes.max()) + 1
    names = [str(i) for i in range(needed)] if label_names is None else [str(name) for name in label_names]
    enough = len(names) >= needed
    require(enough, "label_names", f"{len(names)} names", f"at least {needed}, one for each label")
    return names
