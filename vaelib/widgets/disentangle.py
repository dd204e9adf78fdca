"""Widget 16, disentangle: what each latent of many models moves, and what it knows of the true factors."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import traitlets
from PIL import Image
from scipy import stats

from vaelib import plots
from vaelib.checks import positive, real_array, require
from vaelib.models import VAE
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.codes import check_image_model, family_name
from vaelib.widgets.export import export_layers
from vaelib.widgets.traits import Choice, Number


class Disentangle(Widget, scripts=("figures.js", "decoder.js", "disentangle.js")):
    """Traversals of models of B values of beta and S seeds each, beside what their latents know of F factors.

    Arguments:
        models: for each beta, in increasing order, the VAE that runs in the browser: of images, of two or
            more latents, and all of one architecture.
        strips: an image file (WebP, PNG, ...) of tiles without gaps. A row for each (beta, seed, latent), in
            this order: the decoder's means, black for 0 and white for 1, at two or more even steps of that
            latent from -2 to 2, the other latents at 0.
        information: (B, S, k, F), from 0 to 1: mutual information of each latent's mean code and each factor,
            divided by the factor's entropy.
        rates: (B, S, k), the mean rate of each latent in nats, of two or more seeds.
        factors: the F names.
        live_seed: which of the seeds 0 to S - 1 the `models` are of.
        beta, seed, latent: one of the betas, 0 to S - 1, 0 to k - 1: where the reader starts. By default the
            middle beta, the live seed, and its latent with the largest rate at the highest beta.
        value: the place of that latent, from -2 to 2.
        view: "one model" or "all seeds".
        title, task, caption: what is written above and below.

    `beta`, `seed`, `latent`, `value` and `view` keep in step with the screen. Raises ValueError, also for
    traits set later, for what does not fit.
    """

    title = traitlets.Unicode("Disentangle").tag(sync=True)
    task = traitlets.Unicode("Find a latent that moves one thing only. Find two seeds that disagree.").tag(sync=True)
    caption = traitlets.Unicode(
        "A strip moves one latent from −2 to 2, the others are 0. The table: mutual information of a latent's "
        "mean code and a factor, over the factor's entropy. A factor's MIG: the largest of its column less the "
        "second. Rates: means over the data; below 0.01 nats a latent is dead. Intervals of means: Student's."
    ).tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)
    decoders, measured, strips = (traitlets.Bytes().tag(sync=True) for _ in range(3))
    beta, seed, latent = (traitlets.TraitType().tag(sync=True) for _ in range(3))
    value = Number(0.0, -2.0, 2.0)
    view = Choice("one model", ("one model", "all seeds"))

    def __init__(
        self, models: Mapping[float, VAE], strips: bytes, information: Sequence, rates: Sequence,
        factors: Sequence[str], live_seed: int, **traits: object
    ) -> None:
        vae, nets = _alike(models)
        table, rates = real_array("information", information), real_array("rates", rates)
        shape = (len(models), max([2, *rates.shape[1:2]]), vae.latent_dim)
        fits = rates.shape == shape and bool((rates >= 0).all())
        require(fits, "rates", f"of shape {rates.shape}", f"nats >= 0 of shape {shape}, or of more seeds")
        betas, seeds, latents = list(models), list(range(shape[1])), list(range(shape[2]))
        fits = table.shape == (*shape, len(factors)) and bool((abs(table - 0.5) < 0.500001).all())
        require(fits, "information", f"of shape {table.shape}", f"0 to 1 of shape {(*shape, len(factors))}")
        try:
            self._sheet = np.asarray(Image.open(io.BytesIO(strips)).convert("RGB"))
        except (OSError, TypeError) as error:
            raise ValueError(f"strips was no image; expected a file's bytes ({error})") from error
        high, steps = rates.size * vae.data_shape[1], self._sheet.shape[1] / vae.data_shape[2]
        fits = len(self._sheet) == high and steps >= 2 and steps == int(steps)
        require(fits, "strips", f"of {self._sheet.shape[:2]} pixels", f"{high} high, two tiles or more wide")
        spec = {"betas": betas, "seeds": seeds, "latents": latents, "factors": list(factors), "steps": int(steps)}
        spec |= {"live_seed": one_of("live_seed", live_seed, seeds), "t": stats.t.ppf(0.975, len(seeds) - 1)}
        spec |= {"layers": nets[0]["layers"], "likelihood": family_name(vae.likelihood), "data_shape": vae.data_shape}
        first = {"beta": betas[len(betas) // 2], "seed": live_seed, "latent": rates[-1, live_seed].argmax()}
        first["measured"] = np.concatenate([table.ravel(), rates.ravel()]).astype("<f4").tobytes()
        super().__init__(spec=spec, strips=strips, decoders=b"".join(net["blob"] for net in nets), **first | traits)
        self._mig = np.diff(np.sort(table, 2)[:, :, -2:], axis=2).mean((2, 3))  # (B, S)

    def still(self) -> Still:
        """Return the strips of the chosen model, and every model's MIG over beta."""
        betas, seeds = self.spec["betas"], len(self.spec["seeds"])
        figure, (left, right) = plots.new(1, 2, height=0.5 + 0.35 * len(self.spec["latents"]))
        block = np.split(self._sheet, len(betas) * seeds)[betas.index(self.beta) * seeds + self.seed]
        left.imshow(block if self.spec["data_shape"][0] == 3 else 255 - block)  # ink on white paper
        left.set(title=f"β = {self.beta:g}, seed {self.seed}", xticks=[], yticks=[])
        right.plot([f"{beta:g}" for beta in betas], self._mig, "o", color=plots.COLOURS[0], alpha=0.5)
        right.set(xlabel="β", title="MIG, a dot for each seed", ylim=0)
        told = [f"{min(row):.2f} to {max(row):.2f} at β = {beta:g}" for beta, row in zip(betas, self._mig)]
        caption = f"Left: a row for each latent, from −2 to 2. MIG over {seeds} seeds: {'; '.join(told)}."
        return Still(figure, caption, f"What the latents of a model move, and the MIG of many models. {caption}")

    @traitlets.validate("beta", "seed", "latent")
    def _check(self, proposal: dict) -> float:
        return one_of(proposal["trait"].name, proposal["value"], self.spec[f"{proposal['trait'].name}s"])


def one_of(name: str, value: float, options: list[float]) -> float:
    """Return the one of the options that the value is."""
    require(np.ndim(value) == 0 and value in options, name, repr(value), f"one of {str(options)[1:-1]}")
    return options[options.index(value)]


def _alike(models: Mapping[float, VAE]) -> tuple[VAE, list[dict]]:
    """Return the first model, and the decoders of all as the browser runs them."""
    for vae in models.values():
        check_image_model(vae)
    betas, kinds = sorted(positive("models", beta) for beta in models), {str(vae) for vae in models.values()}
    require(betas == list(models) and len(kinds) == 1, "models", f"for {list(models)}", "rising betas, alike models")
    return next(iter(models.values())), [export_layers(vae.decoder) for vae in models.values()]
