"""Predict, then reveal: the `dropdown` directive, a question whose answer is folded while the reader guesses.

    :::{dropdown} A coin shows heads three times out of four. How many bits does one toss carry?
    :answer: entropy([0.75, 0.25], base=2)
    :unit: bits
    :tolerance: 0.05

    One or two paragraphs that explain the answer.
    :::

`:answer:` is a Python expression over the names of `vaelib.information` and `math`. It is evaluated when the
page is read, so the number follows the code. `:tolerance:` is absolute; without it, 5 % of the answer.

A question of choice has `:choices: one | two | three` and `:right: 2` (counted from 1) instead. Question,
choices and text may hold maths, references and glue; back-ticks in the question need a fence of colons.

It bears the name of another extension's directive because JupyterLab knows that one: there, too, the question
stands on a fold. A name of our own would be a red box that hides the question.

The page gets a plain fold. Where scripts run, `_static/predict.js` adds the form in front of it.
"""

import copy
import math

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from vaelib import information

NAMES = vars(math) | vars(information)
TOLERANCE = 0.05  # as a share of the answer
# The option that says which kind of question it is, and the options that go with it.
KINDS = {"answer": {"unit", "tolerance"}, "choices": {"right"}}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class predict_box(nodes.General, nodes.Element):
    """The whole question; its attributes are what the script compares with."""


class predict_fold(nodes.General, nodes.Element):
    """The part that opens: the answer, then the text."""


def written(number: float) -> str:
    """Return a number as the page shows it: four significant digits, and every digit before the point."""
    if abs(number) >= 10_000:
        return f"{number:,.0f}".replace("-", "−")
    digits, _, power = f"{number:.4g}".partition("e")
    digits = digits.replace("-", "−")
    return f"{digits} × 10{str(int(power)).translate(SUPERSCRIPTS)}" if power else digits


def above_zero(argument: str) -> float:
    """Convert an option's text."""
    number = float(argument)
    if not 0 < number < math.inf:
        raise ValueError("expected a number above 0")
    return number


def split_choices(argument: str) -> list[str]:
    """Convert an option's text."""
    choices = [choice.strip() for choice in (argument or "").split("|")]
    if len(choices) < 2 or not all(choices):
        raise ValueError("expected two or more choices with | between them")
    return choices


class Predict(SphinxDirective):
    """A question, the reader's number or choice, then the answer."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = {
        "answer": directives.unchanged_required,
        "unit": directives.unchanged_required,
        "tolerance": above_zero,
        "choices": split_choices,
        "right": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        kinds = KINDS.keys() & self.options.keys()
        if len(kinds) != 1:
            raise self.error("predict: expected one of :answer: and :choices:")
        kind = kinds.pop()
        if stray := self.options.keys() - {kind} - KINDS[kind]:
            raise self.error(f"predict: {sorted(stray)} does not go with :{kind}:")
        box = predict_box()
        self.set_source_info(box)
        box += paragraph("predict-title", [nodes.Text("Predict")])
        box += paragraph("predict-question", self.inline(self.arguments[0]))
        value = self.number(box) if kind == "answer" else self.choice(box)
        value = nodes.inline("", "", *value, classes=["predict-value"])
        fold = predict_fold()
        fold += paragraph("predict-answer", [nodes.strong("", "Answer:"), nodes.Text(" "), value])
        self.state.nested_parse(self.content, self.content_offset, fold)
        box += fold
        return [box]

    def number(self, box: predict_box) -> list[nodes.Node]:
        """Tell the box which number is right; return it as the page shows it."""
        expression, unit = self.options["answer"], self.options.get("unit", "")
        try:
            answer = float(eval(expression, dict(NAMES)))
        except Exception as error:
            raise self.error(f"predict: :answer: {expression}: {error!r}") from error
        if not math.isfinite(answer):
            raise self.error(f"predict: :answer: {expression} is {answer}, expected a finite number")
        box["answer"], box["unit"] = repr(answer), unit
        box["tolerance"] = repr(self.options.get("tolerance", TOLERANCE * abs(answer)))
        return [nodes.Text(f"{written(answer)} {unit}".strip())]

    def choice(self, box: predict_box) -> list[nodes.Node]:
        """List the choices in the box and tell it which one is right; return that one."""
        choices = [self.inline(choice) for choice in self.options["choices"]]
        right = self.options.get("right")
        if right not in range(1, len(choices) + 1):
            expected = f"expected a whole number from 1 to {len(choices)}"
            raise self.error(f"predict: :right: is {right}, {expected}")
        items = [nodes.list_item("", nodes.paragraph("", "", *choice)) for choice in choices]
        box += nodes.bullet_list("", *items, classes=["predict-choices"])
        box["right"] = right
        return copy.deepcopy(choices[right - 1])

    def inline(self, text: str) -> list[nodes.Node]:
        return self.state.inline_text(text, self.lineno)[0]


def paragraph(name: str, children: list[nodes.Node]) -> nodes.paragraph:
    """Return a paragraph with a class."""
    return nodes.paragraph("", "", *children, classes=[name])


def visit_box(self, node: predict_box) -> None:
    names = ("answer", "unit", "tolerance", "right")
    data = {f"data-{name}": node[name] for name in names if name in node}
    self.body.append(self.starttag(node, "div", CLASS="predict", **data))


def depart_box(self, _node: predict_box) -> None:
    self.body.append("</div>\n")


def visit_fold(self, node: predict_fold) -> None:
    self.body.append(self.starttag(node, "details", CLASS="predict-fold"))
    self.body.append("<summary>Show the answer</summary>\n")


def depart_fold(self, _node: predict_fold) -> None:
    self.body.append("</details>\n")


def pass_by(_self, _node: nodes.Element) -> None:
    """Outside HTML a question is its paragraphs."""


def setup(app: Sphinx) -> dict:
    plain = dict.fromkeys(("latex", "text", "man", "texinfo"), (pass_by, pass_by))
    app.add_node(predict_box, html=(visit_box, depart_box), **plain)
    app.add_node(predict_fold, html=(visit_fold, depart_fold), **plain)
    app.add_directive("dropdown", Predict, override=True)
    app.add_js_file("predict.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
