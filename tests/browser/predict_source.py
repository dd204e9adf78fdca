"""The predictions that a page's source asks for, read without the book's own directive."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from vaelib import information

# A fence of back-ticks or colons, the question, then everything up to the same fence.
FENCE = re.compile(r"^(`{3,}|:{3,})\{dropdown\}(.*)\n((?:.*\n)*?)\1[ ]*$", re.MULTILINE)
OPTION = re.compile(r"^:(\w+):(.*)\n", re.MULTILINE)


@dataclass
class Prediction:
    """One question as its author wrote it."""

    text: str
    options: dict[str, str]
    body: str

    @property
    def answer(self) -> float:
        """The number that the author's expression gives."""
        return float(eval(self.options["answer"], vars(math) | vars(information)))

    @property
    def tolerance(self) -> float:
        return float(self.options.get("tolerance", 0.05 * abs(self.answer)))


def predictions(markdown: str) -> list[Prediction]:
    """Return the questions of a text, in order."""
    found = []
    for _fence, text, inside in FENCE.findall(markdown):
        options = {name: value.strip() for name, value in OPTION.findall(inside)}
        found.append(Prediction(text.strip(), options, OPTION.sub("", inside).strip()))
    return found


def markdown_of(path: Path) -> str:
    """Return the text of a page's source, a notebook or Markdown."""
    if path.suffix != ".ipynb":
        return path.read_text("utf8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
