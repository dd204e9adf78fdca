"""Install what Binder installs, from its own files, and run every notebook in it: `make binder`.

Prints each notebook's seconds and the largest memory of its kernel; Binder gives 2 GB. Needs Python alone.
TORCH_INDEX is passed on to binder/postBuild (empty: torch from wherever pip finds it).
"""

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".make/binder"
BUDGET_MIB = 2000
RUN = "import sys, nbformat, nbclient; nbclient.NotebookClient(nbformat.read(sys.argv[1], 4), timeout=600).execute()"


def install() -> None:
    """Make a fresh environment as repo2docker does: requirements first, then postBuild in the top folder."""
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    subprocess.run([VENV / "bin/pip", "install", "-q", "-r", ROOT / "binder/requirements.txt"], check=True)
    own = {**os.environ, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["bash", "binder/postBuild"], cwd=ROOT, env=own, check=True, stdout=subprocess.DEVNULL)


def run(notebook: Path) -> tuple[float, float]:
    """Run one notebook; return its seconds and the largest memory any process had until now, in MiB."""
    started = time.monotonic()
    environment = {**os.environ, "TQDM_DISABLE": "1"}
    subprocess.run([VENV / "bin/python", "-c", RUN, notebook.name], cwd=notebook.parent, env=environment, check=True)
    return time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    install()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"installed; the largest process of the installation had {before:.0f} MiB")
    for notebook in sorted((ROOT / "book").rglob("[0-9]*.ipynb")):
        seconds, memory = run(notebook)
        name = notebook.relative_to(ROOT)
        print(f"{name}: {seconds:.0f} s, at most {memory:.0f} MiB (budget {BUDGET_MIB} MiB)", flush=True)
        if memory > BUDGET_MIB:
            sys.exit(f"{notebook.name} needs more memory than Binder gives")


if __name__ == "__main__":
    main()
