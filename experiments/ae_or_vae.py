"""Does a plain autoencoder become a VAE when its latent space is small? Both, on fruits, over sizes and seeds.

Writes experiments/results/ae_or_vae.json: for every cell ("autoencoder", "vae", or a VAE whose noise is fixed,
latent dimensions, channels, seed) what `measure` returns; and ae_or_vae.safetensors: the codes of held-out
pictures in two dimensions. About seven minutes on one core; run again after an interruption, it goes on with the
next cell.
"""

import json
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.results import RESULTS, checkpoint_path, sources, store  # noqa: E402
from vaelib.fruits import draw, sample_factors  # noqa: E402
from vaelib.likelihoods import Gaussian  # noqa: E402
from vaelib.models import Autoencoder, LatentModel, conv_autoencoder, conv_vae  # noqa: E402
from vaelib.storage import file_sha256, write_tensors  # noqa: E402
from vaelib.training import fit  # noqa: E402

NAME = "ae_or_vae"
MODULES = ("checks", "fruits", "fruit_shapes", "gaussian", "likelihoods", "models", "storage", "training")
STILL = {"rotation": 0.0, "x": 0.0, "y": 0.0, "light": 2.0}
SIDE, TRAIN, HELD_OUT, REFERENCE, INVENTED = 16, 3584, 512, 4096, 1000
SETTINGS = {"steps": 1500, "batch_size": 16, "learning_rate": 3e-3}
SEEDS, DIMS, WIDTHS = range(5), (1, 2, 4, 8), (8, 16)
FIXED_NOISE = (0.01, 0.3)  # besides the learned one, with two dimensions and 16 channels
JITTER, NEARLY = 0.1, 1.1


def main() -> None:
    started = time.monotonic()
    torch.set_num_threads(1)
    made_by = sources(f"experiments/{NAME}.py", MODULES)
    unfinished = checkpoint_path(made_by).with_suffix(".json")
    done = json.loads(unfinished.read_text()) if unfinished.exists() else {}
    train, held_out, reference = (pictures(n, seed) for seed, n in enumerate((TRAIN, HELD_OUT, REFERENCE)))
    for kind, dims, width, seed in cells():
        cell = f"{kind}/{dims}/{width}/{seed}"
        if cell not in done:
            model = trained(kind, dims, width, seed, train)
            done[cell] = measure(model, held_out, reference) | {"codes": codes_of(model, held_out).tolist()}
            unfinished.write_text(json.dumps(done))
            print(cell, {name: round(value, 4) for name, value in done[cell].items() if name != "codes"}, flush=True)
    codes = {cell: torch.tensor(numbers.pop("codes")) for cell, numbers in done.items()}
    flat = {cell.replace("/", "."): each.half() for cell, each in codes.items() if "/2/16/" in cell}
    path = RESULTS / f"{NAME}.safetensors"
    write_tensors(path, flat, {"command": f"python experiments/{NAME}.py"})
    baselines = {"held_out": nearest(held_out, reference).mean().item()}
    baselines["average_fruit"] = nearest(train.mean(0, keepdim=True), reference).item()
    store(NAME, made_by, list(SEEDS), time.monotonic() - started, baselines | done, file_sha256(path))
    unfinished.unlink()


def cells() -> list[tuple[str, int, int, int]]:
    """Return (kind, latent dimensions, channels, seed) of every cell; those of fixed noise come last."""
    kinds = ("autoencoder", "vae")
    main_cells = [(kind, k, width, s) for s in SEEDS for width in WIDTHS for k in DIMS for kind in kinds]
    return main_cells + [(f"vae {noise}", 2, 16, s) for s in SEEDS for noise in FIXED_NOISE]


def pictures(n: int, seed: int) -> Tensor:
    """Return n fruits of every kind, hue and size, upright and centred, (n, 3, 16, 16)."""
    return torch.from_numpy(draw(sample_factors(n, seed, **STILL), SIDE))


def trained(kind: str, dims: int, width: int, seed: int, x: Tensor) -> LatentModel:
    """Return the model of a cell, trained; the seed makes initial weights, order of pictures, and noise."""
    make = conv_autoencoder if kind == "autoencoder" else conv_vae
    fixed = kind.partition(" ")[2]  # "vae 0.1" has its noise fixed at 0.1
    likelihood = Gaussian(float(fixed)) if fixed else Gaussian(0.3, learned=True)
    model = make(dims, likelihood, (3, SIDE, SIDE), width, seed)
    fit(model, x, seed=seed, progress=False, **SETTINGS)
    return model


@torch.no_grad()
def codes_of(model: LatentModel, x: Tensor) -> Tensor:
    """Return the codes (N, k) of x: an autoencoder's codes, a VAE's posterior means."""
    return model.encode(x) if isinstance(model, Autoencoder) else model.posterior(x).mean


@torch.no_grad()
def measure(model: LatentModel, x: Tensor, reference: Tensor) -> dict[str, float]:
    """Return what the comparison rests on; all errors are root mean squares on a scale from 0 to 1.

    `rmse`: of reconstructions of x. `rebuilt`: from a reconstruction to the nearest reference. `code_std`: root
    mean variance of the codes. `jittered`, `jittered_share`: `rmse` after noise of standard deviation 0.1, or a
    tenth of each dimension's own, is added to the codes. `sampled`: from a picture decoded at z ~ N(0, I) to the
    nearest reference. `coverage`: share of x with an invented picture at most 1.1 times as far away as its own
    reconstruction. `sampled_fitted`, `coverage_fitted`: the same for z ~ N(mean, covariance of the codes).
    `noise`: the likelihood's sigma. `rate`: mean KL to the prior in nats, 0 for an autoencoder.
    """
    generator, codes = torch.Generator().manual_seed(0), codes_of(model, x)
    epsilon, z = (torch.randn(n, codes.shape[1], generator=generator) for n in (len(x), INVENTED))
    own = per_picture(model.decode_mean(codes) - x)
    spread = codes.std(0)
    root = torch.linalg.cholesky(torch.cov(codes.T).reshape(len(spread), -1) + 1e-6 * torch.eye(len(spread)))
    numbers = {
        "rmse": rms(own),
        "rebuilt": nearest(model.decode_mean(codes), reference).mean().item(),
        "code_std": rms(spread),
        "jittered": rms(per_picture(model.decode_mean(codes + JITTER * epsilon) - x)),
        "jittered_share": rms(per_picture(model.decode_mean(codes + JITTER * spread * epsilon) - x)),
        "noise": model.likelihood.sigma.item(),
        "rate": model.terms(x, generator).rate.mean().item(),
    }
    for name, places in (("", z), ("_fitted", codes.mean(0) + z @ root.T)):
        invented = model.decode_mean(places)
        numbers[f"sampled{name}"] = nearest(invented, reference).mean().item()
        numbers[f"coverage{name}"] = (nearest(x, invented) <= NEARLY * own).float().mean().item()
    return numbers


def nearest(pictures: Tensor, others: Tensor) -> Tensor:
    """Return the root mean squared difference (N,) between each of N pictures and the nearest of the others."""
    return torch.cdist(pictures.flatten(1), others.flatten(1)).amin(1) / pictures[0].numel() ** 0.5


def per_picture(difference: Tensor) -> Tensor:
    """Return the root mean square (N,) over all axes but the first."""
    return difference.flatten(1).square().mean(1).sqrt()


def rms(values: Tensor) -> float:
    """Return the root mean square of all values."""
    return values.square().mean().sqrt().item()


if __name__ == "__main__":
    main()
