"""Roads to a beta on the binary digits: up and down a ladder of beta, with a warm-up, and with twice the steps.

A ladder trains one VAE with eight latents through eight beta, 300 steps each, upwards or downwards, and measures it
after each rung. Warm-up raises beta linearly over the first half of 3,000 steps. Five seeds. Writes
experiments/results/beta_paths.json. The trainings to compare with are those of multirate_digits.py, same seeds.
About six minutes on one core.
"""

import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.results import sources, store  # noqa: E402
from vaelib.datasets import digits  # noqa: E402
from vaelib.models import VAE, mlp_vae  # noqa: E402
from vaelib.training import fit  # noqa: E402

NAME = "beta_paths"
SEEDS, STEPS, RUNG, DRAWS = range(5), 3000, 300, 20
LADDER = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0]
WARM_UP, LONGER = [0.5, 1.0, 2.0, 4.0], [0.05, 0.25, 1.0, 2.0, 4.0]
MODULES = ("checks", "datasets", "gaussian", "likelihoods", "models", "storage", "training")


@torch.no_grad()
def terms(vae: VAE, x: torch.Tensor) -> dict[str, float]:
    """Return rate and distortion, means over x in nats; the noise of the codes is the same whatever the model."""
    source = torch.Generator().manual_seed(0)
    found = [vae.terms(x, source) for _ in range(DRAWS)]
    distortion = sum(part.distortion.mean().item() for part in found) / DRAWS
    return {"rate": round(found[0].rate.mean().item(), 6), "distortion": round(distortion, 6)}


def new(latents: int, seed: int) -> VAE:
    """Return the VAE of all roads, untrained."""
    return mlp_vae((1, 8, 8), latents, "bernoulli", (128,), seed)


def ladder(x: torch.Tensor, betas: list[float], seed: int) -> dict[str, dict[str, float]]:
    """Return the terms after each rung, in the order of `LADDER`."""
    vae, found = new(8, seed), {}
    for rung, beta in enumerate(betas):
        fit(vae, x, steps=RUNG, beta=beta, seed=100 * seed + rung, progress=False)
        found[str(beta)] = terms(vae, x)
    return {str(beta): found[str(beta)] for beta in LADDER}


def warm(x: torch.Tensor, beta: float, seed: int) -> dict[str, float]:
    """Return the terms of a VAE whose beta rose linearly over the first half of its steps."""
    vae = new(8, seed)

    def rising(step: int) -> float:
        return beta * min(1.0, 2 * step / STEPS)

    fit(vae, x, steps=STEPS, beta=rising, seed=seed, progress=False)
    return terms(vae, x)


def longer(x: torch.Tensor, latents: int, beta: float, seed: int) -> dict[str, float]:
    """Return the terms of a VAE of one beta with twice the steps."""
    vae = new(latents, seed)
    fit(vae, x, steps=2 * STEPS, beta=beta, seed=seed, progress=False)
    return terms(vae, x)


def main() -> None:
    started = time.monotonic()
    made_by = sources(f"experiments/{NAME}.py", MODULES)
    x = digits("binary")[0][:1500]
    numbers = {
        "up": [ladder(x, LADDER, seed) for seed in SEEDS],
        "down": [ladder(x, LADDER[::-1], seed) for seed in SEEDS],
        "warm-up": [{str(beta): warm(x, beta, seed) for beta in WARM_UP} for seed in SEEDS],
        "longer, latents 2": [{str(beta): longer(x, 2, beta, seed) for beta in LONGER} for seed in SEEDS],
        "longer, latents 8": [{str(beta): longer(x, 8, beta, seed) for beta in LONGER} for seed in SEEDS],
    }
    store(NAME, made_by, list(SEEDS), time.monotonic() - started, numbers)


if __name__ == "__main__":
    main()
