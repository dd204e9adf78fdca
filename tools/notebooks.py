"""Run the notebooks in place and keep the outputs that tests compare: `make notebooks`.

Kept are printed text and plain values, with their execution counts. Removed are pictures, HTML and widgets (cells
tagged `nbval-ignore-output` draw, and keep nothing), so a notebook's difference shows only what a reader would read.
`python tools/notebooks.py book/…/one.ipynb` runs one.
"""

import copy
import os
import sys
from pathlib import Path

import nbformat
import yaml
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
DRAWS = "nbval-ignore-output"
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def chapter_notebooks() -> list[Path]:
    """Return the paths of the book's notebooks in reading order."""
    return sorted((ROOT / "book").rglob("[0-9]*.ipynb"))


def opening_cells(path: Path) -> list[nbformat.NotebookNode]:
    """Return the two cells that every notebook starts with; the book leaves both out.

    The first leads readers on GitHub to the live page. The second brings the book to Colab, which opens a notebook
    alone: chapters load stored results by their place beside them. Both need the book's addresses, which stand in
    `_config.yml` alone and are copied from there.
    """
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    page = config["html"]["baseurl"] + path.relative_to(ROOT).with_suffix(".html").as_posix()
    link = f"*Pictures and widgets of this notebook are alive in the book: [{config['title']}]({page}).*"
    folder = path.relative_to(ROOT).parent.as_posix()
    install = (
        "import importlib.util\n"
        "import sys\n"
        "\n"
        'if "google.colab" in sys.modules and importlib.util.find_spec("vaelib") is None:\n'
        f"    !git clone -q --depth 1 -b {config['repository']['branch']} {config['repository']['url']} book\n"
        "    %pip install -q ./book\n"
        f"    %cd -q book/{folder}"
    )
    tags = {"tags": ["remove-cell"]}
    return [
        nbformat.v4.new_markdown_cell(link, id="live-page", metadata=tags),
        nbformat.v4.new_code_cell(install, id="colab-install", metadata=tags),
    ]


def with_opening(notebook: nbformat.NotebookNode, path: Path) -> nbformat.NotebookNode:
    """Put the two opening cells first, in place of any earlier ones."""
    opening = opening_cells(path)
    own = {cell.id for cell in opening}
    notebook.cells = opening + [cell for cell in notebook.cells if cell.id not in own]
    return notebook


def stored_outputs(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return a copy of what is committed of a code cell's outputs."""
    if DRAWS in cell.metadata.get("tags", []):
        return []
    kept = [output for output in cell.outputs if output.output_type in ("stream", "execute_result")]
    kept = copy.deepcopy(kept)
    for output in kept:
        if output.output_type == "execute_result":
            output.data = {"text/plain": output.data["text/plain"]}
            output.metadata = {}
    return kept


def strip(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove what is not compared, and all metadata but tags."""
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "code":
            cell.outputs = stored_outputs(cell)
    notebook.metadata = KERNEL
    return notebook


def run(path: Path) -> None:
    """Execute one notebook in its own folder and write it back, stripped."""
    print(path.relative_to(ROOT), flush=True)
    os.environ["TQDM_DISABLE"] = "1"  # progress bars are not for comparing
    notebook = with_opening(nbformat.read(path, as_version=4), path)
    here = {"metadata": {"path": path.parent}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=here).execute()
    nbformat.write(strip(notebook), path)


if __name__ == "__main__":
    for notebook_path in [Path(name).resolve() for name in sys.argv[1:]] or chapter_notebooks():
        run(notebook_path)
