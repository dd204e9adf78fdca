"""Widget of chapter 15, class and style: a conditional VAE's decoder shows every class at one code."""

from collections.abc import Sequence
from types import SimpleNamespace

import torch
import traitlets
from torch import Tensor, nn

from vaelib.checks import require
from vaelib.likelihoods import Likelihood
from vaelib.plots import COLOURS, montage
from vaelib.widgets.base import Still
from vaelib.widgets.codes import checked_codes, checked_labels, extent
from vaelib.widgets.digits import SCRIPTS, DigitWidget, check_pixels
from vaelib.widgets.export import export_layers, with_rounded_weights
from vaelib.widgets.traits import Numbers, Whole

STYLES = ((0.0, 0.0), (-1.5, 0.0), (1.5, 0.0), (0.0, -1.5), (0.0, 1.5))  # the rows of the still picture


class ClassAndStyle(DigitWidget, scripts=(*SCRIPTS, "class_and_style.js")):
    """A plane of styles: a digit of every class at the code that the reader chooses.

    Arguments, beside those of every `DigitWidget`; the first two stand for the VAE, as nothing is encoded:
        decoder: of a conditional VAE, an `nn.Sequential` from the code and the one-hot class side by side,
            (N, 2 + C) with C from 2 to 10 classes, to the logits of 8 by 8 pixels.
        likelihood: `Bernoulli()` or `Binomial(16)`.
        label_names: C names; by default the numbers of the classes, which mark the codes in the plane.
        z: two numbers, the code at first.
        chosen: the class that is large at first, and whose codes stand out.
        seed: of the codes drawn from the prior.

    The traits `z`, `chosen` and `seed` keep in step with the screen. Raises ValueError, also for traits set
    later, for what does not fit.
    """

    title = traitlets.Unicode("Class and style").tag(sync=True)
    task = traitlets.Unicode("Inside the circles, make all digits lean further left than at the centre.").tag(sync=True)
    caption = traitlets.Unicode(
        "One z, every class. Lean: the slope of the line that predicts the ink's column from its row; solid here, "
        "dashed at the centre. In the plane: codes of the data by class; the rate draws every class onto the same "
        "prior, so a code need not say which digit it is. The ELBO does not ask that classes agree on what a code "
        "means; but they share a decoder."
    ).tag(sync=True)
    z = Numbers((0.0, 0.0), -315, 315)  # as far as a plane reaches
    chosen = Whole(0, 0, len(COLOURS) - 1)

    def __init__(
        self, decoder: nn.Sequential, likelihood: Likelihood, codes: Tensor | None = None, labels: Tensor | None = None,
        label_names: Sequence[str] | None = None, *, dtype: str = "float16", **traits: object
    ) -> None:
        check_pixels("likelihood", likelihood)
        count, self._decoder = _classes(decoder, dtype), with_rounded_weights(decoder, dtype).cpu().float()
        names = list(map(str, range(count) if label_names is None else label_names))
        require(len(names) == count, "label_names", f"{len(names)} names", f"{count}, one for each class")
        fits = bool((checked_labels(codes, labels) < count).all())
        require(fits, "labels", "too large for the decoder", f"less than {count}, the number of classes")
        spec = {"classes": names, "extent": extent(checked_codes("codes", codes, 2))}
        model = SimpleNamespace(decoder=decoder, likelihood=likelihood, latent_dim=2)  # as a VAE without an encoder
        super().__init__(model, codes, labels, dtype, spec, **traits)

    @traitlets.validate("chosen")
    def _check_chosen(self, proposal: dict) -> int:
        chosen, last = proposal["value"], len(self.spec["classes"]) - 1
        require(chosen <= last, "chosen", chosen, f"a class from 0 to {last}")
        return chosen

    @torch.no_grad()
    def decode(self, z: Sequence[float]) -> Tensor:
        """Return the pixels' means at the code z, from 0 to 1: (C, 1, 8, 8), a picture of each class."""
        one_hot = torch.eye(len(self.spec["classes"]))
        inputs = torch.cat([torch.tensor(z).expand(len(one_hot), 2), one_hot], dim=1)
        return self._decoder(inputs).sigmoid().reshape(-1, 1, 8, 8)

    def still(self) -> Still:
        """Return five codes in five rows, every class in its column."""
        names, pictures = self.spec["classes"], torch.cat([self.decode(z) for z in STYLES])
        rows = "; ".join(f"({a:g}, {b:g})" for a, b in STYLES).replace("-", "−")
        caption = f"A row for each code, from the top: {rows}. A column for each class: {', '.join(names)}."
        return Still(montage(pictures, len(names)), caption, f"Digits decoded by a conditional VAE. {caption}")


def _classes(decoder: nn.Sequential, dtype: str) -> int:
    """Return for how many classes this is a decoder. Raises ValueError where it is none."""
    require(isinstance(decoder, nn.Sequential), "decoder", f"of type {type(decoder).__name__}", "an nn.Sequential")
    inputs = next(layer["in"] for layer in export_layers(decoder, dtype)["layers"] if layer["type"] == "linear")
    outputs = decoder(next(decoder.parameters()).new_zeros(1, inputs)).numel()
    expected = f"4 to {2 + len(COLOURS)} inputs, the code and the one-hot class, and 64 outputs, 8 by 8 pixels"
    fits = 2 <= inputs - 2 <= len(COLOURS) and outputs == 64
    require(fits, "decoder", f"a network of {inputs} inputs and {outputs} outputs", expected)
    return inputs - 2
