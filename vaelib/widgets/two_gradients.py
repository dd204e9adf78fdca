"""Widget 9, two gradients: three unbiased ways to one number, and how far each of them scatters."""

from statistics import NormalDist

import numpy as np
import traitlets

from vaelib import plots
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.traits import Choice, Number, Whole


class TwoGradients(Widget, scripts=("figures.js", "gaussians.js", "random.js", "two_gradients.js")):
    """Estimates of the derivative of E f(z), z ~ N(position, sigma^2), with respect to position.

    Arguments:
        position, sigma: a mean from -3 to 3, a standard deviation from 0.2 to 3.
        samples: how many z an estimate averages over, from 1 to 100.
        seed: a whole number; the same seed draws the same estimates.
        objective: f, "square" for z^2 or "step" for 1 where z > 0 and 0 elsewhere.
        title, task, caption: what is written above and below.

    All but the words keep in step with the reader's screen. Raises ValueError, also for traits set later,
    for what does not fit.
    """

    title = traitlets.Unicode("Two gradients").tag(sync=True)
    task = traitlets.Unicode("Make the score function as sharp as 1 reparameterised sample.").tag(sync=True)
    caption = traitlets.Unicode(
        "1,000 estimates each of the derivative of E f(z) in μ, z from N(μ, σ²), from the same draws. The "
        "bar below is their mean ± one standard deviation (sd). The baseline is the best constant."
    ).tag(sync=True)
    position = Number(1.0, -3, 3)
    sigma = Number(1.0, 0.2, 3)
    samples = Whole(1, 1, 100)
    seed = Whole(0, 0, 2**31 - 1)
    objective = Choice("square", ("square", "step"))

    def still(self) -> Still:
        """Return the three histograms round the exact gradient."""
        noise = np.random.default_rng(self.seed).normal(size=(1000, self.samples))
        z, score = self.position + self.sigma * noise, noise / self.sigma
        at = NormalDist(0, self.sigma)
        f, slope, exact, baseline = {
            "square": (z**2, 2 * z, 2 * self.position, self.position**2 + 3 * self.sigma**2),
            "step": (z > 0, 0 * z, (p := at.pdf(self.position)), at.cdf(self.position) - self.position * p),
        }[self.objective]
        ways = {"score": f * score, "with baseline": (f - baseline) * score, "reparameterised": slope}
        estimates = {name: way.mean(1) for name, way in ways.items()}
        figure, rows = plots.new(3, width=6, height=4, sharex=True)
        for axes, (name, values) in zip(rows, estimates.items()):
            axes.hist(values, np.linspace(*(exact + 3 * estimates["score"].std() * np.array([-1, 1])), 82))
            axes.axvline(exact, color="#333333", linestyle="--")
            axes.set(ylabel=name, yticks=[])
        said = ", ".join(f"{name} {values.std():.3f}" for name, values in estimates.items())
        caption = f"The exact gradient is {exact:.3f}. Standard deviations of 1,000 estimates: {said}."
        caption = caption.replace("-", "−")
        return Still(figure, caption, f"Three histograms round the exact gradient, dashed. {caption}")
