"""Widget 1, the surprise meter: what one event tells, and what two tell together."""

import numpy as np
import traitlets

from vaelib import plots
from vaelib.information import surprise
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.traits import Number


class SurpriseMeter(Widget, scripts=("figures.js", "information.js", "surprise_meter.js")):
    """Two events, the surprise of each, and the surprise of both.

    Arguments:
        p: the probability of the first event.
        other: the probability of the second event where it is a matter of its own.
        shared: the probability with which the second event is a copy of the first; 0 makes them independent.
        title, task, caption: what is written above and below.

    The traits p, other and shared keep in step with the reader's screen. Raises ValueError, also for traits
    set later, for what is no number from 0 to 1.
    """

    title = traitlets.Unicode("Surprise meter").tag(sync=True)
    task = traitlets.Unicode("Find two independent events that together tell exactly 5 bits.").tag(sync=True)
    caption = traitlets.Unicode(
        "Surprise is −log p: each halving of p adds one bit. For independent events the bars add up. Let B copy "
        "A now and then, and A already tells part of B."
    ).tag(sync=True)
    p = Number(0.5, 0, 1)
    other = Number(0.5, 0, 1)
    shared = Number(0.0, 0, 1)

    def still(self) -> Still:
        """Return the curve -log2 p with both events on it."""
        then = self.shared + (1 - self.shared) * self.other
        chances = {"A": self.p, "B": self.shared * self.p + (1 - self.shared) * self.other, "both": self.p * then}
        figure, axes = plots.new(width=5.5, height=2.8)
        curve = np.linspace(0.005, 1, 200)
        axes.plot(curve, surprise(curve, base=2), color=plots.COLOURS[0])
        for mark, (name, chance) in zip("os^", chances.items()):
            if chance > 0:
                axes.plot(chance, surprise(chance, base=2), mark, color="#333333")
                axes.annotate(name, (chance, surprise(chance, base=2)), (8, 4), textcoords="offset points")
        axes.set(xlim=(0, 1.05), ylim=(0, 8), xlabel="probability p", ylabel="surprise in bits")
        told = [f"{name} {surprise(chance, base=2):.3f} bits" for name, chance in chances.items()]
        numbers = f"Surprise of {', of '.join(told)}."
        return Still(figure, numbers, f"The curve of minus log2 p, falling from 8 bits to 0. {numbers}")
