"""One model for every beta against one model for each: binary digits, with a plane of latents and with eight.

Nine VAEs of one beta each, 3,000 steps each, and one multi-rate VAE of 6,000 steps, for each of five seeds and both
numbers of latents. Writes experiments/results/multirate_digits.safetensors (the multi-rate VAEs of seed 0, float16)
and multirate_digits.json. About six minutes on two cores.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.results import RESULTS, sources, store  # noqa: E402
from vaelib.datasets import digits  # noqa: E402
from vaelib.models import VAE, mlp_vae  # noqa: E402
from vaelib.multirate import MultiRateVAE  # noqa: E402
from vaelib.storage import file_sha256, write_tensors  # noqa: E402
from vaelib.training import fit  # noqa: E402

NAME = "multirate_digits"
SEEDS, LATENTS, HIDDEN = range(5), (2, 8), (128,)
SEPARATE_STEPS, STEPS = 3000, 6000
BETAS = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
GRID = np.geomspace(0.05, 16, 41).tolist()
DRAWS = 20
MODULES = ("checks", "datasets", "gaussian", "likelihoods", "models", "multirate", "storage", "training")


@torch.no_grad()
def terms(vae: VAE, x: torch.Tensor) -> dict[str, float | list[float]]:
    """Return means over x in nats: the rate of each latent, and the distortion.

    The distortion is a mean over `DRAWS` codes for each example, made from the same noise whatever the model.
    """
    source = torch.Generator().manual_seed(0)
    found = [vae.terms(x, source) for _ in range(DRAWS)]
    rates = found[0].rates.mean(0)
    distortion = sum(part.distortion.mean().item() for part in found) / DRAWS
    return {"rates": [round(nats, 6) for nats in rates.tolist()], "distortion": round(distortion, 6)}


def both(vae: VAE, images: torch.Tensor) -> dict[str, dict]:
    """Return `terms` on the training images and on the 297 held out."""
    return {"train": terms(vae, images[:1500]), "held_out": terms(vae, images[1500:])}


def separate(images: torch.Tensor, latents: int, beta: float, seed: int) -> VAE:
    """Return a VAE of one beta."""
    vae = mlp_vae((1, 8, 8), latents, "bernoulli", HIDDEN, seed)
    fit(vae, images[:1500], steps=SEPARATE_STEPS, beta=beta, seed=seed, progress=False)
    return vae


def multi_rate(images: torch.Tensor, latents: int, seed: int) -> MultiRateVAE:
    """Return the VAE of every beta."""
    model = MultiRateVAE(mlp_vae((1, 8, 8), latents, "bernoulli", HIDDEN, seed))
    fit(model, images[:1500], steps=STEPS, seed=seed, progress=False)
    return model


def main() -> None:
    started = time.monotonic()
    made_by = sources(f"experiments/{NAME}.py", MODULES)
    images = digits("binary")[0]
    numbers: dict[str, object] = {"betas": BETAS, "grid": GRID}
    tensors: dict[str, torch.Tensor] = {}
    for latents in LATENTS:
        models = [multi_rate(images, latents, seed) for seed in SEEDS]
        weights = models[0].state_dict().items()
        tensors |= {f"{latents}.{name}": tensor.half() for name, tensor in weights}
        numbers[f"latents {latents}"] = {
            "separate": [
                [both(separate(images, latents, beta, seed), images) for beta in BETAS] for seed in SEEDS
            ],
            "multi_rate": [[both(model.at(beta), images) for beta in BETAS] for model in models],
            "curve": [[terms(model.at(beta), images[:1500]) for beta in GRID] for model in models],
        }
    path = RESULTS / f"{NAME}.safetensors"
    write_tensors(path, tensors, {"command": f"python experiments/{NAME}.py"})
    store(NAME, made_by, list(SEEDS), time.monotonic() - started, numbers, file_sha256(path))


if __name__ == "__main__":
    main()
