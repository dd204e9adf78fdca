"""Plant every edit of `mutations.py` in a copy of the package and demand that its test goes red.

Run as `python tests/mutate.py` (five seconds an edit). It prints a table and exits 1 if an edit survives,
if its search text is not found exactly once, or if a named test fails before anything is changed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mutations import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parent.parent
PASSED, FAILED = 0, 1  # pytest's exit codes; the others mean that it could not run the test at all


def copy_repository(target: Path) -> None:
    """Copy what the named tests need, without compiled files: an edit of equal length does not renew those."""
    ignore = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in ("book", "tests", "tools", "vaelib"):
        shutil.copytree(ROOT / name, target / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", target)


def run_tests(folder: Path, tests: list[str]) -> int:
    """Return pytest's exit code for these tests in `folder`, with that folder's vaelib."""
    environment = os.environ | {
        "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"
    }
    options = ["--import-mode=importlib", "-q", "-x", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True).returncode


def verdict(mutation: Mutation, folder: Path) -> str:
    """Plant one edit in `folder`, run its test, take the edit back; return what happened."""
    path = folder / mutation.file
    source = path.read_text()
    if (found := source.count(mutation.search)) != 1:
        return f"search text found {found} times"
    path.write_text(source.replace(mutation.search, mutation.replace))
    code = run_tests(folder, [mutation.test])
    path.write_text(source)
    return {FAILED: "noticed", PASSED: "SURVIVED"}.get(code, f"pytest gave up with code {code}")


def main() -> int:
    """Try all mutations; return the exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_repository(folder)
        if run_tests(folder, sorted({mutation.test for mutation in MUTATIONS})) != PASSED:
            print("The named tests do not all pass before anything is changed.")
            return 1
        verdicts = []
        for mutation in MUTATIONS:
            verdicts.append(verdict(mutation, folder))
            edit = f"{mutation.search.strip()} -> {mutation.replace.strip()}"
            print(f"{verdicts[-1]:10} {mutation.file:22} {edit[:110]}", flush=True)
    noticed = verdicts.count("noticed")
    print(f"{noticed} of {len(verdicts)} planted mistakes noticed")
    return 0 if noticed == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
