"""Train VAEs of the binary digits on the ELBO and on the importance-weighted bound, and judge them alike.

At equal draws the two differ only in whether the mean or the logarithm comes first. Six trainings each. Writes
experiments/results/iwae_digits.json. About four minutes on one quiet core.
"""

import math
import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.results import sources, store  # noqa: E402
from vaelib.datasets import digits  # noqa: E402
from vaelib.evaluation import active_units  # noqa: E402
from vaelib.gaussian import kl_per_dimension  # noqa: E402
from vaelib.likelihoods import Bernoulli  # noqa: E402
from vaelib.models import VAE, mlp_vae  # noqa: E402
from vaelib.objectives import log_weights  # noqa: E402
from vaelib.training import schedule  # noqa: E402

NAME = "iwae_digits"
SEEDS, LATENTS, STEPS, BATCH, PEAK = range(6), 16, 1200, 128, 3e-3
DRAWS = 1000  # for ln p(x)
MODULES = ("checks", "datasets", "evaluation", "gaussian", "likelihoods", "models", "objectives", "storage", "training")

# What is maximised, from log-weights (K, N): the mean of their logs, or the log of their mean.
BOUNDS = {
    "ELBO": lambda log_w: log_w.mean(0),
    "IWAE": lambda log_w: torch.logsumexp(log_w, 0) - math.log(len(log_w)),
}
CASES = [("ELBO", 1), ("ELBO", 10), ("IWAE", 10), ("ELBO", 30), ("IWAE", 30)]


def train(x: torch.Tensor, bound: str, draws: int, seed: int) -> VAE:
    """Return a VAE of x (N, 1, 8, 8) that climbed the bound with so many draws of z for every image."""
    vae = mlp_vae((1, 8, 8), LATENTS, Bernoulli(), hidden=(128,), seed=seed)
    source = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(vae.parameters(), fused=True)
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = PEAK * schedule(step, STEPS)
        batch = x[torch.randint(len(x), (BATCH,), generator=source)]
        loss = -BOUNDS[bound](log_weights(vae, batch, draws, source)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return vae


@torch.no_grad()
def judge(vae: VAE, x: torch.Tensor) -> dict[str, float]:
    """Return mean nats of the images x, the latents in use by two counts, and the share of draws that is effective.

    A latent is lit if its mean rate is above a tenth of a nat, as in collapse_remedies.py.
    """
    rates = kl_per_dimension(*vae.posterior(x)).mean(0)
    log_w = log_weights(vae, x, DRAWS, torch.Generator().manual_seed(0))
    share = torch.softmax(log_w, 0).square().sum(0).reciprocal() / DRAWS
    return {
        "rate": rates.sum().item(),
        "lit": (rates > 0.1).sum().item(),
        "active": active_units(vae, x).sum().item(),
        "elbo": log_w.mean().item(),
        "log_evidence": BOUNDS["IWAE"](log_w).mean().item(),
        "effective_share": share.mean().item(),
    }


def main() -> None:
    started = time.monotonic()
    made_by = sources(f"experiments/{NAME}.py", MODULES)
    images = digits("binary")[0]
    numbers = {
        f"{bound}, {draws}": [judge(train(images[:1500], bound, draws, seed), images[1500:]) for seed in SEEDS]
        for bound, draws in CASES
    }
    store(NAME, made_by, list(SEEDS), time.monotonic() - started, numbers)


if __name__ == "__main__":
    main()
