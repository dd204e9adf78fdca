"""Add "larger" or "redder" to a fruit's code, and compare with the fruit that the painter paints.

The direction comes from one kind of fruit and is added to the codes of another, for every pair of kinds and five
trainings. Writes experiments/results/latent_arithmetic.json. About two minutes on two cores.
"""

import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.results import sources, store  # noqa: E402
from vaelib.fruits import KINDS, draw, fruits, sample_factors  # noqa: E402
from vaelib.likelihoods import Gaussian  # noqa: E402
from vaelib.models import VAE, conv_vae  # noqa: E402
from vaelib.training import fit  # noqa: E402

NAME = "latent_arithmetic"
SEEDS, LATENTS, STEPS = range(5), 8, 1200
STILL = {"rotation": 0.0, "x": 0.0, "y": 0.0, "light": 2.0}
ENDS = {"size": (0.58, 0.78), "hue": (-0.022, 0.022)}
MODULES = ("checks", "fruits", "fruit_shapes", "gaussian", "likelihoods", "models", "training")


def ends(factor: str, kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return 32 fruits of a kind at the low and at the high end of a factor; the other factor varies."""
    pair = (sample_factors(32, 9, kind=kind, **{factor: end}, **STILL) for end in ENDS[factor])
    low, high = (torch.from_numpy(draw(factors)) for factors in pair)
    return low, high


@torch.no_grad()
def errors(vae: VAE, factor: str) -> dict[str, list]:
    """Return mean squared errors to the fruits at the high end, painted.

    `nothing` decodes the code of the low end, `own` that of the high end, a number for each kind. `arrow` adds the
    direction of the row's kind to the codes of the column's kind.
    """
    pairs = [ends(factor, kind) for kind in KINDS]
    codes = [(vae.posterior(low).mean, vae.posterior(high).mean) for low, high in pairs]
    targets = [high for _, high in pairs]
    arrows = [(high - low).mean(0) for low, high in codes]

    def error(z: torch.Tensor, picture: torch.Tensor) -> float:
        return (vae.decode_mean(z) - picture).square().mean().item()

    return {
        "nothing": [error(low, target) for (low, _), target in zip(codes, targets)],
        "own": [error(high, target) for (_, high), target in zip(codes, targets)],
        "arrow": [[error(low + arrow, target) for (low, _), target in zip(codes, targets)] for arrow in arrows],
    }


def main() -> None:
    started = time.monotonic()
    made_by = sources(f"experiments/{NAME}.py", MODULES)
    pictures = torch.from_numpy(fruits(4096, 0, **STILL)[0])[:-512]
    numbers = {factor: [] for factor in ENDS}
    for seed in SEEDS:
        vae = conv_vae(LATENTS, Gaussian(0.3, learned=True), seed=seed)
        fit(vae, pictures, steps=STEPS, batch_size=32, learning_rate=5e-3, seed=seed)
        for factor in ENDS:
            numbers[factor].append(errors(vae, factor))
    store(NAME, made_by, list(SEEDS), time.monotonic() - started, numbers)


if __name__ == "__main__":
    main()
