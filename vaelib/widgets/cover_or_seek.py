"""Widget 6, cover or seek: one Gaussian for a mixture of two, best in forward or in reverse KL."""

import math

import torch
import traitlets

from vaelib import plots
from vaelib.gaussian import log_prob
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.traits import Choice, Distribution, Number, Numbers


class CoverOrSeek(Widget, scripts=("figures.js", "information.js", "gaussians.js", "cover_or_seek.js")):
    """A mixture p of two Gaussians, and one Gaussian q, placed by hand or by descent on a divergence.

    Arguments:
        weights: the shares of p's two Gaussians, a distribution.
        means: their means, from -5 to 5.
        sigmas: their standard deviations, from 0.4 to 2.
        mean, sigma: where q starts: a mean from -7 to 7, a standard deviation from 0.25 to 6.
        direction: "forward", descent on KL(p || q), or "reverse", on KL(q || p).
        title, task, caption: what is written above and below.

    All but the words keep in step with the reader's screen, also while q descends. Raises ValueError, also
    for traits set later, for what is out of range.
    """

    title = traitlets.Unicode("Cover or seek").tag(sync=True)
    task = traitlets.Unicode("Place q for the smallest KL, then let it descend. Try both directions.").tag(sync=True)
    caption = traitlets.Unicode(
        "Drag q by its peak, or on the map: sideways its mean, up and down its width. Lines on the map join places "
        "of equal KL; crosses mark the lowest. The descent takes natural gradient steps in the mean and ln σ, and "
        "ends in the nearest valley. N(m, v) has mean m and variance v."
    ).tag(sync=True)
    labels = ("left", "right")  # what the two weights belong to
    weights = Distribution((0.5, 0.5))
    means = Numbers((-3, 3), -5, 5)
    sigmas = Numbers((1, 1), 0.4, 2)
    mean = Number(0, -7, 7)
    sigma = Number(1, 0.25, 6)
    direction = Choice("reverse", ("forward", "reverse"))

    def still(self) -> Still:
        """Return the densities of p and q."""
        x = torch.linspace(-65, 65, 26001, dtype=torch.float64)
        mean, sigma = torch.tensor([[*self.means, self.mean], [*self.sigmas, self.sigma]], dtype=x.dtype)[..., None]
        logs = log_prob(x[:, None, None], mean, 2 * sigma.log())
        p, q = (logs[:, :2] + torch.tensor(self.weights, dtype=x.dtype).log()).logsumexp(1), logs[:, 2]
        forward, reverse = (((a.exp() * (a - b)).sum() * (x[1] - x[0])).item() for a, b in ((p, q), (q, p)))
        figure, axes = plots.new(width=6, height=2.8)
        axes.fill_between(x, p.exp(), alpha=0.4, label="p")
        axes.plot(x, q.exp(), "--", color=plots.COLOURS[1], label="q")
        axes.set(xlim=(-10, 10), xlabel="x", ylabel="density")
        axes.legend()
        said = (f"{nats / math.log(2):.3f} bits ({nats:.3f} nats)" for nats in (forward, reverse))
        numbers = "Forward KL(p‖q) {}, reverse KL(q‖p) {}.".format(*said)
        parts = zip(self.weights, self.means, self.sigmas)
        humps = " and ".join(f"{w:g} of N({m:g}, {s * s:g})" for w, m, s in parts)
        caption = f"p, {humps}, and q, dashed, N({self.mean:g}, {self.sigma**2:g}). {numbers}"
        caption = caption.replace("-", "−")
        return Still(figure, caption, f"The densities of {caption}")
