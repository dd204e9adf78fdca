"""Widget 8, the gap: the ELBO and what it lacks of ln p(x), in a model that can be solved."""

import torch
import traitlets
from torch.distributions import Normal

from vaelib import plots
from vaelib.exact import GaussianQ, LinearGaussianModel
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.traits import Number


class TheGap(Widget, scripts=("figures.js", "gaussians.js", "the_gap.js")):
    """A Gaussian q for the hidden z of z ~ N(0, 1), x | z ~ N(weight z, sigma^2), and the ELBO it gives.

    Arguments:
        mean, variance: q's mean, from -4 to 4, and variance, from 0.01 to 2.
        x: what was observed, from -4 to 4.
        weight, sigma: the model's theta: a weight from -3 to 3, a standard deviation from 0.5 to 3.
        title, task, caption: what is written above and below.

    All but the words keep in step with the reader's screen, also while q climbs. Raises ValueError, also for
    traits set later, for what is out of range.
    """

    title = traitlets.Unicode("The gap").tag(sync=True)
    task = traitlets.Unicode("Move q until its ELBO touches the line. Can q move the line?").tag(sync=True)
    caption = traitlets.Unicode(
        "z ~ N(0, 1), x | z ~ N(weight · z, σ²). Drag q by its peak: across, its mean, up makes it narrower. "
        "The climb follows the slope of the ELBO in mean and ln variance; the M-step takes the best θ for "
        "this q. Reconstruction is the average of ln p(x|z) under q, energy that of ln p(x, z)."
    ).tag(sync=True)
    mean = Number(0.5, -4, 4)
    variance = Number(0.3, 0.01, 2)
    x = Number(1.5, -4, 4)
    weight = Number(2.0, -3, 3)
    sigma = Number(1.0, 0.5, 3)

    def still(self) -> Still:
        """Return prior, posterior and q, beside the ELBO and the gap under ln p(x)."""
        model, x, q = LinearGaussianModel([[self.weight]], self.sigma), [[self.x]], (self.mean, self.variance)
        evidence, elbo = model.log_evidence(x).item(), model.elbo(x, GaussianQ([[q[0]]], [[q[1]]])).item()
        bells = {"prior": (0, 1), "posterior": [part.item() for part in model.posterior(x)], "q": q}
        z = torch.linspace(-5, 5, 501)
        figure, (left, right) = plots.new(1, 2, width=7, height=2.8, width_ratios=(2, 1))
        for (mean, variance), style, colour in zip(bells.values(), (":", "-", "--"), (8, 0, 1)):
            left.plot(z, Normal(mean, variance**0.5).log_prob(z).exp(), style, color=plots.COLOURS[colour])
        left.set(xlabel="z", ylabel="density", title="prior dotted, posterior solid, q dashed")
        floor = 1.2 * min(elbo, evidence - 1)
        right.bar("q", elbo - floor, bottom=floor, color=plots.COLOURS[2])
        right.bar("q", evidence - elbo, bottom=elbo, color="white", edgecolor=plots.COLOURS[1], hatch="///")
        right.axhline(evidence, color="#333333")
        right.set(ylabel="nats", xticks=[], xlabel="ELBO; hatched: the gap\nup to ln p(x)", ylim=(floor, 0))
        said = ", ".join(f"{name} N({m:.2f}, {v:.2f})" for name, (m, v) in bells.items())
        numbers = f"ln p(x) {evidence:.3f} = ELBO {elbo:.3f} + gap {evidence - elbo:.3f} nats"
        caption = f"Left: {said}. Right: {numbers}, at x = {self.x:g}.".replace("-", "−")
        return Still(figure, caption, f"Three densities, and a column under a line. {caption}")
