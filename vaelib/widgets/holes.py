"""Widget 10, holes: where a plain autoencoder has never been, beside a VAE."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
import traitlets
from torch import Tensor

from vaelib import plots
from vaelib.checks import require
from vaelib.models import VAE, Autoencoder, LatentModel
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.codes import (
    CIRCLES, FURTHEST_CODE, MOST_INPUTS, REACH, check_image_model, checked_codes, checked_labels, class_names,
    family_name, on_path, packed, picture_row, spread, unpacked,
)
from vaelib.widgets.export import export_layers
from vaelib.widgets.traits import Number, Numbers, Whole

MOST_CODES = 400
NAMES = {"autoencoder": "Autoencoder", "vae": "VAE"}


class Holes(Widget, scripts=("figures.js", "decoder.js", "codes.js", "random.js", "holes.js")):
    """A point in the plane of a plain autoencoder and one in that of a VAE, each decoded live.

    Arguments:
        autoencoder, vae: trained models of the same images (1 or 3, height, width), with the same likelihood
            and two latent dimensions each.
        autoencoder_codes, vae_codes: (N, 2), the codes of the same N pictures in either plane, from -300 to
            300. At most 400 are shown, spread evenly over the classes; distances are to those.
        labels: (N,) whole numbers, the class of each picture.
        inputs: (n, *data_shape), 2 to 40 pictures between which the reader walks in both planes at once.
        label_names: the names of the classes; by default their numbers.
        dtype: "float16" or "float32", the type in which the decoders' weights travel.
        start, end: indices into `inputs`, the two ends of the walk; by default 0 and 1.
        path_position: a place on it, from 0 to 1. Both points start there.
        seed: a whole number, of the next draw from the prior.
        title, task, caption: what is written above and below.

    The traits `start`, `end`, `path_position`, `seed` and the two points `autoencoder_z` and `vae_z` keep in
    step with the reader's screen. Raises ValueError, also for traits set later, for what does not fit.
    """

    title = traitlets.Unicode("Holes").tag(sync=True)
    task = traitlets.Unicode("Walk from A to B. Which decoder loses its way, and where?").tag(sync=True)
    start = Whole(0, 0, MOST_INPUTS - 1)
    end = Whole(1, 0, MOST_INPUTS - 1)
    path_position = Number(0.0, 0, 1)
    seed = Whole(0, 0, 2**31 - 1)
    autoencoder_z = Numbers((0.0, 0.0), -FURTHEST_CODE, FURTHEST_CODE)
    vae_z = Numbers((0.0, 0.0), -FURTHEST_CODE, FURTHEST_CODE)

    spec = traitlets.Dict().tag(sync=True)
    autoencoder_weights, vae_weights = (traitlets.Bytes().tag(sync=True) for _ in NAMES)
    autoencoder_codes, vae_codes = (traitlets.Bytes().tag(sync=True) for _ in NAMES)
    labels, inputs = (traitlets.Bytes().tag(sync=True) for _ in range(2))

    @torch.no_grad()
    def __init__(
        self, autoencoder: Autoencoder, vae: VAE, autoencoder_codes: Tensor, vae_codes: Tensor, labels: Tensor,
        inputs: Tensor, label_names: Sequence[str] | None = None, dtype: str = "float16", **traits: object
    ) -> None:
        _check_models(autoencoder, vae)
        places = {"autoencoder": autoencoder_codes, "vae": vae_codes}
        places = {name: checked_codes(f"{name}_codes", codes, 2) for name, codes in places.items()}
        total, other = len(places["vae"]), len(places["autoencoder"])
        require(other == total, "autoencoder_codes", f"{other} codes", f"{total}, as many as vae_codes")
        classes = checked_labels(vae_codes, labels)
        names, kept = class_names(classes, labels, label_names), spread(classes, MOST_CODES)
        ends = {"autoencoder": autoencoder.encode(inputs), "vae": vae.posterior(inputs).mean}
        sheet = picture_row(inputs, vae.likelihood)
        nearest = torch.cdist(ends["vae"].double().cpu(), torch.tensor(places["vae"])).argmin(1)
        spec = {
            "dtype": dtype,
            "likelihood": family_name(vae.likelihood),
            "data_shape": list(vae.data_shape),
            "classes": names,
            "colours": plots.COLOURS,
            "inputs": [names[label] for label in classes[nearest.numpy()]],
        }
        self._models: dict[str, LatentModel] = {"autoencoder": autoencoder, "vae": vae}
        for name, model in self._models.items():
            plane, traits[f"{name}_codes"] = _plane(f"{name}_codes", places[name], kept, ends[name])
            exported = export_layers(model.decoder, dtype)
            traits[f"{name}_weights"] = exported["blob"]
            spec[name] = {"name": NAMES[name], "layers": exported["layers"], **plane}
        traits = {"caption": _caption(len(kept), total), "spec": spec, **traits}
        labels = classes[kept].astype("u1").tobytes()
        super().__init__(labels=labels, inputs=sheet, **traits)
        self.autoencoder_z, self.vae_z = (self.on_path(name, self.path_position) for name in NAMES)

    def on_path(self, name: str, position: float) -> list[float]:
        """Return the code a share `position` of the way in the plane of "autoencoder" or "vae"."""
        ends = self.spec[name]["inputs"]
        return on_path(ends[self.start], ends[self.end], position)

    def shown_codes(self, name: str) -> np.ndarray:
        """Return the codes that the plane of "autoencoder" or "vae" shows, (n, 2) float64, n <= 400."""
        plane = self.spec[name]
        return plane["centre"] + unpacked(getattr(self, f"{name}_codes"), 2, plane["step"])

    @torch.no_grad()
    def still(self) -> Still:
        """Return both planes with the straight line between the two pictures, and what it decodes to."""
        figure, (planes, strips) = plots.new(2, 2, width=7, height=4.4, height_ratios=(5, 1))
        colours = [plots.COLOURS[label % 10] for label in self.labels]
        said = []
        for plane, strip, (name, model) in zip(planes, strips, self._models.items()):
            codes = torch.tensor(self.shown_codes(name))
            path = torch.tensor([self.on_path(name, step / 8) for step in range(9)], dtype=codes.dtype)
            plane.scatter(*codes.T, s=6, alpha=0.6, c=colours)
            plane.plot(*path.T, "o-", color="black", markersize=3, linewidth=1)
            plots.draw_prior(plane)
            plane.set_title(NAMES[name])
            decoded = model.decode_mean(path.to(next(model.parameters())))
            plots.draw_montage(strip, model.likelihood.to_unit(decoded).cpu(), len(path))
            furthest = torch.cdist(path, codes).min(1).values.max().item() / self.spec[name]["spacing"]
            said.append(f"{furthest:.1f} in the plane of the {NAMES[name]}")
        first, last = (self.spec["inputs"][index] for index in (self.start, self.end))
        caption = (
            f"Codes by class, and a straight line from a picture of class {first} to one of class {last}; "
            "below, what nine points of it decode to."
        )
        alt = f"{caption} The largest distance to a code, in typical spacings, is {' and '.join(said)}."
        figure.canvas.draw()  # kept as pixels: a figure's 64 colours would run the classes together
        picture = np.asarray(figure.canvas.buffer_rgba())[..., :3] / 255
        plt.close(figure)
        return Still(picture, caption, alt)

    @traitlets.validate("start", "end")
    def _check_end(self, proposal: dict) -> int:
        index, count = proposal["value"], len(self.spec["inputs"])
        require(index < count, proposal["trait"].name, index, f"an index of one of {count} inputs")
        return index


def _check_models(autoencoder: Autoencoder, vae: VAE) -> None:
    check_image_model(vae)
    was = f"of type {type(autoencoder).__name__}"
    require(isinstance(autoencoder, Autoencoder), "autoencoder", was, "a vaelib.models.Autoencoder")
    for name, model in (("autoencoder", autoencoder), ("vae", vae)):
        require(model.latent_dim == 2, name, f"a model of {model.latent_dim} latent dimensions", "2")
    kinds = [(model.data_shape, type(model.likelihood).__name__) for model in (autoencoder, vae)]
    expected = f"the vae's data and likelihood, {kinds[1]}"
    require(kinds[0] == kinds[1], "autoencoder", f"of {kinds[0]}", expected)


def _plane(name: str, codes: np.ndarray, kept: np.ndarray, ends: Tensor) -> tuple[dict, bytes]:
    """Return a square of the plane that holds all codes and the prior, and the kept codes as steps in it.

    Its `spacing` is the median, over the codes shown, of the distance to the nearest other code.
    """
    ends = ends.double().cpu().numpy()
    everything = np.concatenate([codes, ends, [[-REACH] * 2, [REACH] * 2]])
    low, high = everything.min(0), everything.max(0)
    centre, reach = ((low + high) / 2).round(4), math.ceil(5.2 * (high - low).max()) / 10
    step = reach / 2**15
    content = packed(codes[kept] - centre, step)
    shown = torch.tensor(centre + unpacked(content, 2, step))
    spacing = torch.cdist(shown, shown).fill_diagonal_(math.inf).min(1).values.median().item()
    require(0 < spacing < math.inf, name, "one code, or mostly the same one", "codes that differ")
    plane = {"centre": centre.tolist(), "reach": reach, "step": step, "spacing": spacing}
    return {**plane, "inputs": ends.round(4).tolist()}, content


def _caption(shown: int, total: int) -> str:
    return (
        f"Each mark is the code of one picture, {shown:,} of {total:,}; the VAE's is its posterior mean. The "
        "greyer the ground, the further from every mark. Distances count in typical spacings: the median "
        f"distance from a mark of the same plane to its nearest neighbour. {CIRCLES} N(0, I), of which the plain "
        "autoencoder knows nothing."
    )
