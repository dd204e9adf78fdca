"""Train the VAE of the home page: fruits upright and centred, on a plane of two latent dimensions.

Writes experiments/results/fruit_plane.safetensors (the weights, float16) and fruit_plane.json. A few minutes on two
cores; run again after an interruption, it goes on where it stopped.
"""

import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.results import RESULTS, checkpoint_path, sources, store  # noqa: E402
from vaelib.fruits import fruits  # noqa: E402
from vaelib.likelihoods import Gaussian  # noqa: E402
from vaelib.models import conv_vae  # noqa: E402
from vaelib.objectives import elbo, rate  # noqa: E402
from vaelib.storage import save_weights  # noqa: E402
from vaelib.training import fit  # noqa: E402

NAME = "fruit_plane"
SEED, STEPS, PICTURES = 0, 6000, 8192
STILL = {"rotation": 0.0, "x": 0.0, "y": 0.0, "light": 2.0}
MODULES = ("checks", "fruits", "fruit_shapes", "gaussian", "likelihoods", "models", "objectives", "storage", "training")


def main() -> None:
    started = time.monotonic()
    made_by = sources(f"experiments/{NAME}.py", MODULES)
    checkpoint = checkpoint_path(made_by)
    pictures = torch.from_numpy(fruits(PICTURES, SEED, **STILL)[0])
    held_out = torch.from_numpy(fruits(1024, SEED + 1, **STILL)[0])
    vae = conv_vae(2, Gaussian(0.1), seed=SEED)
    fit(vae, pictures, steps=STEPS, batch_size=64, learning_rate=3e-3, seed=SEED, checkpoint=checkpoint)
    with torch.no_grad():
        numbers = {
            "elbo_held_out": elbo(vae, held_out, 10, torch.Generator().manual_seed(SEED)).mean().item(),
            "rate_held_out": rate(vae.posterior(held_out)).mean().item(),
        }
    weights = save_weights(vae.half(), RESULTS / f"{NAME}.safetensors", {"command": f"python experiments/{NAME}.py"})
    store(NAME, made_by, [SEED], time.monotonic() - started, numbers, weights)
    checkpoint.unlink()


if __name__ == "__main__":
    main()
