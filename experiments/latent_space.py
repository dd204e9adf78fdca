"""Train the three digit models of chapter 10 with five seeds, and measure what the chapter claims about them.

Writes experiments/results/latent_space.json. About a minute on two cores.
"""

import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.results import sources, store  # noqa: E402
from vaelib import gaussian  # noqa: E402
from vaelib.datasets import digits  # noqa: E402
from vaelib.evaluation import rate_split  # noqa: E402
from vaelib.likelihoods import Bernoulli, Binomial, Likelihood  # noqa: E402
from vaelib.models import VAE, mlp_vae  # noqa: E402
from vaelib.training import fit  # noqa: E402

NAME = "latent_space"
SEEDS, STEPS, TRAIN = range(5), 1500, 1500
MODULES = (
    "checks", "datasets", "evaluation", "gaussian", "likelihoods", "models", "objectives", "training"
)


def trained(latent_dim: int, likelihood: Likelihood, x: torch.Tensor, seed: int) -> VAE:
    vae = mlp_vae((1, 8, 8), latent_dim, likelihood, hidden=(256,), seed=seed)
    fit(vae, x[:TRAIN], steps=STEPS, seed=seed)
    return vae


@torch.no_grad()
def doubts(wide: VAE, x: torch.Tensor, labels: torch.Tensor) -> tuple[float, float, float]:
    """Return the entropy of the decoder's pixels in nats at codes of x, halfway straight, and halfway on the arc."""
    noise = torch.Generator().manual_seed(5)
    codes = gaussian.sample(*wide.posterior(x), noise)
    other = torch.randperm(len(x), generator=noise)
    pair = labels != labels[other]
    a, b = codes[pair], codes[other][pair]
    direction = F.normalize(F.normalize(a, dim=1) + F.normalize(b, dim=1), dim=1)  # halfway on the great circle
    lengths = (a.norm(dim=1, keepdim=True) + b.norm(dim=1, keepdim=True)) / 2
    ink = [wide.decode_mean(z).flatten(1) for z in (a, (a + b) / 2, lengths * direction)]
    return tuple((torch.special.entr(p) + torch.special.entr(1 - p)).sum(1).mean().item() for p in ink)


@torch.no_grad()
def repairs(plane: VAE, x: torch.Tensor) -> tuple[float, float]:
    """Return -ln probability of the hidden right half in nats: encoder fed white, posterior given the left half."""
    visible = torch.ones(8, 8)
    visible[:, 4:] = 0
    mean, log_var = plane.encoder(x * visible).chunk(2, 1)
    z = gaussian.sample(mean, log_var, torch.Generator().manual_seed(0), 100)
    by_encoder = plane.decode_mean(z).mean(0)
    side = torch.linspace(-4, 4, 81)
    grid = torch.cartesian_prod(side, side)
    per_pixel = plane.likelihood.log_prob_per_pixel(x, plane.decode(grid)[:, None])
    log_joint = (per_pixel * visible).flatten(2).sum(2) + gaussian.standard_log_prob(grid)[:, None]
    by_posterior = (log_joint.softmax(0).T @ plane.decode_mean(grid).flatten(1)).reshape(x.shape)
    guesses = (by_encoder, by_posterior)
    losses = (F.binary_cross_entropy(guess, x, reduction="none") * (1 - visible) for guess in guesses)
    return tuple(loss.flatten(1).sum(1).mean().item() for loss in losses)


def main() -> None:
    started = time.monotonic()
    made_by = sources(f"experiments/{NAME}.py", MODULES)
    (counts, labels), (binary, _) = digits("counts"), digits("binary")
    numbers: dict[str, list[float]] = {}
    for seed in SEEDS:
        plane = trained(2, Bernoulli(), binary, seed)
        dots = trained(2, Binomial(16), counts, seed)
        wide = trained(16, Bernoulli(), binary, seed)
        found = {}
        for name, vae, x in (("plane", plane, binary), ("dots", dots, counts), ("wide", wide, binary)):
            split = rate_split(vae, x[:TRAIN], torch.Generator().manual_seed(1), 4)
            found[f"mismatch, {name}"] = split.marginal_kl
        names = ("doubt, ends", "doubt, straight", "doubt, arc")
        found |= dict(zip(names, doubts(wide, binary[TRAIN:], labels[TRAIN:])))
        found |= dict(zip(("repair, encoder", "repair, posterior"), repairs(plane, binary[TRAIN:])))
        for name, value in found.items():
            numbers.setdefault(name, []).append(value)
    store(NAME, made_by, list(SEEDS), time.monotonic() - started, numbers)


if __name__ == "__main__":
    main()
