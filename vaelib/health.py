"""One page on whether a trained VAE works: the numbers, six questions with an answer each, and a figure."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from matplotlib.axes import Axes
from torch import Tensor

from vaelib import evaluation, gaussian, objectives, plots
from vaelib.checks import non_negative_integer, positive_integer, require
from vaelib.models import VAE, Posterior

# An example's own code must beat another example's by this many nats: it makes x 20 times as probable.
OWN_CODE = 3.0
# At most this share of the rate may be mismatch with the prior. Such nats are paid, and say nothing about x.
MISMATCH = 1 / 3
# Nearer than this to its ceiling ln N, the information is cut off: N examples cannot tell their codes' shape.
CEILING = 1.0
# At most this share of the rate may be gap: q is then well nearer to the posterior than to the prior.
LOOSE = 0.5
# Both shares are taken of at least this rate: of a rate near 0, rounding is already a large share.
SMALL_RATE = 1.0
# Data may get a mean ln p(x) this many standard deviations from that of the model's own samples, not more.
SURPRISE = 1.0
# Codes that say less than one bit about which example they come from are of no use as codes.
INFORMATIVE = math.log(2)

PICTURES = 8
DECODED_AT_ONCE = 1024
# More draws than this make the parts of the rate no better than the questions need.
DRAWS = 2000
GRID = torch.linspace(-4, 4, 161)
# The axis of the bars shows at least this many nats, so that the bars of a collapsed model look empty.
LEAST = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class Health:
    """What `health_report` found on N examples: means over them, in nats; `print` shows it as a table.

    `rate`, `information`, `marginal_kl`, `total_correlation` and `dimension_wise` are those of
    `evaluation.RateSplit`. `rates` and `active` have an entry for each latent: its nats, and whether it is in
    use (`evaluation.active_units`). `distortion` is -E_q ln p(x | z) and `swapped_distortion` the same with
    the code of another example. `log_evidence` is importance-weighted, itself a bound from below. `error` is
    the root mean square of x - reconstruction on the scale of `to_unit`. `log_evidences` are ln p(x) of every
    example, (N,), and `own_log_evidences` those of N samples that the model made. `aggregate` is the density
    q(z_j) on `GRID`, (len(GRID), k), and `pictures` three rows of images, (3 n, C, H, W): originals,
    reconstructions, samples; None where data are no images.
    """

    elbo: float
    log_evidence: float
    rate: float
    information: float
    marginal_kl: float
    total_correlation: float
    dimension_wise: float
    distortion: float
    swapped_distortion: float
    error: float
    rates: list[float]
    active: list[bool]
    log_evidences: Tensor
    own_log_evidences: Tensor
    aggregate: Tensor
    pictures: Tensor | None = None

    @property
    def gap(self) -> float:
        """ln p(x) - ELBO, both from the same draws, so it is never below 0."""
        return self.log_evidence - self.elbo

    @property
    def ceiling(self) -> float:
        """ln N, which the information of N examples cannot exceed."""
        return math.log(len(self.log_evidences))

    @property
    def collapsed(self) -> bool:
        """Whether no latent is in use."""
        return not any(self.active)

    @property
    def healthy(self) -> bool:
        """Whether the answer to every question is yes."""
        return all(good for good, _ in self.verdicts.values())

    @property
    def verdicts(self) -> dict[str, tuple[bool, str]]:
        """The six questions, each with its answer, True where all is well, and a sentence of numbers."""
        own, rate = self.own_log_evidences, max(self.rate, SMALL_RATE)
        better, bits = self.swapped_distortion - self.distortion, self.information / math.log(2)
        surprise = ((self.log_evidence - own.mean()) / own.std()).item()
        measured = self.information < self.ceiling - CEILING
        miss = self.marginal_kl if measured else self.dimension_wise
        return {
            "Does it reconstruct?": (
                better >= OWN_CODE, f"An example's own code beats another's by {better:z.1f} nats."
            ),
            "Are the codes near the prior?": (
                miss <= MISMATCH * rate,
                f"{'All together' if measured else 'Latent by latent'}, they miss it by {miss:z.2f} nats.",
            ),
            "Is the bound tight?": (
                self.gap <= LOOSE * rate, f"The ELBO is {self.gap:z.2f} nats below ln p(x)."
            ),
            "Does ln p(x) match?": (
                abs(surprise) <= SURPRISE,
                f"Data lie {surprise:+z.1f} standard deviations from the model's own samples.",
            ),
            "Are latents in use?": (not self.collapsed, f"{sum(self.active)} of {len(self.active)} are."),
            "Do codes tell examples apart?": (
                self.information >= INFORMATIVE,
                f"A code tells {bits:z.2f} bits about which of {len(self.log_evidences)} it is.",
            ),
        }

    def __repr__(self) -> str:
        rows = {
            "ELBO": self.elbo,
            "ln p(x), importance-weighted": self.log_evidence,
            "gap": self.gap,
            "distortion": self.distortion,
            "  with another example's code": self.swapped_distortion,
            "rate": self.rate,
            f"  information (at most {self.ceiling:z.2f})": self.information,
            "  KL of all codes to the prior": self.marginal_kl,
            "    total correlation": self.total_correlation,
            "    latent by latent": self.dimension_wise,
        }
        lines = [f"{f'means over {len(self.log_evidences)} examples':34}{'nats':>10}{'bits':>10}"]
        lines += [f"{name:34}{value:z10.2f}{value / math.log(2):z10.2f}" for name, value in rows.items()]
        latents = [f"{nats:z.2f}" if on else f"({nats:z.2f})" for nats, on in zip(self.rates, self.active)]
        lines += textwrap.wrap(f"nats per latent (not in use): {' '.join(latents)}", 78)
        lines += [f"root mean square error of the reconstructions: {self.error:.3f}", ""]
        for question, (good, sentence) in self.verdicts.items():
            lines += [f"{'yes' if good else 'NO':5}{question}", f"     {sentence}"]
        verdict = "healthy" if self.healthy else "collapsed" if self.collapsed else "not healthy"
        return "\n".join([*lines, "", f"Verdict: {verdict}."])

    def show(self) -> None:
        """Show nats per latent, each latent's codes against the prior, ln p(x), and pictures if there are."""
        shape = (1, 3, 9.0, 2.8) if self.pictures is None else (2, 2, 8.0, 5.6)
        figure, axes = plots.new(*shape)
        _draw_numbers(axes.flat, self)
        alt = (
            f"Health of a VAE on {len(self.log_evidences)} examples. {sum(self.active)} of "
            f"{len(self.active)} latents are in use, with {self.rate:z.1f} nats in all. The densities of the "
            f"codes, latent by latent, differ from the prior by {self.dimension_wise:z.2f} nats. "
            f"Histograms of ln p(x): the mean is {self.log_evidence:z.1f} for the data and "
            f"{self.own_log_evidences.mean():z.1f} for the model's own samples."
        )
        if self.pictures is not None:
            columns = len(self.pictures) // 3
            plots.draw_montage(axes.flat[3], self.pictures, columns, "data, reconstructions, samples")
            alt += " Three rows of pictures: originals, their reconstructions, samples from the prior."
        plots.show(figure, alt)


