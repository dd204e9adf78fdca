"""Every numbered equation has a check, and every check an equation: book/equations.toml ties them."""

import ast
import re
import tomllib
from pathlib import Path

import nbformat
import pytest

LABEL = re.compile(r"\$\$[ \t]*\(([^)\s]+)\)")
NUMBERED = "equation|align|alignat|flalign|gather|multline|eqnarray"
REFUSED = re.compile(r"\\begin\{(" + NUMBERED + r")\*?\}|\\label\{|\\tag\{|\{math\}")


@pytest.fixture(scope="module")
def registry(root: Path) -> dict:
    return tomllib.loads((root / "book/equations.toml").read_text())


def pages(root: Path) -> dict[str, str]:
    """Return the Markdown of each page by its path from the top."""
    texts = {path: path.read_text() for path in (root / "book").rglob("*.md")}
    for path in (root / "book").rglob("[0-9]*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        texts[path] = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return {path.relative_to(root).as_posix(): text for path, text in texts.items()}


def labels(root: Path) -> list[str]:
    return [label for text in pages(root).values() for label in LABEL.findall(text)]


def check_cells(root: Path) -> dict[str, nbformat.NotebookNode]:
    """Return every check cell (id `check-…`) by `page#id`."""
    found = {}
    for path in (root / "book").rglob("[0-9]*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.id.startswith("check-"):
                found[f"{path.relative_to(root).as_posix()}#{cell.id}"] = cell
    return found


def asserts(source: str) -> bool:
    """Whether Python code holds an assertion."""
    calls = ("approx", "assert_close", "assert_allclose", "assert_array_equal")
    return any(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Attribute) and node.attr in calls)
        for node in ast.walk(ast.parse(source))
    )


def test_every_label_is_used_once(root):
    found = labels(root)
    assert found, "no numbered equation was found at all"
    assert len(found) == len(set(found)), sorted(label for label in set(found) if found.count(label) > 1)
    assert all(re.fullmatch(r"eq-[a-z0-9-]+", label) for label in found), found


def test_every_numbered_equation_has_a_check_and_every_check_an_equation(root, registry):
    assert set(labels(root)) == set(registry)


def test_every_check_exists_and_asserts(root, registry):
    cells = check_cells(root)
    for label, entry in registry.items():
        path, separator, name = entry["check"].partition("#" if ".ipynb#" in entry["check"] else "::")
        if path.endswith(".ipynb"):
            assert entry["check"] in cells, f"{label}: no cell {entry['check']}"
            assert asserts(cells[entry["check"]].source), f"{label}: the check cell asserts nothing"
            continue
        nodes = ast.walk(ast.parse((root / path).read_text()))
        functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
        assert name in functions, f"{label}: no test {entry['check']}"
        assert asserts(ast.unparse(functions[name])), f"{label}: the test asserts nothing"


def test_every_check_cell_is_named_by_an_equation(root, registry):
    assert set(check_cells(root)) == {entry["check"] for entry in registry.values() if "#" in entry["check"]}


def test_every_entry_says_what_the_equation_is(registry):
    assert all(set(entry) == {"says", "check"} and entry["says"] for entry in registry.values())


def test_every_reference_to_an_equation_has_its_target(root):
    known = set(labels(root))
    for page, text in pages(root).items():
        missing = set(re.findall(r"\{eq\}`(eq-[^`]+)`", text)) - known
        assert not missing, f"{page}: {missing}"


def test_numbered_equations_use_labelled_dollars_only(root):
    for page, text in pages(root).items():
        assert not REFUSED.search(text), f"{page}: write $$ … $$ (eq-name), with aligned inside"


def test_every_display_formula_that_opens_closes(root):
    for page, text in pages(root).items():
        assert text.count("$$") % 2 == 0, f"{page}: an odd number of $$"
