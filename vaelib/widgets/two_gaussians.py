"""Widget 5, two Gaussians: where the divergence of one from the other comes from, in both directions."""

import math

import torch
import traitlets

from vaelib import plots
from vaelib.gaussian import log_prob
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.traits import Choice, Numbers


class TwoGaussians(Widget, scripts=("figures.js", "information.js", "gaussians.js", "two_gaussians.js")):
    """Two Gaussians p and q on a line, and the integrand whose area is the divergence between them.

    Arguments:
        mean: the means of p and q, from -5 to 5.
        sigma: their standard deviations, from 0.2 to 5.
        under: "p" shades the integrand of KL(p || q), "q" that of KL(q || p).
        title, task, caption: what is written above and below.

    The traits mean, sigma and under keep in step with the reader's screen. Raises ValueError, also for traits
    set later, for what is out of range.
    """

    title = traitlets.Unicode("Two Gaussians").tag(sync=True)
    task = traitlets.Unicode("Make the two directions agree while p and q still differ.").tag(sync=True)
    caption = traitlets.Unicode(
        "Drag a peak: sideways moves the mean, up makes the Gaussian narrower. Below, the plain area counts for the "
        "divergence and the hatched area against it; what is left over is the KL, in nats. It changes sign where "
        "p and q cross."
    ).tag(sync=True)
    mean = Numbers((0, 1), -5, 5)
    sigma = Numbers((1, 2), 0.2, 5)
    under = Choice("p", ("p", "q"))

    def still(self) -> Still:
        """Return the densities above the integrand that is shaded."""
        x = torch.linspace(-65, 65, 26001, dtype=torch.float64)
        mean, sigma = torch.tensor([self.mean, self.sigma], dtype=torch.float64)[..., None]
        p, q = log_prob(x[:, None, None], mean, 2 * sigma.log()).T
        integrands = {"p": p.exp() * (p - q), "q": q.exp() * (q - p)}
        figure, (above, below) = plots.new(2, width=5.5, height=4.4, sharex=True)
        above.plot(x, p.exp(), "-", x, q.exp(), "--")
        above.set(xlim=(-10, 10), ylabel="density")
        above.legend("pq")
        shaded = integrands[self.under]
        below.fill_between(x, shaded, where=shaded > 0, alpha=0.5)
        below.fill_between(x, shaded, where=shaded < 0, hatch="////", facecolor="none")
        below.set(xlabel="x", ylabel="integrand in nats")
        names = {"p": "KL(p‖q)", "q": "KL(q‖p)"}
        nats = {name: (integrands[name].sum() * (x[1] - x[0])).item() for name in names}
        said = [f"{names[n]} {nats[n] / math.log(2):.3f} bits ({nats[n]:.3f} nats)" for n in names]
        caption = f"{'; '.join(said)}. Below, the integrand of {names[self.under]}: plain area less hatched area."
        p, q = (f"mean {m:g} and standard deviation {s:g}" for m, s in zip(self.mean, self.sigma))
        return Still(figure, caption, f"Two Gaussian densities: p, solid, {p}; q, dashed, {q}. {caption}")
