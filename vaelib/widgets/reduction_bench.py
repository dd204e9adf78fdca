"""Widget 15, the reduction bench: what sums and means in a loss do to beta."""

import math

import torch
import traitlets

from vaelib.checks import require
from vaelib.datasets import digits
from vaelib.linear import linear_vae_optimum
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.collapse import checked_eigenvalues, drawn_level
from vaelib.widgets.traits import Choice, Number, Whole

REDUCTIONS = ("sum", "mean")
SETTINGS = ["error", "over_pixels", "error_batch", "over_latents", "kl_batch"]
SETTINGS += ["data_dim", "latents", "batch", "weight", "sigma2"]
ERRORS = {"squared": "(x − x̂)²", "half": "½(x − x̂)²", "gaussian": "(x − x̂)²/2σ²", "bce": "BCE"}


class ReductionBench(Widget, scripts=("figures.js", "linear.js", "reduction_bench.js")):
    """A VAE's loss as it stands in code, and the beta that its sums and means amount to.

    The loss is R + weight K. R reduces an error per pixel over the pixels, then over the batch; K reduces the
    KL per latent over the latents, then over the batch.

    Arguments:
        error: of a pixel: "squared" (x - y)^2, "half" of that, "gaussian" (x - y)^2 / (2 sigma2), or "bce".
        over_pixels, over_latents: "sum" or "mean".
        error_batch, kl_batch: "sum" or "mean" over the batch.
        data_dim, latents, batch: the numbers of pixels, of latents and of examples in a batch.
        weight: what the code multiplies the KL with, from 0.0001 to 1000.
        sigma2: the noise at which the loss is read as an ELBO, from 0.001 to 1000; "bce" has none.
        eigenvalues: of the data on which a linear VAE shows what the loss does; by default the digits'.
        title, task, caption: what is written above and below.

    `beta` follows from these and can be linked to another widget's. All but the eigenvalues and the words
    keep in step with the reader's screen. Raises ValueError, also for traits set later, for what does not
    fit, and for another `beta` than follows.
    """

    title = traitlets.Unicode("Reduction bench").tag(sync=True)
    task = traitlets.Unicode("Take the mean over the pixels. What is β now, and which units survive?").tag(sync=True)
    caption = traitlets.Unicode(
        "β compares what one nat of KL weighs in this loss with what one nat of −ln p(x|z) weighs, in one "
        "example. A squared error of 1 is 1/(2σ²) nats, so β depends on the σ² at which you read it. "
        "Gradient scale: this loss beside the batch's mean of distortion + β · rate; it changes the steps, "
        "not the optimum. Bars: the eigenvalues of the digits' covariance, with the level τ = βσ² of a "
        "linear VAE."
    ).tag(sync=True)
    error = Choice("squared", tuple(ERRORS))
    over_pixels = Choice("sum", REDUCTIONS)
    error_batch = Choice("mean", REDUCTIONS)
    over_latents = Choice("sum", REDUCTIONS)
    kl_batch = Choice("mean", REDUCTIONS)
    data_dim = Whole(64, 1, 1_000_000)
    latents = Whole(16, 1, 1000)
    batch = Whole(128, 1, 100_000)
    weight = Number(1.0, 1e-4, 1000)
    sigma2 = Number(0.5, 1e-3, 1000)
    beta = traitlets.Float().tag(sync=True)
    eigenvalues = traitlets.TraitType().tag(sync=True)

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self.beta = self.effective_beta()
        self.observe(self._follow, SETTINGS)

    def weights(self) -> tuple[float, float]:
        """Return what one nat of -ln p(x | z) and one nat of KL, of one example, weigh in the loss."""
        nat = {"squared": 2 * self.sigma2, "half": self.sigma2}.get(self.error, 1.0)  # as a sum of errors
        means = ("over_pixels", self.data_dim), ("error_batch", self.batch)
        error = nat / math.prod(count for name, count in means if getattr(self, name) == "mean")
        means = ("over_latents", self.latents), ("kl_batch", self.batch)
        return error, self.weight / math.prod(count for name, count in means if getattr(self, name) == "mean")

    def effective_beta(self) -> float:
        """Return the beta for which distortion + beta rate is this loss, up to one factor for both."""
        error, kl = self.weights()
        return kl / error

    def still(self) -> Still:
        """Return what the loss amounts to, and the level it sets for a linear VAE."""
        values, tau = sorted(self.eigenvalues, reverse=True), self.effective_beta() * self.sigma2
        found = linear_vae_optimum(values, 1.0, tau, min(self.latents, len(values)))
        loss = (
            f"The {self.over_pixels} over {self.data_dim} pixels of {ERRORS[self.error]}, the "
            f"{self.error_batch} over the batch, plus {self.weight:g} times the {self.over_latents} over "
            f"{self.latents} latents of the KL, the {self.kl_batch} over the batch"
        )
        amounts, rates, level = f"β = {self.effective_beta():.4g}", 0 * found.rate, None
        if self.error != "bce":  # which no sigma2 turns into another beta
            rates, level = found.rate, tau
            amounts += f" at σ² = {self.sigma2:g}, or β = 1 at σ² = {tau:.4g}; "
            amounts += f"a linear VAE keeps {int((rates > 0).sum())} of {self.latents} latents active"
        caption = f"{loss}: {amounts}."
        return Still(drawn_level(values, rates, level), caption, f"Bars, the eigenvalues. {caption}")

    def _follow(self, _change: object) -> None:
        self.beta = self.effective_beta()

    @traitlets.default("eigenvalues")
    def _digits(self) -> list[float]:
        covariance = torch.cov(digits("pixels")[0].flatten(1).double().T, correction=0)
        return torch.linalg.eigvalsh(covariance).flip(0).clamp(min=0).round(decimals=6).tolist()

    @traitlets.validate("eigenvalues")
    def _check_eigenvalues(self, proposal: dict) -> list[float]:
        return checked_eigenvalues("eigenvalues", proposal["value"])

    @traitlets.validate("beta")
    def _check_beta(self, proposal: dict) -> float:
        follows = self.effective_beta()
        same = math.isclose(proposal["value"], follows, rel_tol=1e-9)
        require(same, "beta", repr(proposal["value"]), f"{follows:.6g}, which follows from the loss")
        return follows
