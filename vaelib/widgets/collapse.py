"""Widget 14, collapse: a linear VAE in closed form, whose dimensions go dark one after the other."""

from collections.abc import Mapping, Sequence

import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor

from vaelib import plots
from vaelib.checks import real_array, require
from vaelib.linear import LinearOptimum, learned_noise, linear_vae_optimum
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.traits import Choice, Number, Whole

TOY = (4, 2, 1, 0.5, 0.25)
MOST_DIMENSIONS, MOST_VALUE, LEAST_NOISE = 100, 100.0, 1e-3


class Collapse(Widget, scripts=("figures.js", "linear.js", "collapse.js")):
    """The best linear beta-VAE for data whose covariance has given eigenvalues.

    Arguments:
        eigenvalues: 2 to 100 numbers from 0 to 100; up to 8 of them the reader can move.
        beta, sigma2: from 0.05 to 16, the weight of the rate, and from 0.001 to 10, the decoder's noise.
        latents: how many latents there are; more than there are eigenvalues do nothing.
        noise: "fixed" at sigma2, or "learned": then it is the best one, but at least 0.001.
        presets: names and the eigenvalues that a button by that name brings; none shows no buttons.
        title, task, caption: what is written above and below.

    All but the presets and the words keep in step with the reader's screen. Raises ValueError, also for
    traits set later, for what does not fit.
    """

    title = traitlets.Unicode("Collapse").tag(sync=True)
    task = traitlets.Unicode("Light up the third dimension: once by β, once without touching it.").tag(sync=True)
    caption = traitlets.Unicode(
        "Each bar is an eigenvalue λ of the data's covariance, on a logarithmic axis; the level is τ = βσ². "
        "A latent is active if and only if its λ stands above the level. Its height above it, ln(λ/τ), is "
        "twice its rate; up to the level all is squared error. Gain is the encoder's, variance that of "
        "q(z|x). Drag the tops of the bars."
    ).tag(sync=True)
    eigenvalues = traitlets.TraitType(TOY).tag(sync=True)
    beta = Number(1.0, 0.05, 16)
    sigma2 = Number(1.0, LEAST_NOISE, 10)
    latents = Whole(5, 1, MOST_DIMENSIONS)
    noise = Choice("fixed", ("fixed", "learned"))
    presets = traitlets.Dict().tag(sync=True)

    def optimum(self) -> LinearOptimum:
        """Return what the screen shows, by `vaelib.linear`, the largest eigenvalue first."""
        values = torch.tensor(sorted(self.eigenvalues, reverse=True), dtype=torch.float64)
        latents, sigma2 = min(self.latents, len(values)), self.sigma2
        if self.noise == "learned":
            sigma2 = max(learned_noise(values, self.beta, latents), LEAST_NOISE)
        return linear_vae_optimum(values, self.beta, sigma2, latents)

    def still(self) -> Still:
        """Return the bars and the level."""
        found, values = self.optimum(), sorted(self.eigenvalues, reverse=True)
        tau, active = self.beta * found.sigma2, int((found.rate > 0).sum())
        figure = drawn_level(values, found.rate, tau)
        share = f"{active} of {len(values)} dimensions {'is' if active == 1 else 'are'} active"
        caption = (
            f"β = {self.beta:g}, σ² = {found.sigma2:.3g}, so τ = {tau:.3g}: {share}. Rate {found.rate.sum():.3f} "
            f"nats, distortion {found.distortion:.3f} nats, squared error {found.sse.sum():.3f}."
        ).replace("-", "−")
        return Still(figure, caption, f"Bars, the eigenvalues, and a level across them. {caption}")

    @traitlets.validate("eigenvalues")
    def _check_eigenvalues(self, proposal: dict) -> list[float]:
        return checked_eigenvalues("eigenvalues", proposal["value"])

    @traitlets.validate("presets")
    def _check_presets(self, proposal: dict) -> Mapping[str, list[float]]:
        return {name: checked_eigenvalues("presets", values) for name, values in proposal["value"].items()}


def checked_eigenvalues(name: str, values: Sequence[float]) -> list[float]:
    """Return 2 to 100 numbers from 0 to 100 as a list of floats."""
    array = real_array(name, values).astype(float)
    fits = array.ndim == 1 and 2 <= len(array) <= MOST_DIMENSIONS
    fits = fits and bool(((array >= 0) & (array <= MOST_VALUE)).all())
    require(fits, name, repr(values), f"2 to {MOST_DIMENSIONS} numbers from 0 to {MOST_VALUE:g}")
    return array.tolist()


def drawn_level(values: Sequence[float], rates: Tensor, tau: float | None) -> Figure:
    """Return eigenvalues as bars, those whose rate is above 0 in colour, and the level, if there is one."""
    figure, axes = plots.new(width=6, height=3)
    axes.bar(range(1, len(values) + 1), values, color=[plots.COLOURS[0 if rate > 0 else 9] for rate in rates])
    axes.set(xlabel="dimension", ylabel="eigenvalue λ", yscale="log")
    if tau is not None:
        axes.axhline(tau, color=plots.COLOURS[1])
        axes.set_title(f"level τ = {tau:.3g}")
    return figure
