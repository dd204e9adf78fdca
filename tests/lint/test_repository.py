"""What holds for every file of the repository."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import nbformat
import yaml
from tools.draw_logo import draw
from tools.size import sizes, totals

TEXT = set(".py .md .ipynb .toml .yml .cff .txt .js .css .svg .bib .json .html".split()) | {""}
LOCAL_PATH = re.compile(r"(?:^|[\s\"'=(:])/(?:home|root|tmp|work|Users)/")


def tracked_texts(root: Path) -> dict[str, str]:
    """Return the text of every file that git tracks or would, by path."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split("\n")
    paths = [root / name for name in names if name and Path(name).suffix in TEXT and (root / name).is_file()]
    return {path.relative_to(root).as_posix(): path.read_text("utf8") for path in paths}


def test_the_addresses_stand_in_the_configuration_alone(root):
    config = yaml.safe_load((root / "_config.yml").read_text())
    addresses = (config["repository"]["url"].split("//")[1], config["html"]["baseurl"].split("//")[1].rstrip("/"))
    for name, text in tracked_texts(root).items():
        if name.endswith(".ipynb"):
            # `make notebooks` copies them from there into the two opening cells; another test compares those.
            text = "".join(cell.source for cell in nbformat.reads(text, as_version=4).cells[2:])
        if name != "_config.yml":
            assert not [address for address in addresses if address in text], name


def test_no_file_names_a_folder_of_one_machine(root):
    for name, text in tracked_texts(root).items():
        if name not in ("tests/lint/test_repository.py", "tests/lint/test_notebooks.py"):
            found = LOCAL_PATH.search(text)
            assert not found, f"{name}: {text[found.start():found.start() + 60]!r}"


def test_no_file_is_larger_than_600_kib(root):
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split("\n")
    large = [name for name in names if name and (root / name).is_file() and (root / name).stat().st_size > 600 * 1024]
    assert not large


def test_vaelib_stays_small():
    counts, parts = sizes(), totals()
    assert parts["library"] <= 2000, "what the book teaches: about 2,000 lines of code"
    assert parts["widgets"] <= 1700, "their pictures' Python; a widget's front end is JavaScript"
    assert max(counts.values()) <= 250, max(counts, key=counts.get)


def digest(path: Path) -> str | None:
    """The sha256 of a file, None where there is no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def test_stored_results_come_from_the_scripts_as_they_are(root):
    results = sorted((root / "experiments/results").glob("*.json"))
    assert results, "no stored result was found"
    for path in results:
        result, weights = json.loads(path.read_text()), path.with_suffix(".safetensors")
        for source, then in result["sources"].items():
            assert digest(root / source) == then, f"{path.name} was made by another {source}: run `make experiments`"
        assert digest(weights) == result["weights_sha256"], weights.name
        assert digest(path.with_suffix(".webp")) == result["numbers"].get("strips_sha256"), path.name


def test_the_logo_is_what_its_script_draws(root):
    assert (root / "book/_static/logo.svg").read_text() == draw(7, 7, seed=11)
    assert (root / "book/_static/favicon.svg").read_text() == draw(4, 4, seed=3)


def test_lines_of_code_are_at_most_120_columns(root):
    for name, text in tracked_texts(root).items():
        if name.endswith(".py"):
            wide = [line for line in text.split("\n") if len(line) > 120]
            assert not wide, f"{name}: {wide[0]}"


def test_citation_and_package_agree_on_the_version(root):
    version = re.search(r'^version = "(.+)"', (root / "pyproject.toml").read_text(), re.MULTILINE).group(1)
    assert f"version: {version}" in (root / "CITATION.cff").read_text()
    assert f'__version__ = "{version}"' in (root / "vaelib/__init__.py").read_text()
