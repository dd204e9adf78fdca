"""What the widgets about one digit share: its model as the browser runs it, and the codes of the data."""

import numpy as np
import traitlets
from matplotlib.axes import Axes
from torch import Tensor

from vaelib import plots
from vaelib.checks import require
from vaelib.likelihoods import Bernoulli, Binomial, Likelihood
from vaelib.models import VAE
from vaelib.widgets.base import Widget
from vaelib.widgets.codes import CODE_STEP, MOST_CODES, checked_codes, checked_labels, packed, spread, unpacked
from vaelib.widgets.export import export_layers, with_rounded_weights
from vaelib.widgets.traits import Whole

SCRIPTS = ("figures.js", "random.js", "decoder.js", "codes.js", "digits.js")  # before a subclass's own


class DigitWidget(Widget):
    """A widget over a VAE of digits with a latent plane, in black and white or in counts from 0 to 16.

    Arguments of every subclass:
        vae: a VAE of images (1, 8, 8) with two latent dimensions, fully connected networks, and the
            likelihood `Bernoulli()` or `Binomial(16)`.
        codes, labels: (N, 2) and (N,) whole numbers, the data's codes and their classes, or None for both.
            At most 600 are shown, spread evenly over the classes.
        title, task, caption: what is written above and below.
        dtype: "float16" or "float32", the type in which the weights travel.

    `seed` decides what is drawn at random.
    """

    spec = traitlets.Dict().tag(sync=True)
    encoder, decoder, codes, labels = (traitlets.Bytes().tag(sync=True) for _ in range(4))
    seed = Whole(0, 0, 2**31 - 1)

    def __init__(
        self, vae: VAE, codes: Tensor | None, labels: Tensor | None, dtype: str, spec: dict, **traits: object
    ) -> None:
        places = checked_codes("codes", codes, vae.latent_dim)
        require(codes is None or labels is not None, "labels", "None", "the class of each code")
        classes = checked_labels(codes, labels)
        kept = spread(classes, MOST_CODES)
        parts = [name for name in ("encoder", "decoder") if hasattr(vae, name)]
        networks = {name: export_layers(getattr(vae, name), dtype) for name in parts}
        shared = {
            "layers": {name: network["layers"] for name, network in networks.items()},
            "dtype": dtype,
            "total": getattr(vae.likelihood, "total", 1),
            "code_step": CODE_STEP,
            "colours": plots.COLOURS,
        }
        super().__init__(
            spec=shared | spec,
            codes=packed(places[kept]),
            labels=classes[kept].astype("u1").tobytes(),
            **{name: network["blob"] for name, network in networks.items()},
            **traits,
        )

    def draw_codes(self, axes: Axes) -> None:
        """Draw the codes, each by its class, and the prior's circles on a plane of the widget's reach."""
        for code, label in zip(unpacked(self.codes), np.frombuffer(self.labels, "u1")):
            axes.text(*code, str(label), color=plots.COLOURS[label % 10], fontsize=6, ha="center", va="center")
        plots.draw_prior(axes)
        reach = self.spec["extent"]
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="$z_1$", ylabel="$z_2$")
        axes.grid(False)


def as_the_browser_runs_it(vae: VAE, dtype: str) -> VAE:
    """Return a copy of the model with weights rounded to `dtype`.

    Raises ValueError for what is no VAE of digits with a latent plane, as `DigitWidget` says.
    """
    require(isinstance(vae, VAE), "vae", f"of type {type(vae).__name__}", "a vaelib.models.VAE")
    found = f"a model of data {vae.data_shape} with {vae.latent_dim} latent dimensions"
    require((vae.data_shape, vae.latent_dim) == ((1, 8, 8), 2), "vae", found, "(1, 8, 8) with 2")
    check_pixels("vae.likelihood", vae.likelihood)
    networks = (with_rounded_weights(network, dtype) for network in (vae.encoder, vae.decoder))
    return VAE(*networks, vae.likelihood, vae.latent_dim, vae.data_shape)


def check_pixels(name: str, likelihood: Likelihood) -> None:
    """Raise ValueError unless pixels are black or white, or counts from 0 to 16."""
    black, counted = isinstance(likelihood, Bernoulli), isinstance(likelihood, Binomial)
    fits = black and not likelihood.grey or counted and likelihood.total == 16
    require(fits, name, repr(likelihood), "Bernoulli() or Binomial(16)")
