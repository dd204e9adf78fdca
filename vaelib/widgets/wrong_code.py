"""Widget 3, the wrong code: what it costs to code outcomes from p as if they came from q."""

import numpy as np
import traitlets

from vaelib import plots
from vaelib.checks import real_array, require
from vaelib.information import entropy, implied_distribution, kl_divergence, kraft_sum
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.traits import Distribution, Labels

# Of a code for q, and of one that is given by its lengths.
TASKS = (
    "Find a q that costs twice the entropy, then one that costs ∞.",
    "Change the lengths until no bit is lost on unused code space.",
)


class WrongCode(Widget, scripts=("figures.js", "information.js", "wrong_code.js")):
    """The cost of coding p with a code made for q: the entropy and the divergence as stacked lengths.

    Arguments:
        p, q: the probabilities of K outcomes, K from 2 to 8: the true ones, and those the code was made for.
        labels: the names of the outcomes.
        lengths: None, or the lengths of K codewords, whole numbers from 0 to 10. They replace q by the
            distribution 2^-l / kappa that they imply; the stack then ends with the slack log2(1 / kappa),
            negative if no prefix code has these lengths.
        title, task, caption: what is written above and below.

    The traits `p`, `q` and `lengths` keep in step with the reader's screen. Raises ValueError, also for
    traits set later, for what is no distribution over the labels, and no such lengths.
    """

    title = traitlets.Unicode("The wrong code").tag(sync=True)
    task = traitlets.Unicode().tag(sync=True)
    caption = traitlets.Unicode(
        "Solid: the entropy of p, owed in any case. Striped: what a code for the wrong q adds. Dashed: what "
        "it saves on other outcomes, which never makes up for it. Dotted: slack, for unused code space."
    ).tag(sync=True)
    labels = Labels(("sunny", "rain"), 2, 8)
    p = Distribution((0.75, 0.25))
    q = Distribution((0.5, 0.5))
    lengths = traitlets.Any(None).tag(sync=True)

    @traitlets.default("task")
    def _usual_task(self) -> str:
        return TASKS[self.lengths is not None]

    @traitlets.validate("lengths")
    def _check_lengths(self, proposal: dict) -> list[int] | None:
        value, count = proposal["value"], len(self.labels)
        if value is None:
            return None
        array = real_array("lengths", value)
        whole = array.dtype.kind in "iu" and bool(((array >= 0) & (array <= 10)).all())
        expected = f"None or {count} whole numbers from 0 to {10}"
        require(whole and array.shape == (count,), "lengths", repr(value), expected)
        return array.tolist()

    def still(self) -> Still:
        """Return the stacked lengths."""
        q = self.q if self.lengths is None else implied_distribution(self.lengths).tolist()
        parts = {"entropy H(p)": entropy(self.p, 2), "divergence KL(p‖q)": kl_divergence(self.p, q, 2)}
        if self.lengths is not None:
            parts["Kraft slack"] = np.log2(1 / kraft_sum(self.lengths))
        words = [f"{name} {bits:.3f}".replace("inf", "∞").replace("-", "−") for name, bits in parts.items()]
        figure, axes = plots.new(width=6, height=1.8)
        total = 0.0
        for bits, hatch, label in zip(parts.values(), ("", "//", ".."), words):
            drawn = min(bits, 4.0)  # on paper an infinite bar ends somewhere
            axes.barh(0, drawn, left=total, hatch=hatch, edgecolor="white", label=label)
            total += bits
        axes.set(yticks=[], xlabel="bits for an outcome, on average")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=9)
        whole = "cross-entropy" if self.lengths is None else "expected length"
        caption = f"{', '.join(words)}; together the {whole}, {total:.3f} bits.".replace("inf", "∞")
        rows = zip(self.labels, self.p, q)
        bars = "; ".join(f"{label} {mine:.3f} under p, {other:.3f} under q" for label, mine, other in rows)
        return Still(figure, caption, f"Stacked lengths: {caption} Probabilities: {bars}.")
