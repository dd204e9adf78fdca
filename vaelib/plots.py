"""Figures of the book: images, latent planes, learning curves, each with a text that says what it shows."""

import base64
import io
import re
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from vaelib.checks import non_negative_integer, positive, positive_integer, require
from vaelib.models import VAE, LatentModel
from vaelib.training import History

# Okabe & Ito's colours, distinguishable with any kind of colour vision; then two greys.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#8C564B"]
COLOURS += ["#333333", "#999999"]
MARKERS = "os^DvP*X<>"
STYLE = {
    "figure.dpi": 100,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": plt.cycler(color=COLOURS),
    "axes.grid": True,
    "grid.alpha": 0.25,
    "lines.linewidth": 2,
}


def new(
    rows: int = 1, columns: int = 1, width: float = 7.0, height: float = 3.0, **options: object
) -> tuple[Figure, Axes]:
    """Return (figure, axes) in the book's style; sizes in inches, `options` go to `plt.subplots`.

    Raises `ValueError` for sizes and numbers of axes that are not above 0.
    """
    rows, columns = positive_integer("rows", rows), positive_integer("columns", columns)
    width, height = positive("width", width), positive("height", height)
    with plt.rc_context(STYLE):
        return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", **options)


def show(figure: Figure, alt: str) -> None:
    """Display `figure` as a picture with the text `alt` for readers who do not see it.

    Every figure of the book goes through here. Raises `ValueError` if `alt` says nothing: shorter than 20
    characters, or the name of a file.
    """
    words = alt.strip() if isinstance(alt, str) else ""
    says_something = len(words) >= 20 and not re.search(r"\.(png|svg|jpe?g)$", words)
    require(says_something, "alt", repr(alt), "a sentence that says what the figure shows")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=160, facecolor="white")
    plt.close(figure)
    width = round(100 * figure.get_figwidth())
    display(
        {"image/png": base64.b64encode(buffer.getvalue()).decode(), "text/plain": alt},
        metadata={"image/png": {"alt": alt, "width": width}},
        raw=True,
    )


def as_pictures(images: Tensor | np.ndarray) -> np.ndarray:
    """Return images (N, C, H, W), C = 1 or 3, as pictures (N, H, W) or (N, H, W, 3), clipped to be painted.

    A Gaussian decoder's means may leave [0, 1]; paint cannot. Raises `ValueError` for other shapes, no
    images, what is no number, NaN and infinities.
    """
    array = np.asarray(images.detach().cpu() if isinstance(images, Tensor) else images)
    right = array.ndim == 4 and array.shape[1] in (1, 3)
    require(right, "images", f"of shape {array.shape}", "shape (N, 1, H, W) or (N, 3, H, W)")
    require(array.size > 0, "images", f"empty, of shape {array.shape}", "at least one image")
    require(array.dtype.kind in "fiub", "images", f"of {array.dtype}", "real numbers")
    require(bool(np.isfinite(array).all()), "images", "partly NaN or infinite", "finite numbers only")
    array = array.clip(0, 1).transpose(0, 2, 3, 1)
    return array[..., 0] if array.shape[-1] == 1 else array


