"""Widget 2, entropy bars: the entropy of a distribution, and the best prefix code for it."""

import numpy as np
import traitlets

from vaelib import plots
from vaelib.information import entropy, expected_length, huffman
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.traits import Distribution, Labels


class EntropyBars(Widget, scripts=("figures.js", "information.js", "entropy_bars.js")):
    """A distribution whose bars the reader drags, its entropy, and the tree of an optimal prefix code.

    Arguments:
        p: K probabilities, K from 2 to 8.
        labels: the names of the K outcomes.
        title, task, caption: what is written above and below.

    The traits `labels` and `p` keep in step with the reader's screen, where outcomes can also be added and
    taken away. To change their number from Python, set `labels` first, then `p`. Outcomes of probability 0
    never have to be sent and get no codeword. Raises ValueError, also for traits set later, for what is no
    distribution over the labels.
    """

    title = traitlets.Unicode("Entropy and codes").tag(sync=True)
    task = traitlets.Unicode("Make the best code wasteful: push L up towards H + 1.").tag(sync=True)
    caption = traitlets.Unicode(
        "Drag a bar; the others keep their proportions. Huffman's tree joins the two rarest, over and over; "
        "the digits from its root to an outcome are the codeword. H is the mean surprise −log₂ p, L the mean "
        "length of the words."
    ).tag(sync=True)
    labels = Labels(tuple("abcd"), 2, 8)
    p = Distribution((0.5, 0.25, 0.125, 0.125))

    def still(self) -> Still:
        """Return the bars, each with its codeword."""
        sent = np.flatnonzero(self.p)
        shares = np.array(self.p)[sent]
        words = dict(zip(sent, huffman(shares)))
        length = expected_length(shares, [len(word) for word in words.values()])
        spelt = [f"{p:.3f}, {words.get(i, 'never sent') or 'certain'}" for i, p in enumerate(self.p)]
        figure, axes = plots.new(width=5.5, height=0.9 + 0.34 * len(self.p))
        axes.bar_label(axes.barh(self.labels, self.p), spelt, padding=4)
        axes.set(xlim=(0, 1.35), xticks=[0, 0.25, 0.5, 0.75, 1], xlabel="probability, and the best codeword")
        axes.invert_yaxis()
        numbers = (
            f"Entropy {entropy(self.p, base=2):.3f} of at most {np.log2(len(self.p)):.3f} bits; "
            f"expected length of the best code {length:.3f} bits."
        )
        bars = "; ".join(f"{label} {word}" for label, word in zip(self.labels, spelt))
        return Still(figure, numbers, f"Bars with their codewords: {bars}. {numbers}")