@torch.no_grad()
def health_report(vae: VAE, x: Tensor, *, n_samples: int = 100, seed: int = 0) -> Health:
    """Return the `Health` of `vae` on x (N, *data_shape), best on data that it did not train on.

    ELBO and ln p(x) take `n_samples` draws of z for each example, the same for both. "Does ln p(x) match?"
    asks whether x is as probable under the model as samples that the model makes: if x is less so, the model
    misses what is in the data; if more, it spends probability on what is not. `seed` fixes all draws.

    Raises `ValueError` if x is not data for the model or one example only, if the model is no `VAE`, for
    n_samples below 2 (one draw has no gap), and for a seed that is no whole number >= 0.
    """
    posterior = objectives._checked(vae).posterior(x)
    require(len(x) > 1, "x", "one example", "two or more: their codes are compared")
    require(positive_integer("n_samples", n_samples) > 1, "n_samples", n_samples, "a whole number >= 2")
    generator = torch.Generator().manual_seed(non_negative_integer("seed", seed))
    elbo, log_evidences = _bounds(vae, x, n_samples, generator)
    split = evaluation.rate_split(vae, x, generator, 1 + DRAWS // len(x))
    codes = gaussian.standard_normal((len(x), vae.latent_dim), posterior.mean, generator)
    _, own = _bounds(vae, vae.likelihood.sample(vae._decode(codes), generator), n_samples, generator)
    unit = vae.likelihood.to_unit
    _, aggregate = evaluation._log_mixtures(GRID.to(x)[:, None].expand(-1, vae.latent_dim), posterior)
    distortion = -elbo.mean().item() - split.rate
    return Health(
        **split._asdict(),
        elbo=elbo.mean().item(),
        log_evidence=log_evidences.mean().item(),
        distortion=distortion,
        swapped_distortion=distortion + _cost_of_swapping(vae, x, posterior, generator),
        error=(unit(x) - unit(vae.reconstruct(x))).square().mean().sqrt().item(),
        rates=gaussian.kl_per_dimension(*posterior).mean(0).tolist(),
        active=evaluation.active_units(vae, x).tolist(),
        log_evidences=log_evidences.cpu(),
        own_log_evidences=own.cpu(),
        aggregate=aggregate.exp().cpu(),
        pictures=_pictures(vae, x[:PICTURES], generator),
    )


def _bounds(vae: VAE, x: Tensor, n_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return the ELBO and the importance-weighted ln p(x) of every example, (N,), from the same draws."""
    parts = x.split(max(1, DECODED_AT_ONCE // n_samples))
    weights = torch.cat([objectives.log_weights(vae, part, n_samples, generator) for part in parts], dim=1)
    return weights.mean(0), weights.logsumexp(0) - math.log(n_samples)


def _cost_of_swapping(vae: VAE, x: Tensor, posterior: Posterior, generator: torch.Generator) -> float:
    """Return the mean of ln p(x | own z) - ln p(x | another's z): in a shuffled round, all pass theirs on."""
    order = torch.randperm(len(x), generator=generator)
    output, x = vae._decode(gaussian.sample(*posterior, generator))[order], x[order]
    log_prob = vae.likelihood._log_prob
    return (log_prob(x, output) - log_prob(x, output.roll(1, 0))).mean().item()


def _pictures(vae: VAE, x: Tensor, generator: torch.Generator) -> Tensor | None:
    if len(vae.data_shape) != 3 or vae.data_shape[0] not in (1, 3):
        return None
    rows = [x, vae.reconstruct(x), vae.sample_images(len(x), generator)]
    return vae.likelihood.to_unit(torch.cat(rows)).cpu()


def _draw_numbers(panels: Sequence[Axes], report: Health) -> None:
    blue, grey = plots.COLOURS[0], plots.COLOURS[-1]
    latents = [str(j + 1) for j in range(len(report.active))]
    panels[0].bar(latents, report.rates, color=[blue if on else grey for on in report.active])
    panels[0].set(title="nats per latent (grey: idle)", xlabel="latent")
    panels[0].set_ylim(0, max(LEAST, 1.05 * max(report.rates)))
    panels[1].plot(GRID, report.aggregate, color=blue, linewidth=1, alpha=0.6)
    panels[1].plot(GRID, gaussian.standard_log_prob(GRID[:, None]).exp(), color="black", linestyle="--")
    panels[1].set(title="latents' codes (dashed: prior)", xlabel="$z_j$")
    values = [report.log_evidences.numpy(), report.own_log_evidences.numpy()]
    panels[2].hist(values, bins=20, histtype="step", color=plots.COLOURS[:2], label=["data", "own samples"])
    panels[2].legend(fontsize=8)
    panels[2].set(title=r"$\ln p(\mathbf{x})$ in nats")
