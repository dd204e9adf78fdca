"""Stored results: numbers from a long run, beside what made them."""

import hashlib
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "experiments/results"
VERSIONS = ("torch", "numpy")


def sources(script: str, modules: Sequence[str]) -> dict[str, str]:
    """Return the sha256 of the script and of the `vaelib` modules it uses, by path from the repository's top."""
    paths = (script, *(f"vaelib/{module}.py" for module in modules))
    return {path: hashlib.sha256((ROOT / path).read_bytes()).hexdigest() for path in paths}


def checkpoint_path(made_by: dict[str, str]) -> Path:
    """Return where the unfinished run of these very sources is kept, so that `make experiments` resumes it.

    Other sources have another path: no result can mix the weights of one version with the name of another.
    """
    folder = ROOT / ".make/experiments"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{hashlib.sha256(json.dumps(made_by).encode()).hexdigest()[:16]}.safetensors"


def store(
    name: str,
    made_by: dict[str, str],
    seeds: Sequence[int],
    seconds: float,
    numbers: Mapping[str, object],
    weights: str | None = None,
) -> Path:
    """Write a result to experiments/results/NAME.json.

    Beside `numbers` stand the command, seeds, versions, seconds (of the run that finished), the hashes of the sources
    and `weights`, the sha256 of NAME.safetensors, or null for a result that has no such file.
    """
    result = {
        "command": f"python {next(iter(made_by))}",
        "seeds": list(seeds),
        "versions": {"python": platform.python_version()} | {package: version(package) for package in VERSIONS},
        "seconds": round(seconds),
        "sources": made_by,
        "weights_sha256": weights,
        "numbers": numbers,
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"stored {path.relative_to(ROOT)}", file=sys.stderr)
    return path
