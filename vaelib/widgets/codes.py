"""What the widgets about latent planes share: the data's codes, checked and thinned out, and the path.

Checks raise ValueError, naming the argument.
"""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from vaelib.checks import real_array, require
from vaelib.likelihoods import FAMILIES, Likelihood
from vaelib.models import VAE

MOST_CODES = 600
CODE_STEP = 0.01  # codes are drawn, not computed with: a hundredth is less than a pixel
FURTHEST_CODE = 300.0


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


def on_path(start: Sequence[float], end: Sequence[float], position: float) -> list[float]:
    """Return the point a share `position` of the straight way from one code to another."""
    return [a + position * (b - a) for a, b in zip(start, end, strict=True)]


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
