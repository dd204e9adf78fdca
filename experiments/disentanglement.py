"""Does beta disentangle? Sprites with known factors, five beta, twenty seeds, a code of five latents.

One hundred VAEs of 4,000 steps on 8,192 sprites, measured on 10,000 others. Writes to experiments/results/:
disentanglement.json; disentanglement.safetensors, the VAEs of seed 0, float16; and disentanglement.webp, strips of the
decoder's mean for the first ten seeds: a row for each beta, seed and latent, in this order, a column for each of seven
values of that latent from -2 to 2, all others at 0. About ten minutes on a quiet core; run again after an interruption,
it goes on where it stopped.
"""

import itertools
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.results import RESULTS, checkpoint_path, sources, store  # noqa: E402
from vaelib.disentanglement import dci, information, mig, sap  # noqa: E402
from vaelib.evaluation import rate_split  # noqa: E402
from vaelib.gaussian import sample  # noqa: E402
from vaelib.information import entropy  # noqa: E402
from vaelib.models import VAE, mlp_vae  # noqa: E402
from vaelib.sprites import FACTORS, SIDE, sprites  # noqa: E402
from vaelib.storage import file_sha256, read_tensors, write_tensors  # noqa: E402
from vaelib.training import fit  # noqa: E402

NAME = "disentanglement"
BETAS, SEEDS, STRIP_SEEDS, LIVE_SEED = [1.0, 2.0, 4.0, 8.0, 16.0], range(20), range(10), 0
LATENTS, HIDDEN, STEPS, BATCH = 5, (40,), 4000, 64
TRAIN, TEST, SPLIT, DRAWS = 8192, 10_000, 4096, 5  # SPLIT bounds the information in the split: ln 4096 = 8.3 nats
CATEGORICAL = (0,)  # of the factors: the shape
ALONG = torch.linspace(-2, 2, 7)  # a latent, in its strip
MODULES = (
    "checks", "disentanglement", "evaluation", "gaussian", "information", "likelihoods", "models", "objectives",
    "sprites", "storage", "training",
)


def new(seed: int) -> VAE:
    """Return the VAE of all runs, untrained."""
    return mlp_vae((1, SIDE, SIDE), LATENTS, "bernoulli", HIDDEN, seed)


def trained(x: torch.Tensor, beta: float, seed: int) -> VAE:
    """Return a VAE of one beta and one seed."""
    vae = new(seed)
    fit(vae, x, steps=STEPS, batch_size=BATCH, beta=beta, seed=seed, progress=False)
    return vae


@torch.no_grad()
def measured(vae: VAE, x: torch.Tensor, truth: np.ndarray) -> dict[str, object]:
    """Return all that is stored of one VAE; the noise of its codes is the same whatever the model.

    Information is a share of the factor's entropy: ln 20 for twenty equal classes.
    """
    posterior, source = vae.posterior(x), torch.Generator().manual_seed(0)
    means, samples = posterior.mean, sample(*posterior, source)
    terms = [vae.terms(x, source) for _ in range(DRAWS)]
    classes = np.bincount(truth[:, 0].astype(int)) / len(truth)
    entropies = np.array([entropy(classes), *[np.log(20)] * (len(FACTORS) - 1)])
    found = dci(means, truth, categorical=CATEGORICAL)
    return {
        "mig, mean": mig(means, truth, categorical=CATEGORICAL),
        "mig, sampled": mig(samples, truth, categorical=CATEGORICAL),
        "dci": {name: getattr(found, name) for name in ("disentanglement", "completeness", "informativeness")},
        "sap": sap(means, truth, categorical=CATEGORICAL),
        "information": information(means, truth, categorical=CATEGORICAL) / entropies,
        "information, sampled": information(samples, truth, categorical=CATEGORICAL) / entropies,
        "rates": terms[0].rates.mean(0),
        "elbo_terms": {
            "rate": terms[0].rate.mean(), "distortion": torch.stack([part.distortion for part in terms]).mean()
        },
        "split": rate_split(vae, x[:SPLIT], source)._asdict(),
    }


def plain(value: object) -> object:
    """Return numbers, arrays and dictionaries of them as what JSON knows, rounded to 5 places."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return np.round(np.asarray(value, float), 5).tolist()


@torch.no_grad()
def strips(vae: VAE) -> torch.Tensor:
    """Return a row of pictures for each latent, (k * 16, 7 * 16) in [0, 1]."""
    codes = torch.eye(LATENTS)[:, None] * ALONG[:, None]
    return vae.decode_mean(codes)[:, :, 0].permute(0, 2, 1, 3).flatten(2).flatten(0, 1)


def all_runs(checkpoint: Path, x: torch.Tensor, held_out: torch.Tensor, truth: np.ndarray) -> tuple[dict, dict]:
    """Return tensors (strips, and the weights of the live seed) and records of all runs, by "beta/seed".

    Runs found at `checkpoint` are not repeated.
    """
    tensors, kept = read_tensors(checkpoint) if checkpoint.exists() else ({}, {"records": "{}"})
    records = json.loads(kept["records"])
    for beta, seed in tqdm(list(itertools.product(BETAS, SEEDS)), unit="model"):
        if (run := f"{beta:g}/{seed}") in records:
            continue
        vae = trained(x, beta, seed)
        records[run] = plain(measured(vae, held_out, truth))
        if seed in STRIP_SEEDS:
            tensors[f"{run}/strips"] = strips(vae)
        if seed == LIVE_SEED:
            weights = vae.state_dict().items()
            tensors |= {f"beta={beta:g}/{name}": weight.half() for name, weight in weights}
        write_tensors(checkpoint, tensors, {"records": json.dumps(records)})
    return tensors, records


def main() -> None:
    torch.set_num_threads(1)
    started = time.monotonic()
    made_by = sources(f"experiments/{NAME}.py", MODULES)
    checkpoint = checkpoint_path(made_by)
    x = torch.from_numpy(sprites(TRAIN, seed=0)[0])
    pictures, truth = sprites(TEST, seed=1)
    held_out = torch.from_numpy(pictures)
    tensors, records = all_runs(checkpoint, x, held_out, truth)

    sheet = torch.cat([tensors[f"{beta:g}/{seed}/strips"] for beta in BETAS for seed in STRIP_SEEDS])
    picture = RESULTS / f"{NAME}.webp"
    Image.fromarray((255 * sheet).round().byte().numpy()).save(picture, quality=50, method=6)
    path = RESULTS / f"{NAME}.safetensors"
    weights = {name: tensor for name, tensor in tensors.items() if name.startswith("beta=")}
    write_tensors(path, weights, {"command": f"python experiments/{NAME}.py", "seed": str(LIVE_SEED)})

    def grid(name: str) -> list[list]:
        return [[records[f"{beta:g}/{seed}"][name] for seed in SEEDS] for beta in BETAS]

    untrained = [
        plain(mig(new(seed).posterior(held_out).mean, truth, categorical=CATEGORICAL)) for seed in SEEDS
    ]
    numbers = {
        "betas": BETAS, "factors": list(FACTORS), "latents": LATENTS, "strip_seeds": len(STRIP_SEEDS),
        "strips_sha256": file_sha256(picture),
        "mig": {"mean": grid("mig, mean"), "sampled": grid("mig, sampled"), "untrained": untrained},
        "information_sampled": grid("information, sampled"),
    }
    numbers |= {name: grid(name) for name in ("dci", "sap", "information", "rates", "elbo_terms", "split")}
    store(NAME, made_by, list(SEEDS), time.monotonic() - started, numbers, file_sha256(path))
    checkpoint.unlink()


if __name__ == "__main__":
    main()
