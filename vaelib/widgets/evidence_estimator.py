"""Widget 7, the evidence estimator: log p(x) from samples, and what more dimensions do to it."""

import numpy as np
import traitlets

from vaelib import plots
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.traits import Choice, Number, Whole


class EvidenceEstimator(Widget, scripts=("figures.js", "gaussians.js", "random.js", "evidence_estimator.js")):
    """Repeated estimates of log p(x) by samples from a proposal, beside the exact value.

    The model: z_j ~ N(0, 1) and x_j ~ N(z_j, noise**2), j = 1 … dimension, at x = 0.

    Arguments:
        dimension: of z and of x, from 1 to 20.
        samples: how many samples one estimate takes, from 1 to 10,000.
        proposal: what is drawn from: the "prior", the exact "posterior", or a "gaussian", N(0, width**2 I).
        width: the standard deviation of that Gaussian, from 0.02 to 2.
        noise: the standard deviation of x given z, from 0.05 to 1.
        seed: a whole number; the same seed draws the same samples.
        title, task, caption: what is written above and below.

    All of these are traits in step with the reader's screen. Raises ValueError, also for traits set later,
    for what is out of range. Nats. Source of the estimate: Burda et al. 2016 (arXiv 1509.00519).
    """

    title = traitlets.Unicode("Estimating the evidence").tag(sync=True)
    task = traitlets.Unicode("Bring the error below 10\u00a0% in one dimension, then in ten.").tag(sync=True)
    caption = traitlets.Unicode(
        "Each dot is ln p̂(x) from K new samples; the tall line is exact. Below it, how far from the origin "
        "they fall: only samples under the posterior count. A grid laid over that would do, with 20ᵈ points."
    ).tag(sync=True)
    dimension = Whole(1, 1, 20)
    samples = Whole(100, 1, 10_000)
    proposal = Choice("prior", ("prior", "posterior", "gaussian"))
    width = Number(0.3, 0.02, 2)
    noise = Number(0.1, 0.05, 1)
    seed = Whole(0, 0, 2**31 - 1)

    def still(self) -> Still:
        """Return a histogram of 300 estimates. A weight depends on |z|² alone, so that is what is drawn."""
        precision = 1 + 1 / self.noise**2  # of the posterior
        # The ratio of the proposal's variance to the posterior's decides all but the evidence.
        ratio = {"prior": precision, "posterior": 1.0, "gaussian": self.width**2 * precision}[self.proposal]
        exact = -self.dimension / 2 * np.log(2 * np.pi * (1 + self.noise**2))
        squares = np.random.default_rng(self.seed).chisquare(self.dimension, (300, self.samples))
        estimates = np.logaddexp.reduce((1 - ratio) / 2 * squares, axis=1) - np.log(self.samples)
        estimates += exact + self.dimension / 2 * np.log(ratio)
        second = (ratio / np.sqrt(2 * ratio - 1)) ** self.dimension if ratio > 0.5 else np.inf  # E w² / p²
        error = np.sqrt(max(second - 1, 0) / self.samples)
        figure, axes = plots.new(width=5.5, height=2.8)
        axes.hist(estimates, bins=40)
        axes.axvline(exact, color="#333333")
        axes.set(xlabel="estimate of ln p(x), nats", ylabel="how many of 300")
        found = f"mean {estimates.mean():.3f}, standard deviation {estimates.std():.3f}".replace("-", "−")
        theory = f"ln p(x) −{-exact:.3f}, standard deviation of p̂(x) {error:,.3f} p(x)".replace("inf ", "∞ ")
        numbers = f"Exact: {theory}. 300 estimates of {self.samples} samples, nats: {found}."
        return Still(figure, numbers, f"A histogram of estimates from the {self.proposal}. {numbers}")
