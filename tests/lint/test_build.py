"""The build tool, on a book of one page: no number is shown from an old cache, and a warning fails the build."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = """---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# A page

```{code-cell} ipython3
from vaelib.datasets import BINARY_THRESHOLD
print("the threshold is", BINARY_THRESHOLD)
```
"""
CONFIG = """title: One page
only_build_toc_files: true
exclude_patterns: [_build, vaelib, tools]
execute: {execute_notebooks: cache, raise_on_error: true, stderr_output: remove-warn}
"""


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A repository with this vaelib and these tools, and a book of one page."""
    for name in ("vaelib", "tools"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "book").mkdir()
    (tmp_path / "book/index.md").write_text(PAGE)
    (tmp_path / "_config.yml").write_text(CONFIG)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    return tmp_path


def run(copy: Path) -> subprocess.CompletedProcess:
    """Run the build tool in the copy."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    return subprocess.run([sys.executable, "tools/build.py"], cwd=copy, env=environment, capture_output=True, text=True)


def build(copy: Path) -> str:
    """Build the copy; return what the tool printed."""
    done = run(copy)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def set_threshold(copy: Path, value: int) -> None:
    """Change a constant in the copy's vaelib."""
    module = copy / "vaelib/datasets.py"
    module.write_text(re.sub(r"BINARY_THRESHOLD = \d+", f"BINARY_THRESHOLD = {value}", module.read_text()))


def page(copy: Path) -> str:
    return (copy / "_build/html/book/index.html").read_text()


def test_a_changed_constant_reaches_the_page_and_an_unchanged_book_is_left_alone(copy):
    build(copy)
    assert "the threshold is 8" in page(copy)
    assert "is current" in build(copy)
    set_threshold(copy, 5)
    assert "every notebook runs again" in build(copy)
    assert "the threshold is 5" in page(copy)


def test_a_failed_build_says_what_to_do_and_leaves_no_old_numbers(copy):
    build(copy)
    set_threshold(copy, 5)
    (copy / "book/index.md").write_text(PAGE + "\n[nowhere](missing.md)\n")
    failed = run(copy)
    assert failed.returncode != 0
    assert "run `make book` again" in failed.stderr
    set_threshold(copy, 8)
    (copy / "book/index.md").write_text(PAGE)
    build(copy)
    assert "the threshold is 8" in page(copy)
