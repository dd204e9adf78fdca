"""Cures for a collapse that training causes: KL warm-up, free bits, a smaller beta, more steps, fewer layers.

A VAE of the binary digits with 16 latents and three hidden layers loses most of its latents early and never finds
them again. Six trainings for each cure. Writes experiments/results/collapse_remedies.json. About ten minutes on one
quiet core.
"""

import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.results import sources, store  # noqa: E402
from vaelib.datasets import digits  # noqa: E402
from vaelib.gaussian import kl_per_dimension  # noqa: E402
from vaelib.likelihoods import Bernoulli  # noqa: E402
from vaelib.models import VAE, mlp_vae  # noqa: E402
from vaelib.objectives import elbo, log_evidence_importance  # noqa: E402
from vaelib.training import fit  # noqa: E402

NAME = "collapse_remedies"
SEEDS, LATENTS, STEPS = range(6), 16, 1200
DEEP, SHALLOW = (128, 128, 128), (128,)
MODULES = ("checks", "datasets", "gaussian", "likelihoods", "models", "objectives", "storage", "training")


def warm_up(step: int) -> float:
    """Return beta: it climbs from 0 to 1 over the first half of a plain training."""
    return min(1.0, 2 * step / STEPS)


# What differs from a plain training: the hidden layers, or arguments of `fit`.
CURES = {
    "plain": {},
    "warm-up": {"beta": warm_up},
    "free bits, 0.1 nats": {"free_nats": 0.1},
    "free bits, 0.25 nats": {"free_nats": 0.25},
    "beta 0.5": {"beta": 0.5},
    "three times the steps": {"steps": 3 * STEPS},
    "warm-up, three times the steps": {"beta": warm_up, "steps": 3 * STEPS},
    "one hidden layer": {"hidden": SHALLOW},
}


def train(x: torch.Tensor, seed: int, hidden: tuple[int, ...] = DEEP, steps: int = STEPS, **changes: object) -> VAE:
    """Return a VAE of x (N, 1, 8, 8) after one training."""
    vae = mlp_vae((1, 8, 8), LATENTS, Bernoulli(), hidden=hidden, seed=seed)
    fit(vae, x, steps=steps, seed=seed, **changes)
    return vae


@torch.no_grad()
def judge(vae: VAE, x: torch.Tensor) -> dict[str, float]:
    """Return what the cure bought, on held-out x: mean nats, and how many latents carry a tenth of a nat or more.

    ELBO and ln p(x) are those of beta 1, whatever the training descended; ln p(x) is importance-weighted.
    """
    source, rates = torch.Generator().manual_seed(0), kl_per_dimension(*vae.posterior(x)).mean(0)
    return {
        "rate": rates.sum().item(),
        "latents": (rates > 0.1).sum().item(),
        "elbo": elbo(vae, x, 20, source).mean().item(),
        "log_evidence": log_evidence_importance(vae, x, 200, source).mean().item(),
    }


def main() -> None:
    started = time.monotonic()
    made_by = sources(f"experiments/{NAME}.py", MODULES)
    images = digits("binary")[0]
    numbers = {
        cure: [judge(train(images[:1500], seed, **changes), images[1500:]) for seed in SEEDS]
        for cure, changes in CURES.items()
    }
    store(NAME, made_by, list(SEEDS), time.monotonic() - started, numbers)


if __name__ == "__main__":
    main()
