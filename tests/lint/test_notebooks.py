"""Every notebook keeps the book's rules, so that the built page, JupyterLab and nbval all can rely on them."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from predict_source import markdown_of, predictions
from tools.notebooks import DRAWS, chapter_notebooks, opening_cells, stored_outputs

MAX_LINES = 20
MAX_COLUMNS = 88  # what a laptop's page shows without scrolling
HIDDEN = {"remove-cell", "remove-input", "hide-input", "hide-cell"}
DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.AugAssign)
NETWORK = re.compile(r"\b(urllib|requests|urlopen|wget|curl|http\.client|pooch)\b")
ABSOLUTE = re.compile(r"""(?:^|[\s"'(=])(?:/(?:home|root|tmp|work|usr|mnt|Users)/|[A-Z]:\\)""")

each_notebook = pytest.mark.parametrize("path", chapter_notebooks(), ids=lambda path: path.stem)


def cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def tags(cell: nbformat.NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def python(cell: nbformat.NotebookNode) -> ast.Module:
    """Parse a cell, without its %magic and !shell lines."""
    return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", cell.source, flags=re.MULTILINE))


def only_defines(cell: nbformat.NotebookNode) -> bool:
    """Whether the cell imports, defines and assigns, and so has nothing to show."""
    return all(isinstance(node, DEFINITIONS) or _is_docstring(node) for node in python(cell).body)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@each_notebook
def test_opens_with_the_two_shared_cells(path):
    first_two = nbformat.read(path, as_version=4).cells[:2]
    expected = opening_cells(path)
    assert [(c.cell_type, c.source, c.metadata) for c in first_two] == [
        (c.cell_type, c.source, c.metadata) for c in expected
    ], "run `make notebooks`"


@each_notebook
def test_first_visible_code_cell_holds_imports_only(path):
    first = next(cell for cell in cells(path, "code") if "remove-cell" not in tags(cell))
    assert all(isinstance(node, ast.Import | ast.ImportFrom) for node in python(first).body)


@each_notebook
def test_visible_cells_are_short(path):
    long = {c.id: c.source.count("\n") + 1 for c in cells(path, "code") if not HIDDEN & tags(c)}
    assert not {name: count for name, count in long.items() if count > MAX_LINES}


@each_notebook
def test_visible_cells_are_narrow(path):
    for cell in cells(path, "code"):
        if not HIDDEN & tags(cell):
            wide = [line for line in cell.source.split("\n") if len(line) > MAX_COLUMNS]
            assert not wide, f"{cell.id}: {wide}"


@each_notebook
def test_every_cell_was_run_in_order(path):
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"


@each_notebook
def test_only_compared_outputs_are_stored(path):
    for cell in cells(path, "code"):
        assert cell.outputs == stored_outputs(cell), f"cell {cell.id}: run `make notebooks`"
        assert all(set(output.get("data", {})) <= {"text/plain"} for output in cell.outputs), cell.id


@each_notebook
def test_no_widget_state_is_stored(path):
    assert "widgets" not in nbformat.read(path, as_version=4).metadata


@each_notebook
def test_every_cell_prints_or_draws_or_defines(path):
    silent = [c.id for c in cells(path, "code") if not (c.outputs or DRAWS in tags(c) or only_defines(c))]
    assert not [name for name in silent if name != "colab-install"]


@each_notebook
def test_a_cell_that_prints_does_not_draw(path):
    """Cells named `measured-…` print what differs between machines; nothing compares it."""
    both = [c.id for c in cells(path, "code") if DRAWS in tags(c) and "print(" in c.source]
    assert not [name for name in both if not name.startswith("measured-")]


@each_notebook
def test_every_glued_number_is_glued_and_printed_in_the_cell_above(path):
    notebook = nbformat.read(path, as_version=4)
    for before, cell in zip(notebook.cells, notebook.cells[1:]):
        names = re.findall(r"\{glue:text\}`(\w+)", cell.source) if cell.cell_type == "markdown" else []
        glued = "".join(c.source for c in notebook.cells[: notebook.cells.index(cell)] if c.cell_type == "code")
        assert all(f'glue("{name}"' in glued for name in names), f"{cell.id}: {names}"
        assert not names or before.cell_type == "markdown" or "print(" in before.source, cell.id


@each_notebook
def test_no_absolute_paths_and_no_network(path):
    for cell in cells(path, "code"):
        if cell.id != "colab-install":
            assert not ABSOLUTE.search(cell.source), cell.id
            assert not NETWORK.search(cell.source), cell.id


@each_notebook
def test_figures_go_through_vaelib_with_alt_text(path):
    for cell in cells(path, "code"):
        assert "plt.show" not in cell.source and "display(fig" not in cell.source, cell.id
    for cell in cells(path, "markdown"):
        assert not re.search(r"!\[\s*\]\(", cell.source), f"{cell.id}: a picture without alt text"


def sections(path: Path) -> dict[str, str]:
    """Return the text below each `##` heading, up to the exercises or the recap."""
    taught = re.split(r"^## (?:Exercises|In short)[ ]*$", markdown_of(path), flags=re.MULTILINE)[0]
    headings_and_texts = re.split(r"^## (.+)$", taught, flags=re.MULTILINE)[1:]
    return dict(zip(headings_and_texts[::2], headings_and_texts[1::2]))


@each_notebook
def test_every_section_asks_for_a_prediction(path):
    silent = [heading for heading, text in sections(path).items() if not predictions(text)]
    assert not silent, "each section holds a {dropdown}"


@each_notebook
def test_every_prediction_has_one_kind_of_answer_and_a_text(path):
    asked = predictions(markdown_of(path))
    assert len(asked) == markdown_of(path).count("{dropdown}"), "one opens or closes amid a line"
    for prediction in asked:
        assert len({"answer", "choices"} & prediction.options.keys()) == 1, prediction.text
        assert prediction.text and prediction.body, prediction.text


@each_notebook
def test_cell_ids_are_unique_names(path):
    ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]
    assert len(ids) == len(set(ids))


def test_pictures_and_html_of_a_value_are_not_kept():
    data = {"text/plain": "1", "image/png": "...", "text/html": "<b>1</b>"}
    output = nbformat.v4.new_output("execute_result", data=data, execution_count=1)
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    assert stored_outputs(cell) != cell.outputs
    assert stored_outputs(cell)[0].data == {"text/plain": "1"}
    cell.metadata["tags"] = [DRAWS]
    assert stored_outputs(cell) == []
