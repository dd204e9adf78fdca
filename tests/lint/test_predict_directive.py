"""The book's `dropdown` directive: a wrong question fails the build at its line; outside HTML it is plain text."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

WRONG = {
    ":answer: entrop([0.5, 0.5])": "name 'entrop' is not defined",
    ":answer: nan": "is nan, expected a finite number",
    ":unit: bits": "expected one of :answer: and :choices:",
    ":answer: 1\n:choices: a | b": "expected one of :answer: and :choices:",
    ":answer: 1\n:tolerance: -1": "expected a number above 0",
    ":answer: 1\n:right: 1": "['right'] does not go with :answer:",
    ":choices: a | b\n:right: 3": ":right: is 3, expected a whole number from 1 to 2",
    ":choices: a | b": ":right: is None, expected a whole number from 1 to 2",
    ":choices: a\n:right: 1": "expected two or more choices",
}
GOOD = """# A page

```{dropdown} How many bits has a fair coin of $2$ sides?
:answer: entropy([0.5, 0.5], base=2)
:unit: bit

By *definition*.
```

:::{dropdown} Which is it?
:choices: This | That
:right: 2

Because.
:::

:::{dropdown} How small?
:answer: -2**-20

:::{note}
Very.
:::
:::

```{dropdown} How large?
:answer: 2**20 + 0.4
Large.
```
"""


def build(root: Path, folder: Path, page: str, builder: str) -> subprocess.CompletedProcess:
    """Build a book of one page."""
    (folder / "index.md").write_text(page)
    settings = f"import sys\nsys.path.insert(0, {str(root / 'book/_ext')!r})\n"
    settings += "extensions = ['myst_parser', 'predict']\n"
    settings += "myst_enable_extensions = ['colon_fence', 'dollarmath']\n"
    (folder / "conf.py").write_text(settings)
    options = ["-q", "-W", "--keep-going", "-b", builder]
    command = [sys.executable, "-m", "sphinx", *options, folder, folder / "out"]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_wrong_question_stops_the_build_and_names_its_line(root, tmp_path):
    questions = [f":::{{dropdown}} Which?\n{options}\n\nBody.\n:::\n" for options in WRONG]
    questions.append(":::{dropdown} Which?\n:answer: 1\n:::\n")
    page = "# A page\n\n" + "\n".join(questions)
    lines = [number for number, line in enumerate(page.split("\n"), 1) if "{dropdown}" in line]
    done = build(root, tmp_path, page, "html")
    assert done.returncode != 0
    for line, says in zip(lines, [*WRONG.values(), "Content block expected"]):
        assert re.search(rf"index\.md:{line}: .*{re.escape(says)}", done.stderr), f"{says}\n{done.stderr}"


def test_outside_html_it_is_a_question_and_its_answer(root, tmp_path):
    done = build(root, tmp_path, GOOD, "text")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out/index.txt").read_text()
    expected = ["fair coin of 2 sides?", "**Answer:** 1 bit\n", "By *definition*.",
                "* This", "**Answer:** That\n", "Because.",
                "**Answer:** −9.537 × 10⁻⁷\n", "Very.", "**Answer:** 1,048,576\n"]
    places = [text.find(part) for part in expected]
    assert -1 not in places and places == sorted(places), text


@pytest.mark.parametrize("builder", ["html", "latex"])
def test_a_good_page_builds_without_a_warning(root, tmp_path, builder):
    done = build(root, tmp_path, GOOD, builder)
    assert done.returncode == 0 and not done.stderr, done.stderr
