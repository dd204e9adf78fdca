"""Importing vaelib has no side effects, needs no Jupyter, and goes one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

CORE = "checks information gaussian exact likelihoods storage models linear objectives training multirate".split()
CORE += ["evaluation", "bits_back", "datasets", "fruit_shapes", "fruits"]
FRONT = {"plots", "widgets", "glue", "health"}

SCRIPT = """
import random, sys
import numpy, torch
states = random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
for name in {names!r}:
    __import__("vaelib." + name)
assert states == (random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_rng_state().tolist())
assert (threads, dtype) == (torch.get_num_threads(), torch.get_default_dtype())
loaded = {{name.split(".")[0] for name in sys.modules}}
print(*sorted(loaded & {{"IPython", "ipywidgets", "matplotlib", "anywidget"}}))
"""


def imported_modules(path: Path) -> set[str]:
    """The names below vaelib that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "vaelib":
            names |= {f"vaelib.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[1] for name in names if name.startswith("vaelib.")}


def test_importing_the_core_loads_no_jupyter_and_touches_no_random_state():
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT.format(names=CORE)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert (result.stdout.strip(), result.stderr) == ("", "")


def test_the_package_itself_imports_nothing(root):
    tree = ast.parse((root / "vaelib" / "__init__.py").read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]


@pytest.mark.parametrize("name", CORE)
def test_core_modules_import_only_those_before_them(root, name):
    assert imported_modules(root / "vaelib" / f"{name}.py") <= set(CORE[: CORE.index(name)])


def test_nothing_but_plots_and_widgets_imports_plots_or_widgets(root):
    for path in (root / "vaelib").glob("*.py"):
        if path.stem not in FRONT:
            assert not imported_modules(path) & FRONT, path.name