def montage(images: Tensor | np.ndarray, columns: int, gap: int = 1) -> np.ndarray:
    """Return images (N, C, H, W) side by side, `columns` to a row, as one picture on white.

    `gap` is the number of white pixels between them. Raises `ValueError` for images that `as_pictures`
    refuses, columns < 1 and a gap below 0.
    """
    pictures, gap = as_pictures(images), non_negative_integer("gap", gap)
    if pictures.ndim == 3:
        pictures = 1.0 - pictures  # ink on white paper
    columns = positive_integer("columns", columns)
    rows = -(-len(pictures) // columns)
    high, wide = pictures.shape[1] + gap, pictures.shape[2] + gap
    sheet = np.ones((rows * high - gap, columns * wide - gap, *pictures.shape[3:]), pictures.dtype)
    for index, picture in enumerate(pictures):
        top, left = high * (index // columns), wide * (index % columns)
        sheet[top : top + high - gap, left : left + wide - gap] = picture
    return sheet


def draw_montage(axes: Axes, images: Tensor | np.ndarray, columns: int, title: str = "") -> None:
    """Paint a montage on `axes`, without ticks. Raises `ValueError` as `montage` does."""
    axes.imshow(montage(images, columns), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title, fontsize=10)


def images(
    pictures: Tensor | np.ndarray, alt: str, columns: int = 8, width: float = 7.0, title: str = ""
) -> None:
    """Show images (N, C, H, W) with values in [0, 1], or not far from it, as a sheet of `columns`.

    Raises `ValueError` for values below -1 or above 2, which are no grey or colour levels (counts, perhaps),
    for what `montage` refuses, and for an `alt` that says nothing.
    """
    sheet = montage(pictures, columns)
    low, high = float(pictures.min()), float(pictures.max())
    levels = low >= -1 and high <= 2
    require(levels, "images", f"values from {low:g} to {high:g}", "values from 0 to 1, as from `to_unit`")
    figure, axes = new(width=width, height=width * sheet.shape[0] / sheet.shape[1] + (0.3 if title else 0))
    draw_montage(axes, pictures, columns, title)
    show(figure, alt)


@torch.no_grad()
def reconstructions(model: LatentModel, x: Tensor, what: str) -> None:
    """Show each of x (N, *data_shape) above its reconstruction; `what` names the data ("digits").

    Raises `ValueError` if x is not data for the model, or no images.
    """
    unit = model.likelihood.to_unit
    above, below = unit(x), unit(model.reconstruct(x))
    error = (above - below).square().mean().sqrt().item()
    alt = (
        f"Two rows of {len(x)} {what}: above the originals, below what the decoder makes of their codes. "
        f"The reconstructions differ from the originals by {error:.2f} in root mean square, on a scale from "
        "0 to 1."
    )
    images(torch.cat([above, below]), alt, columns=len(x))


@torch.no_grad()
def samples(model: LatentModel, what: str, n: int = 32, columns: int = 16, seed: int = 0) -> None:
    """Show the decoder's means at `n` draws from the prior; `what` names the data ("digits").

    Raises `ValueError` for n or columns below 1, a negative seed, and a model whose data are no images.
    """
    generator = torch.Generator().manual_seed(non_negative_integer("seed", seed))
    drawn = model.likelihood.to_unit(model.sample_images(n, generator))
    alt = f"{n} {what} that the model invented: the decoder's means at {n} random draws from the prior."
    images(drawn, alt, columns)


def draw_prior(axes: Axes) -> None:
    """Draw the circles at 1, 2 and 3 standard deviations of a two-dimensional N(0, I). Raises nothing."""
    for radius in (1, 2, 3):
        axes.add_patch(Circle((0, 0), radius, fill=False, color="#777777", linestyle=":", linewidth=1))
    axes.set_aspect("equal")


@torch.no_grad()
def latent_plane(vae: VAE, x: Tensor, labels: Tensor, names: Sequence[str], side: int = 15) -> None:
    """Show a 2-D latent space twice: where the posterior means of x lie, and what the decoder draws there.

    `labels` (N,) index `names`. The right half decodes the quantiles of the prior on a `side` by `side` grid,
    so each picture stands for the same share of it; a square in the left half marks where they lie.
    Raises `ValueError` unless the latent space has two dimensions, x is images for the model, `labels` are N
    indices of `names`, and side >= 1.
    """
    require(vae.latent_dim == 2, "vae.latent_dim", vae.latent_dim, "2, for a plane")
    codes, labels = vae.posterior(x).mean, _checked_labels(labels, len(x), len(names))
    like = next(vae.parameters())
    share = torch.arange(positive_integer("side", side), dtype=torch.float64) + 0.5
    steps = torch.special.ndtri(share / side).to(like)
    low, high = (f"{steps[i].item():.1f}" for i in (0, -1))
    figure, (left, right) = new(1, 2, width=8, height=4.4)
    _draw_codes(left, codes.cpu(), labels, names)
    left.add_patch(_square(steps[0].item(), steps[-1].item()))
    grid = torch.stack(torch.meshgrid(steps, steps.flip(0), indexing="xy"), -1).reshape(-1, 2)
    draw_montage(right, vae.likelihood.to_unit(vae.decode_mean(grid)), side, f"decoded, from {low} to {high}")
    spread = codes.std(0, correction=0)
    show(
        figure,
        f"Left: the posterior means of {len(x)} images in the latent plane, coloured by class "
        f"({', '.join(names)}), with standard deviations {spread[0]:.1f} and {spread[1]:.1f}, and the "
        f"prior's circles at 1, 2 and 3. A square marks what the right half covers. Right: {side} by {side} "
        f"pictures decoded at equal shares of the prior, from about {low} to {high} in each direction.",
    )


def _draw_codes(axes: Axes, codes: Tensor, labels: Tensor, names: Sequence[str]) -> None:
    for index, name in enumerate(names):
        look = {"color": COLOURS[index % 10], "marker": MARKERS[index % 10]}
        axes.scatter(*codes[labels == index].T, s=9, alpha=0.6, label=name, **look)
    draw_prior(axes)
    axes.set(xlabel="$z_1$", ylabel="$z_2$", title="posterior means")
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16)}
    axes.legend(ncols=5, fontsize=8, handletextpad=0.1, columnspacing=0.8, frameon=False, **place)


def _square(low: float, high: float) -> Rectangle:
    return Rectangle((low, low), high - low, high - low, fill=False, color="#777777", linewidth=1)


def _checked_labels(labels: Tensor, n: int, names: int) -> Tensor:
    labels = torch.as_tensor(labels).cpu()
    require(labels.shape == (n,), "labels", f"of shape {tuple(labels.shape)}", f"shape ({n},) like x")
    whole = not (labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool)
    require(whole, "labels", f"of {labels.dtype}", "whole numbers")
    low, high = labels.min().item(), labels.max().item()
    expected = f"indices of {names} names, 0 to {names - 1}"
    require(0 <= low and high < names, "labels", f"from {low} to {high}", expected)
    return labels


def learning_curves(history: History, window: int = 25) -> None:
    """Show distortion, rate and ELBO of a training run by step, each as a running mean over `window` steps.

    Raises `ValueError` for a history of no steps and window < 1.
    """
    require(len(history) > 0, "history", "empty", "at least one step")
    values = history.as_arrays()
    window = min(positive_integer("window", window), len(history))
    step = values["step"][window - 1 :]
    figure, axes = new(1, 3, width=9, height=2.6)
    mean = np.ones(window) / window
    smooth = {name: np.convolve(values[name], mean, "valid") for name in ("distortion", "rate", "elbo")}
    for ax, (name, curve), colour in zip(axes, smooth.items(), COLOURS):
        ax.plot(step, curve, color=colour)
        ax.set(title={"elbo": "ELBO"}.get(name, name), xlabel="step", ylabel="nats per example")
        low, high = np.quantile(curve, [0.02, 0.98])
        ax.set_ylim(low - 0.1 * (high - low) - 1e-9, high + 0.3 * (high - low) + 1e-9)
    ends = {name: curve[-1] for name, curve in smooth.items()}
    show(
        figure,
        f"Three curves over {len(history)} training steps. The distortion ends at {ends['distortion']:.1f}, "
        f"the rate at {ends['rate']:.1f} and the ELBO at {ends['elbo']:.1f} nats per example.",
    )
