"""Widget 12, encode your own: the reader draws a digit, and the model says what it makes of it."""

import numpy as np
import torch
import torch.nn.functional as F
import traitlets
from matplotlib.patches import Ellipse
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor

from vaelib import plots
from vaelib.checks import is_whole_number, require
from vaelib.datasets import BINARY_THRESHOLD
from vaelib.gaussian import kl_to_standard_normal
from vaelib.likelihoods import Bernoulli, Binomial
from vaelib.models import VAE
from vaelib.widgets.base import Still
from vaelib.widgets.codes import checked_codes, extent
from vaelib.widgets.digits import SCRIPTS, DigitWidget, as_the_browser_runs_it
from vaelib.widgets.traits import Numbers

NODES = 9  # of the quadrature, in each latent dimension
MOST_EXAMPLES = 12


class EncodeYourOwn(DigitWidget, scripts=(*SCRIPTS, "encode_your_own.js")):
    """A pad of 32 by 32 dots for a digit; its posterior, reconstruction, rate and distortion.

    Arguments, beside those of every `DigitWidget`:
        examples: (n, 1, 8, 8) float, 1 to 12 digits to begin from, always in counts from 0 to 16.
        held_out: (m, 1, 8, 8), data of the model that it never saw; their ELBOs stand beside the reader's.
        start: index of the example that is on the pad at first.
        seed: of the samples from the posterior.

    The traits `rows`, the pad from the top, 32 numbers of 32 bits with the most significant at the left, and
    `seed` keep in step with the screen. Raises ValueError, also for traits set later, for what does not fit.
    """

    title = traitlets.Unicode("Encode your own").tag(sync=True)
    task = traitlets.Unicode(
        "Draw a digit that the model finds as probable as the digits it was never shown."
    ).tag(sync=True)
    rows = Numbers((0,) * 32, 0, 2**32 - 1)

    @torch.no_grad()
    def __init__(
        self, vae: VAE, codes: Tensor, labels: Tensor, examples: Tensor, held_out: Tensor, *,
        start: int = 0, dtype: str = "float16", **traits: object
    ) -> None:
        self._vae = vae = as_the_browser_runs_it(vae, dtype)
        Binomial(16).check(examples)
        fits = examples.shape[1:] == (1, 8, 8) and len(examples) <= MOST_EXAMPLES
        require(fits, "examples", f"of shape {tuple(examples.shape)}", f"(1 to {MOST_EXAMPLES}, 1, 8, 8)")
        fits = is_whole_number(start) and 0 <= start < len(examples)
        require(fits, "start", repr(start), f"an index of one of {len(examples)} examples")
        binary = isinstance(vae.likelihood, Bernoulli)
        self._x = (examples >= BINARY_THRESHOLD).float() if binary else examples
        self._x = self._x[start : start + 1]
        rate, distortion = rate_and_distortion(vae, held_out)
        nodes, weights = hermegauss(NODES)
        pads = [np.packbits(pad, axis=1).view(">u4")[:, 0].tolist() for pad in bitmaps(examples)]
        spec = {
            "extent": extent(checked_codes("codes", codes, 2), vae.posterior(self._x).mean),
            "threshold": BINARY_THRESHOLD if binary else None,
            "examples": pads,
            "held_out": (-(rate + distortion)).sort().values.double().numpy().round(2).tolist(),
            "nodes": nodes.tolist(),
            "node_weights": (weights / weights.sum()).tolist(),
        }
        traits = {"caption": _caption(binary), **traits}
        super().__init__(vae, codes, labels, dtype, spec, rows=pads[start], **traits)

    @torch.no_grad()
    def still(self) -> Still:
        """Return the first example's posterior over the data's codes, the example, and its reconstruction."""
        posterior, (rate, distortion) = self._vae.posterior(self._x), rate_and_distortion(self._vae, self._x)
        mean, deviation = posterior.mean[0].tolist(), (0.5 * posterior.log_var[0]).exp().tolist()
        figure, (plane, pictures) = plots.new(1, 2, width=7, height=3.4, width_ratios=(1, 1))
        self.draw_codes(plane)
        for times, style in ((1, "-"), (2, "--")):
            size = [2 * times * each for each in deviation]
            plane.add_patch(Ellipse(mean, *size, fill=False, color="#111111", linestyle=style, linewidth=2))
        both = torch.cat([self._x, self._vae.reconstruct(self._x)])
        plots.draw_montage(pictures, self._vae.likelihood.to_unit(both), 2, "a digit and its reconstruction")
        said = f"Posterior mean ({mean[0]:.2f}, {mean[1]:.2f}), standard deviations {deviation[0]:.2f} and "
        said += f"{deviation[1]:.2f}; rate {rate.item():.2f}, distortion {distortion.item():.2f} nats."
        said = said.replace("-", "−")
        caption = f"Left: one digit's posterior over the codes of the data, 1 and 2 standard deviations. {said}"
        return Still(figure, caption, f"A digit, its reconstruction, and its place in the latent plane. {said}")


@torch.no_grad()
def rate_and_distortion(vae: VAE, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in nats for x (N, 1, 8, 8), (N,) each, without drawing anything: latent_dim must be 2.

    The distortion is an expectation over the posterior by Gauss-Hermite quadrature with 9 by 9 nodes.
    """
    mean, log_var = vae.posterior(x)
    nodes, weights = (torch.tensor(each).to(mean) for each in hermegauss(NODES))
    z = mean + torch.exp(0.5 * log_var) * torch.cartesian_prod(nodes, nodes)[:, None]
    weights = torch.cartesian_prod(weights, weights).prod(1, keepdim=True)
    log_likelihood = vae.likelihood.log_prob(x, vae.decode(z))
    return kl_to_standard_normal(mean, log_var), -(weights * log_likelihood).sum(0) / weights.sum()


def bitmaps(counts: Tensor) -> np.ndarray:
    """Return bitmaps (N, 32, 32) of 0 and 1 whose 4 by 4 blocks hold `counts` (N, 1, 8, 8) dots, 0 to 16.

    In each block the dots lie where the smoothly enlarged picture is darkest.
    """
    blocks = F.pixel_unshuffle(F.interpolate(counts, scale_factor=4, mode="bilinear"), 4)
    order = blocks.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    return F.pixel_shuffle((order < counts).float(), 4)[:, 0].byte().numpy()


def _caption(binary: bool) -> str:
    seen = "is black where at least 8 of 16 dots are" if binary else "counts their dots"
    return (
        f"The model sees 8 × 8 blocks of 4 × 4 dots; a pixel {seen}. The digits of the data were stretched to "
        "fill the frame from top to bottom, so “fit to the frame” stretches a drawing that does not reach both "
        "edges. Solid ellipse: one standard deviation of the posterior; dashed: two; dots: samples. The "
        "distortion is no average of these samples but the expectation, by quadrature at 9 × 9 points."
    )
