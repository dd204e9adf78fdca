"""Widget 11, the latent explorer: a point in the latent space, and what the decoder makes of it."""

from collections.abc import Sequence
from types import EllipsisType

import numpy as np
import torch
import traitlets
from torch import Tensor

from vaelib.checks import is_whole_number, real_array, require
from vaelib.models import VAE
from vaelib.plots import COLOURS, montage
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.codes import (
    CIRCLES, CODE_STEP, MOST_CODES, check_image_model, checked_codes, checked_labels, class_names, extent, family_name,
    on_path, packed, picture_row, spread, unpacked,
)
from vaelib.widgets.export import export_layers
from vaelib.widgets.traits import Number

FURTHEST = 10.0  # a point further out than this, and than all the data, would shrink the plane to nothing


class LatentExplorer(Widget, scripts=("decoder.js", "codes.js", "latent_explorer.js")):
    """A picture decoded live from a point of the latent space that the reader moves.

    Arguments:
        vae: a trained VAE of images (1 or 3, height, width) with at least two latent dimensions and one of
            the likelihoods of `vaelib.likelihoods`, or a subclass that keeps its mean and scale.
        codes: (N, latent_dim), the data's codes (posterior means), drawn as marks. At most 600 are shown,
            spread evenly over the classes.
        labels: (N,) whole numbers, the class of each code.
        label_names: the names of the classes; by default their numbers.
        inputs: (n, *data_shape), pictures between which the reader walks along a straight line of
            latent space.
        z: latent_dim numbers from -10 to 10 (further if the codes lie further), where the point starts; by
            default its place on the path, or the origin without one.
        start, end: indices into `inputs` of the path's two ends, or None; by default the first two inputs.
            Without inputs there is no path.
        path_position: a place on the path, from 0 at the start to 1 at the end.
        title, task, caption: what is written above and below; by default what fits the arguments.
        dtype: "float16" or "float32", the type in which the decoder's weights travel.

    The traits `z`, `start`, `end`, `path_position` and `axes` (the two latent dimensions drawn) keep in step
    with the reader's screen, both ways. Setting an end or `path_position` moves `z` onto the path. Raises
    ValueError, also for traits set later, for shapes and values that do not fit the model.
    """

    title = traitlets.Unicode("Latent explorer").tag(sync=True)
    # Of any type for traitlets: the validators below refuse what does not fit, with a ValueError. `Any` would
    # let None pass unseen.
    z, start, end, axes = (traitlets.TraitType().tag(sync=True) for _ in range(4))
    path_position = Number(0.0, 0, 1)

    spec = traitlets.Dict().tag(sync=True)
    weights, codes, labels, inputs = (traitlets.Bytes().tag(sync=True) for _ in range(4))

    def __init__(
        self, vae: VAE, codes: Tensor | None = None, labels: Tensor | None = None,
        label_names: Sequence[str] | None = None, inputs: Tensor | None = None, *, z: Sequence[float] | None = None,
        start: int | None | EllipsisType = ..., end: int | None | EllipsisType = ..., path_position: float = 0.0,
        dtype: str = "float16", **traits: object
    ) -> None:
        check_image_model(vae)
        places = checked_codes("codes", codes, vae.latent_dim)
        classes = checked_labels(codes, labels)
        names = class_names(classes, labels, label_names)
        kept = spread(classes, MOST_CODES)
        input_codes, sheet = _encoded(vae, inputs)
        ends = _first_ends(start, end, len(input_codes))
        path_position = LatentExplorer.path_position.validate(self, path_position)
        exported = export_layers(vae.decoder, dtype)
        first = _first_point(vae, z, input_codes, ends, path_position, extent(places, input_codes))
        spec = {
            "layers": exported["layers"],
            "dtype": dtype,
            "likelihood": family_name(vae.likelihood),
            "data_shape": list(vae.data_shape),
            "latent_dim": vae.latent_dim,
            "extent": extent(places, input_codes, first),
            "code_step": CODE_STEP,
            "classes": names,
            "colours": COLOURS,
            "input_codes": input_codes,
        }
        self._vae = vae
        words = {"task": _default_task(names), "caption": _default_caption(vae, len(kept), len(places))}
        super().__init__(
            spec=spec,
            weights=exported["blob"],
            codes=packed(places[kept]),
            labels=classes[kept].astype("u1").tobytes() if names else b"",
            inputs=sheet,
            z=first,
            start=ends[0],
            end=ends[1],
            path_position=path_position,
            axes=[0, 1],
            **words | traits,
        )
        self.observe(self._walk, ["start", "end", "path_position"])

    def __repr__(self) -> str:
        return f"LatentExplorer(z={[round(number, 4) for number in self.z]})"

    @torch.no_grad()
    def still(self) -> Still:
        """Return images decoded on a grid of the plane, or a row of them for each latent dimension."""
        if self._vae.latent_dim == 2:
            steps = [-2.0, -1.0, 0.0, 1.0, 2.0]
            points = torch.tensor([[across, up] for up in reversed(steps) for across in steps])
            caption = (
                "Images decoded from a grid of the latent plane: z1 from −2 to 2, left to right; "
                "z2 from −2 to 2, upwards."
            )
        else:
            steps = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]
            points = torch.tensor(self.z).repeat(self._vae.latent_dim, len(steps), 1)
            for dimension in range(self._vae.latent_dim):
                points[dimension, :, dimension] = torch.tensor(steps)
            points = points.flatten(0, 1)
            caption = (
                f"Decoded images in {self._vae.latent_dim} rows: row i moves latent dimension i from −3 to 3 "
                f"left to right, round the point z = {_words(self.z)}."
            )
        means = self._vae.decode_mean(points.to(next(self._vae.parameters())))
        unit = self._vae.likelihood.to_unit(means).cpu()
        sheet = montage(unit, len(steps), gap=max(1, unit.shape[-1] // 16))
        return Still(sheet, caption, caption + self._neighbours(points, len(steps)))

    def _neighbours(self, points: Tensor, columns: int) -> str:
        names = self.spec["classes"]
        if not (names and self.codes):
            return ""
        codes = torch.tensor(unpacked(self.codes, self._vae.latent_dim))
        nearest = torch.cdist(points.double().cpu(), codes).argmin(1)
        found = [names[label] for label in np.frombuffer(self.labels, "u1")[nearest.numpy()]]
        rows = [" ".join(found[i : i + columns]) for i in range(0, len(found), columns)]
        return f" The classes of the nearest codes, row by row from the top: {'; '.join(rows)}."

    def _walk(self, _change: object) -> None:
        ends = [self.spec["input_codes"][i] for i in (self.start, self.end) if i is not None]
        if len(ends) == 2:
            point = on_path(*ends, self.path_position)
            if not np.allclose(point, self.z, rtol=0, atol=1e-9):  # the screen has set both already
                self.z = point

    @traitlets.validate("z")
    def _check_z(self, proposal: dict) -> list[float]:
        return _checked_point(self.spec["latent_dim"], proposal["value"], self.spec["extent"])

    @traitlets.validate("start", "end")
    def _check_end(self, proposal: dict) -> int | None:
        return _checked_index(proposal["trait"].name, proposal["value"], len(self.spec["input_codes"]))

    @traitlets.validate("axes")
    def _check_axes(self, proposal: dict) -> list[int]:
        axes, dims = proposal["value"], self.spec["latent_dim"]
        listed = isinstance(axes, list | tuple) and len(axes) == 2
        right = listed and all(is_whole_number(axis) and 0 <= axis < dims for axis in axes) and axes[0] != axes[1]
        require(right, "axes", repr(axes), f"two different latent dimensions from 0 to {dims - 1}")
        return [int(axis) for axis in axes]


@torch.no_grad()
def _encoded(vae: VAE, inputs: Tensor | None) -> tuple[list[list[float]], bytes]:
    """Return the posterior means of the inputs and the inputs side by side as one picture."""
    if inputs is None:
        return [], b""
    require(isinstance(inputs, Tensor), "inputs", f"of type {type(inputs).__name__}", "a torch.Tensor")
    means = vae.posterior(inputs).mean.cpu().double().numpy()
    return means.round(4).tolist(), picture_row(inputs, vae.likelihood)


def _first_ends(start: object, end: object, count: int) -> list[int | None]:
    """Return the checked ends of the path: by default the first two inputs, none without inputs."""
    default = (0, 1) if count else (None, None)
    given = [usual if index is ... else index for index, usual in zip((start, end), default, strict=True)]
    return [_checked_index(name, index, count) for name, index in zip(("start", "end"), given, strict=True)]


def _first_point(
    vae: VAE, z: Sequence[float] | None, codes: list[list[float]], ends: list[int | None], position: float,
    extent: float
) -> list[float]:
    if z is not None:
        return _checked_point(vae.latent_dim, z, extent)
    if None in ends:
        return [0.0] * vae.latent_dim
    return on_path(codes[ends[0]], codes[ends[1]], position)


def _checked_point(latent_dim: int, z: Sequence[float], extent: float) -> list[float]:
    """Return z as a list of floats; `extent` is how far the plane reaches already."""
    array = real_array("z", z)
    furthest = max(FURTHEST, extent)
    right = array.shape == (latent_dim,) and bool((np.abs(array) <= furthest).all())  # NaN is not
    found = array.tolist() if array.size < 50 else f"of shape {array.shape}"
    require(right, "z", found, f"{latent_dim} finite numbers from {-furthest:g} to {furthest:g}")
    return array.astype(float).tolist()


def _checked_index(name: str, index: int | None, count: int) -> int | None:
    right = index is None or (is_whole_number(index) and 0 <= index < count)
    require(right, name, repr(index), f"None or an index of one of {count} inputs")
    return None if index is None else int(index)


def _default_task(names: list[str]) -> str:
    if names:
        return "Find a place where one class turns into another."
    return "Find a place where the picture stops looking like the data."


def _default_caption(vae: VAE, shown: int, total: int) -> str:
    marks = f"Each mark is the code (the posterior mean) of one picture, {shown:,} of {total:,}. "
    where = "" if vae.latent_dim == 2 else " in any two dimensions"
    return f"{marks if total else ''}{CIRCLES}{where}."


def _words(numbers: Sequence[float]) -> str:
    return f"({', '.join(f'{number:.2f}' for number in numbers)})".replace("-", "−")
