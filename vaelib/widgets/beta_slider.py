"""Widget 13, β, continuous: one slider, and everything that a VAE does at that beta."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import traitlets
from torch import Tensor

from vaelib import plots
from vaelib.checks import positive, real_array, require
from vaelib.multirate import MultiRateVAE
from vaelib.widgets.base import Still
from vaelib.widgets.codes import checked_labels, extent, spread
from vaelib.widgets.digits import SCRIPTS, DigitWidget, check_pixels
from vaelib.widgets.export import with_rounded_weights
from vaelib.widgets.traits import Number

LOW, HIGH = 0.05, 16.0
BETAS = [LOW, *(2 ** np.arange(-69 / 16, 4.01, 1 / 16)).round(6).tolist()]  # of the curve, 16 in an octave
MOST_POINTS, DRAWS = 300, 4  # on the plane; codes of each example in the curve's distortion


class BetaSlider(DigitWidget, scripts=(*SCRIPTS, "beta_slider.js")):
    """A multi-rate VAE of digits at every beta from 0.05 to 16: codes, pictures, nats, its place on a curve.

    Arguments:
        model: a `MultiRateVAE` of images (1, 8, 8) with fully connected networks, at least two latents, and
            the likelihood `Bernoulli()` or `Binomial(16)`, trained for every beta from 0.05 to 16.
        x, labels: (N, 1, 8, 8), the data over which nats are averaged, and their classes (N,), whole numbers.
            At most 300 are shown as codes, spread evenly over the classes.
        inputs: (n, 1, 8, 8), 1 to 6 digits to reconstruct; by default six of x.
        sweep: VAEs of one beta each: by beta, (rate, distortion) of every seed, in nats, means over x.
        dtype: "float16" or "float32", the type in which the weights travel.
        beta: a positive number. Outside 0.05 to 16 the screen stands at the nearer end and says so.
        seed: of the samples from the prior.
        title, task, caption: what is written above and below.

    `beta` and `seed` keep in step with the screen. With more than two latents the plane shows the two with
    the largest rates. Raises ValueError, also for traits set later, for what does not fit.
    """

    title = traitlets.Unicode("β, continuous").tag(sync=True)
    task = traitlets.Unicode("Raise β. What do the digits lose first? When is nothing left?").tag(sync=True)
    caption = traitlets.Unicode(
        "One multi-rate VAE; its networks run in your browser, gated for the slider's β. On the plane: the "
        "means of digits' posteriors, and one standard deviation round the numbered inputs. A latent is "
        "active if these means have a variance above 0.01. Rates and distortion: means over the whole data, "
        "computed beforehand at 16 β in each octave and joined by straight lines. The dashed line has slope "
        "−β and begins at the β-objective D + βR. Dots: VAEs trained for one β each, with standard "
        "deviations over seeds. The samples keep their z when β moves."
    ).tag(sync=True)
    points = traitlets.Bytes().tag(sync=True)
    beta = Number(1.0, 1e-30, 1e30)

    def __init__(
        self, model: MultiRateVAE, x: Tensor, labels: Tensor, inputs: Tensor | None = None, *,
        sweep: Mapping[float, Sequence] | None = None, dtype: str = "float16", **traits: object
    ) -> None:
        _check(model)
        self._model = model = with_rounded_weights(model, dtype)
        model.check(x)
        classes = checked_labels(x, labels)
        kept = spread(classes, MOST_POINTS)
        self._points, self._classes = x[kept], classes[kept].tolist()
        self._inputs = x[spread(classes, 6)] if inputs is None else inputs
        model.check(self._inputs)
        require(len(self._inputs) <= 6, "inputs", f"{len(self._inputs)} digits", "1 to 6")
        curve = np.array([_nats(model, x, beta) for beta in BETAS]).round(4)
        self._axes = sorted(curve[:, :-1].sum(0).argsort()[-2:].tolist())
        spec = {"inputs": len(self._inputs), "labels": self._classes, "axes": self._axes}
        spec["extent"] = extent(self._codes(LOW), self._codes(1.0))
        spec |= {"betas": BETAS, "curve": curve.tolist(), "dots": _dots(sweep or {})}
        points = torch.cat([self._inputs, self._points]).byte().numpy().tobytes()
        super().__init__(model, None, None, dtype, spec, points=points, **traits)

    def nats(self, beta: float) -> list[float]:
        """Return what the screen shows at beta, in nats: the rate of each latent and, last, the distortion.

        They are means over x, computed for the betas of `spec["betas"]`; between them they lie on straight
        lines in ln beta. The distortion is also a mean over four codes of each example, from the same noise
        at every beta.
        """
        return [float(np.interp(np.log(beta), np.log(BETAS), column)) for column in zip(*self.spec["curve"])]

    @torch.no_grad()
    def still(self) -> Still:
        """Return the codes, reconstructions and samples at three betas."""
        figure, axes = plots.new(2, 3, width=7, height=3.6, height_ratios=(2, 0.8))
        source, reach, said = torch.Generator().manual_seed(0), self.spec["extent"], []
        noise = torch.randn(len(self._inputs), self._model.latent_dim, generator=source)
        for (plane, pictures), beta in zip(axes.T, (0.1, 1.0, 8.0)):
            vae, (*rates, distortion) = self._model.at(beta), self.nats(beta)
            plane.scatter(*self._codes(beta).T, s=3, c=[plots.COLOURS[label % 10] for label in self._classes])
            plots.draw_prior(plane)
            plane.set(xlim=(-reach, reach), ylim=(-reach, reach), title=f"β = {beta:g}")
            images = torch.cat([vae.reconstruct(self._inputs), vae.decode_mean(noise)])
            plots.draw_montage(pictures, vae.likelihood.to_unit(images), len(noise))
            said.append(f"β = {beta:g}: rate {sum(rates):.2f}, distortion {distortion:.2f} nats")
        caption = f"Codes of the data, {len(self._inputs)} reconstructions, then samples. {'; '.join(said)}."
        return Still(figure, caption, f"One VAE at three values of β. {caption}")

    @torch.no_grad()
    def _codes(self, beta: float) -> Tensor:
        """Return the posterior means of the points, in the plane that is shown, (n, 2)."""
        return self._model.at(beta).posterior(self._points).mean[:, self._axes]


def _check(model: MultiRateVAE) -> None:
    """Raise ValueError for a model that the slider cannot show."""
    require(isinstance(model, MultiRateVAE), "model", f"of type {type(model).__name__}", "a MultiRateVAE")
    require(model.data_shape == (1, 8, 8), "model", f"of data {model.data_shape}", "(1, 8, 8)")
    require(model.latent_dim >= 2, "model", f"of {model.latent_dim} latent", "2 or more")
    served = f"for beta from {model.low:g} to {model.high:g}"
    require(model.low <= LOW and HIGH <= model.high, "model", served, f"at least {LOW} to {HIGH:g}")
    check_pixels("model.likelihood", model.likelihood)


@torch.no_grad()
def _nats(model: MultiRateVAE, x: Tensor, beta: float) -> list[float]:
    """Return the rate of each latent and, last, the distortion, in nats, averaged over x."""
    found = model.at(beta).terms(x.repeat(DRAWS, 1, 1, 1), torch.Generator().manual_seed(0))
    return [*found.rates.mean(0).tolist(), found.distortion.mean().item()]


def _dots(sweep: Mapping[float, Sequence]) -> list[dict[str, float]]:
    """Return mean and standard deviation over the seeds for each beta, the smallest first."""
    names, dots = ("beta", "seeds", "rate", "distortion", "rate_sd", "distortion_sd"), []
    for beta, runs in sorted(sweep.items()):
        array = real_array("sweep", runs).astype(float)
        found = f"of shape {array.shape} at beta {beta}"
        require(array.shape[1:] == (2,), "sweep", found, "(rate, distortion) for each seed")
        numbers = np.concatenate([array.mean(0), array.std(0, ddof=min(len(array) - 1, 1))]).round(4)
        dots.append(dict(zip(names, [positive("sweep", beta), len(array), *numbers.tolist()])))
    return dots
