"""Widget 17, repair: pixels are erased or disturbed, and Bayes' rule says what may have been there."""

import math
from typing import NamedTuple

import torch
import traitlets
from torch import Tensor

from vaelib import plots
from vaelib.checks import require
from vaelib.gaussian import standard_log_prob
from vaelib.models import VAE
from vaelib.widgets.base import Still
from vaelib.widgets.codes import checked_codes, extent
from vaelib.widgets.digits import SCRIPTS, DigitWidget, as_the_browser_runs_it
from vaelib.widgets.traits import Number, Numbers, Whole

MOST_INPUTS = 20
CELLS = (41, 161)  # at least, at most, along each side of the grid
COARSEST = 1.5  # standard deviations from cell to cell


class GridPosterior(NamedTuple):
    """p(z | visible pixels) on a grid: `points` (M, 2), their probabilities `weights` (M,), and
    `log_evidence`, ln p(visible pixels) in nats, a scalar tensor."""

    points: Tensor
    weights: Tensor
    log_evidence: Tensor


class Repair(DigitWidget, scripts=(*SCRIPTS, "repair.js")):
    """A digit with erased pixels or noise, the exact posterior of its code on a grid, and what it fills in.

    Arguments, beside those of every `DigitWidget`:
        inputs: (n, 1, 8, 8), data of the model, 1 to 20 digits to damage.
        chosen: index of the damaged one.
        erased: 64 numbers, 1 where a pixel is erased and 0 elsewhere, row by row.
        noise: the probability from 0 to 0.5 that a pixel is turned to its opposite.
        seed: of the noise and of the samples.

    The traits `chosen`, `erased`, `noise` and `seed` keep in step with the screen. `spec` has the grid's
    `cells` along a side and its `extent`. Its step is at most 1.5 times the smallest standard deviation that
    the encoder has for an input, unless 161 cells do not reach so far: for a Gaussian, sums are then right to
    a part in a thousand. Raises ValueError, also for traits set later, for what does not fit.
    """

    title = traitlets.Unicode("Repair").tag(sync=True)
    task = traitlets.Unicode("Erase pixels until two kinds of digit are possible.").tag(sync=True)
    chosen = Whole(0, 0, MOST_INPUTS - 1)
    erased = Numbers((0,) * 32 + (1,) * 32, 0, 1)
    noise = Number(0.0, 0, 0.5)

    @torch.no_grad()
    def __init__(
        self, vae: VAE, inputs: Tensor, codes: Tensor | None = None, labels: Tensor | None = None, *,
        dtype: str = "float16", **traits: object
    ) -> None:
        self._vae, self._inputs = as_the_browser_runs_it(vae, dtype), inputs
        posterior = self._vae.posterior(inputs)
        require(len(inputs) <= MOST_INPUTS, "inputs", f"{len(inputs)} digits", f"1 to {MOST_INPUTS}")
        reach = extent(posterior.mean, checked_codes("codes", codes, 2))
        finest = (0.5 * posterior.log_var).exp().min().item()
        cells = min(max(math.ceil(2 * reach / (COARSEST * finest)), CELLS[0]), CELLS[1]) | 1
        spec = {"extent": reach, "cells": cells, "inputs": inputs.flatten(1).int().tolist()}
        traits = {"caption": _caption(cells), **traits}
        super().__init__(self._vae, codes, labels, dtype, spec, **traits)

    @traitlets.validate("chosen")
    def _check_chosen(self, proposal: dict) -> int:
        chosen, count = proposal["value"], len(self._inputs)
        require(chosen < count, "chosen", chosen, f"an index of one of {count} inputs")
        return chosen

    @torch.no_grad()
    def still(self) -> Still:
        """Return the posterior on the plane, and the digit, its visible part, and its repair; no noise."""
        x = self._inputs[self.chosen]
        visible = torch.tensor(self.erased).reshape(x.shape) < 0.5
        found = posterior_on_grid(self._vae, x, visible, self.spec["extent"], self.spec["cells"])
        mean = (found.weights @ self._vae.decode_mean(found.points).flatten(1)).reshape(x.shape)
        pictures = torch.stack([x, torch.where(visible, x, 0.0), torch.where(visible, x, mean)])
        figure, (plane, row) = plots.new(1, 2, width=7, height=3.4, width_ratios=(1, 1.2))
        cells, reach = self.spec["cells"], self.spec["extent"]
        heat = found.weights.reshape(cells, cells).T
        plane.imshow(heat.numpy(), origin="lower", extent=(-reach, reach, -reach, reach), cmap="Blues")
        self.draw_codes(plane)
        plots.draw_montage(row, self._vae.likelihood.to_unit(pictures), 3, "whole, damaged, repaired")
        nats = (found.weights * (found.weights / prior_on_grid(found.points)).log()).nansum().item()
        caption = (
            f"{int(visible.sum())} of 64 pixels are visible: ln p(visible) = {found.log_evidence.item():.2f} "
            f"nats; they say {nats:.2f} nats about the code. Left: p(z | visible)."
        ).replace("-", "−")
        return Still(figure, caption, f"A digit, damaged and repaired, and where its code may lie. {caption}")


def prior_on_grid(points: Tensor) -> Tensor:
    """Return the prior's probabilities (M,) on points (M, 2) of a grid; they sum to one."""
    return torch.softmax(standard_log_prob(points), 0)


@torch.no_grad()
def posterior_on_grid(vae: VAE, x: Tensor, visible: Tensor, extent: float, cells: int) -> GridPosterior:
    """Return p(z | visible pixels of x) on `cells` by `cells` points, the middles of equal squares.

    `x` is (1, 8, 8), `visible` bool of the same shape; the squares fill the plane from -extent to extent. By
    Bayes' rule the posterior is the prior on the grid times the probability of the visible pixels; given the
    code the pixels are independent, so the others drop out.
    """
    axis = ((torch.arange(cells) + 0.5) * (2 * extent / cells) - extent).to(x)
    points = torch.cartesian_prod(axis, axis)
    pixels = vae.likelihood.log_prob_per_pixel(x, vae.decode(points))
    log_joint = prior_on_grid(points).log() + torch.where(visible, pixels, 0.0).flatten(1).sum(1)
    log_evidence = log_joint.logsumexp(0)
    return GridPosterior(points, (log_joint - log_evidence).exp(), log_evidence)


def _caption(cells: int) -> str:
    return (
        f"Blue: the posterior p(z | visible) by Bayes' rule, summed over {cells} × {cells} codes; the digits "
        "are codes of the data. Erased pixels take the average of what these codes decode to. Orange: what "
        "the encoder says when it is fed the damaged digit with white for what is erased; it was never trained "
        "on such. Noise turns pixels to their opposite; the model knows nothing of it, and every pixel of the "
        "repair is then the decoder's."
    )
