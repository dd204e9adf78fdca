"""Stored results: numbers from a long run, beside what made them."""

import hashlib
import json
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "experiments/results"
VERSIONS = ("torch", "numpy")


def checkpoint_path(name: str) -> Path:
    """Return where the unfinished run of an experiment is kept, so that `make experiments` resumes it."""
    folder = ROOT / ".make/experiments"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.safetensors"


def store(name: str, script: str, modules: Sequence[str], seeds: Sequence[int], seconds: float, numbers: dict) -> Path:
    """Write `numbers` to experiments/results/NAME.json, with the command, seeds, versions, seconds and source hashes.

    `script` and `modules` are paths from the repository's top: everything whose change would change the result.
    """
    sources = {path: hashlib.sha256((ROOT / path).read_bytes()).hexdigest() for path in (script, *modules)}
    result = {
        "command": f"python {script}",
        "seeds": list(seeds),
        "versions": {"python": platform.python_version()} | {package: version(package) for package in VERSIONS},
        "seconds": round(seconds),
        "sources": sources,
        "numbers": numbers,
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"stored {path.relative_to(ROOT)}", file=sys.stderr)
    return path
