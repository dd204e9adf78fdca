"""Widget 4, the sequence race: sequences drawn from one of two distributions tell which one it was."""

import numpy as np
import traitlets

from vaelib import plots
from vaelib.information import kl_divergence
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.traits import Choice, Distribution, Labels, Whole

LETTERS = ("a", "b", "c")


class SequenceRace(Widget, scripts=("figures.js", "information.js", "random.js", "sequence_race.js")):
    """Sequences drawn from p or from q, and their log-likelihood ratio per symbol as they grow.

    Arguments:
        p, q: two distributions over the labels.
        labels: the names of the 2 to 6 symbols.
        n: the length of the sequences, from 2 to 2000.
        source: "p" or "q", where the sequences come from.
        seed: a whole number; the same seed draws the same sequences.
        title, task, caption: what is written above and below.

    All of these are traits in step with the reader's screen; to change the number of symbols, set `labels`
    first. Raises ValueError, also for traits set later, for what does not fit.
    """

    title = traitlets.Unicode("Sequence race").tag(sync=True)
    task = traitlets.Unicode("Draw from p, then from q. Where does the race end each time?").tag(sync=True)
    caption = traitlets.Unicode(
        "Each line is one sequence X: ln p(X)/q(X), divided by its length so far. Of many lines the shaded band "
        "holds about 19 in 20 once n is large. The dashed lines are the two limits, KL(p‖q) and −KL(q‖p)."
    ).tag(sync=True)
    labels = Labels(LETTERS, 2, 6)
    p = Distribution((0.8, 0.1, 0.1))
    q = Distribution((0.3, 0.3, 0.4))
    n = Whole(200, 2, 2000)
    source = Choice("p", ("p", "q"))
    seed = Whole(0, 0, 2**31 - 1)

    def still(self) -> Still:
        """Return six sequences of this length from p and six from q."""
        rng = np.random.default_rng(self.seed)
        p, q = np.array(self.p), np.array(self.q)
        length = np.arange(1, self.n + 1)
        figure, axes = plots.new(width=5.5, height=2.8)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(p / q)
        for drawn_from, style in ((p, "-"), (q, "--")):
            draws = rng.choice(len(p), size=(6, self.n), p=drawn_from)
            colour = plots.COLOURS[style == "--"]
            means = ratio[draws].cumsum(1).T / length[:, None]
            axes.plot(length, means, style, color=colour, alpha=0.5, linewidth=1)
        limits = kl_divergence(p, q).item(), -kl_divergence(q, p).item()
        for limit in filter(np.isfinite, limits):
            axes.axhline(limit, color="#333333", linestyle=":")
        axes.set(xlabel="length of the sequence", ylabel="ln p(X)/q(X) per symbol, nats")
        numbers = (
            f"From p (solid) they settle on KL(p‖q) = {limits[0]:.3f} nats, "
            f"from q (dashed) on −KL(q‖p) = −{-limits[1]:.3f} nats."
        )
        return Still(figure, numbers, f"Log-likelihood ratios per symbol of growing sequences. {numbers}")
