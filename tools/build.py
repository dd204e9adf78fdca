"""Build the book: `python tools/build.py`, which `make book` calls.

Two stamps keep it both fast and honest. The *code stamp* covers what notebooks compute with (vaelib, data, stored
results, installed versions); Jupyter Book's own cache is keyed on the notebook's cells alone and would go on showing
old numbers, so it is cleared when this stamp changes. The *book stamp* adds the pages; while it is unchanged there is
nothing to do.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
HTML = BUILD / "html"
COMPUTED_WITH = ("vaelib", "experiments", "book/3-vae/museum.py", "pyproject.toml")
PAGES_FROM = ("book", "_config.yml", "_toc.yml", "tools", ".make/static")


def files_under(names: Iterable[str]) -> list[Path]:
    """Return the files below the given names, sorted, without what Python and Jupyter leave behind."""
    paths = [ROOT / name for name in names]
    found = [p for path in paths for p in ([path] if path.is_file() else path.rglob("*")) if p.is_file()]
    return sorted(p for p in found if not {"__pycache__", ".ipynb_checkpoints"} & set(p.parts))


def stamp(names: Iterable[str]) -> str:
    """Hash the files below `names` and the versions of everything installed."""
    digest = hashlib.sha256()
    for path in files_under(names):
        digest.update(f"{path.relative_to(ROOT)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    for version in sorted(f"{dist.name}=={dist.version}" for dist in distributions()):
        digest.update(version.encode())
    return digest.hexdigest()


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def build() -> None:
    """Run Jupyter Book from an empty folder, with warnings as errors; exit with advice when it fails."""
    shutil.rmtree(HTML, ignore_errors=True)  # else pages that are gone from the book would stay
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "-n", "--keep-going", "--all"]
    environment = {**os.environ, "TQDM_DISABLE": "1"}
    if subprocess.run(command, cwd=ROOT, env=environment).returncode:
        sys.exit(
            "\nThe book did not build. The first WARNING or ERROR above names the page and line.\n"
            "A notebook that failed has its traceback under _build/html/reports/. Mend it and run `make book` again."
        )


def main() -> None:
    code, book = stamp(COMPUTED_WITH), stamp(COMPUTED_WITH + PAGES_FROM)
    index = HTML / "book" / "index.html"
    if index.exists() and read(HTML / ".stamp") == book:
        print(f"The book is current: {index}")
        return
    if read(BUILD / ".code-stamp") != code:
        print("What the notebooks compute with has changed: every notebook runs again.")
        shutil.rmtree(BUILD / ".jupyter_cache", ignore_errors=True)
        # Before the build, not after it: a build that fails half way must not pass its cache on to other code.
        BUILD.mkdir(exist_ok=True)
        (BUILD / ".code-stamp").write_text(code)
    started = time.monotonic()
    build()
    (HTML / ".stamp").write_text(book)
    print(f"\nBuilt in {time.monotonic() - started:.0f} s. Open {index}, or run `make serve`.")


if __name__ == "__main__":
    main()
