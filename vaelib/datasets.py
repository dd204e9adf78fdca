"""Data that needs no download: the 1,797 handwritten digits that scikit-learn carries."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor

from vaelib.checks import require

BINARY_THRESHOLD = 8
FORMS = ("counts", "pixels", "binary")


def digits(form: str = "counts") -> tuple[Tensor, Tensor]:
    """Return the digits: images (1797, 1, 8, 8) float32 and labels (1797,) int64, in the stored order.

    A pixel is the number of black dots, out of 16, in a 4 x 4 block of the scan. `form` is "counts" (0 to
    16), "pixels" (counts / 16) or "binary" (1 where counts >= 8, else 0). Raises `ValueError` for another.
    Source: Alpaydin & Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI repository (test part).
    """
    require(form in FORMS, "form", repr(form), f"one of {', '.join(FORMS)}")
    bundled = load_digits()
    counts = torch.tensor(bundled.images, dtype=torch.float32).unsqueeze(1)
    forms = {"counts": counts, "pixels": counts / 16, "binary": (counts >= BINARY_THRESHOLD).float()}
    return forms[form], torch.tensor(bundled.target, dtype=torch.int64)
