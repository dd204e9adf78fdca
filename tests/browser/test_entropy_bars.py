"""Entropy bars on a bare page opened from disk: moved by hand, and compared with vaelib.information."""

from pathlib import Path

import numpy as np
import pytest
from widget_pages import Visit, assert_still_stands_in, write_page

from vaelib.information import entropy, expected_length, huffman, kraft_sum, surprise
from vaelib.widgets import EntropyBars

LETTERS = list("abcdefgh")
EIGHT = [0.02, 0.03, 0.05, 0.08, 0.12, 0.15, 0.2, 0.35]
DEEP = [2.0 ** -min(i + 1, 7) for i in range(8)]  # codewords of up to seven digits


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("entropy")
    widgets = {
        "default": EntropyBars(),
        "weather": EntropyBars(p=[0.75, 0.25], labels=["sunny", "rain"]),
        "eight": EntropyBars(p=EIGHT, labels=LETTERS),
        "deep": EntropyBars(p=DEEP, labels=[f"outcome {letter}" for letter in LETTERS]),
    }
    return {name: write_page(folder / f"{name}.html", widget) for name, widget in widgets.items()}


def assert_is_right(here: Visit, p: list[float]) -> dict:
    """Compare every number on the screen with Python's for p; return them."""
    found, p = here.numbers(), np.array(p)
    sent = p > 0
    words = huffman(p[sent])
    lengths = [len(word) for word in words]
    assert [word for word in found["words"] if word is not None] == words
    assert [word is not None for word in found["words"]] == sent.tolist()
    assert found["entropy"] == pytest.approx(entropy(p), abs=1e-9)
    assert found["entropyBits"] == pytest.approx(entropy(p, base=2), abs=1e-9)
    assert found["largestBits"] == pytest.approx(np.log2(len(p)), abs=1e-9)
    assert found["lengthBits"] == pytest.approx(expected_length(p[sent], lengths), abs=1e-9)
    assert found["kraft"] == kraft_sum(lengths) == 1
    assert found["surpriseBits"] == pytest.approx(surprise(p, base=2).tolist(), abs=1e-9)
    assert found["entropyBits"] - 1e-9 <= found["lengthBits"] < found["entropyBits"] + 1
    return found


def bars(here: Visit) -> list[float]:
    """The bars as the rows of the table say them, in the order of the bars."""
    here.settle()
    return [float(text) for text in here.page.locator(".bar output").all_inner_texts()]


def test_it_shows_the_same_code_as_python(visit, pages):
    four, two = [0.5, 0.25, 0.125, 0.125], [0.75, 0.25]
    for name, p in {"default": four, "weather": two, "eight": EIGHT, "deep": DEEP}.items():
        here = visit(pages[name])
        assert_is_right(here, p)
        rows = [row.split() for row in here.page.locator(".code tbody tr").all_inner_texts()]
        order = sorted(range(len(p)), key=lambda i: huffman(p)[i])
        assert [row[-2] for row in rows] == [huffman(p)[i] for i in order]
        assert [float(row[-4]) for row in rows] == pytest.approx([p[i] for i in order], abs=6e-4)
        assert here.page.locator(".leaf").count() == len(p) == len(set(tree_heights(here)))
        assert here.page.locator(".digit").count() == 2 * (len(p) - 1)


def tree_heights(here: Visit) -> list[str]:
    return here.page.locator(".leaf").evaluate_all("leaves => leaves.map(leaf => leaf.getAttribute('cy'))")


def test_leaves_stand_beside_their_rows(visit, pages):
    here = visit(pages["eight"])
    here.settle()
    leaves = here.page.locator(".leaf").evaluate_all(
        "leaves => leaves.map(l => l.getBoundingClientRect()).map(b => (b.top + b.bottom) / 2).sort((a, b) => a - b)"
    )
    rows = here.page.locator(".code tbody tr").evaluate_all(
        "rows => rows.map(r => r.getBoundingClientRect()).map(b => (b.top + b.bottom) / 2)"
    )
    assert leaves == pytest.approx(rows, abs=1.5)


def test_the_pointer_drags_a_bar(visit, pages):
    here = visit(pages["weather"])
    box = here.page.get_by_label("Probabilities p: sunny").bounding_box()
    here.page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    here.page.mouse.down()
    here.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2, steps=4)
    here.page.mouse.up()
    p = bars(here)
    assert p[0] == pytest.approx(0.3, abs=0.03) and sum(p) == pytest.approx(1)
    assert_is_right(here, p)
    here.page.mouse.move(box["x"] + 5, box["y"] + 5)
    assert bars(here) == p, "a released bar must stay"


def test_keys_move_a_bar_and_the_others_keep_their_proportions(visit, pages):
    here = visit(pages["default"])
    here.page.get_by_label("Probabilities p: b").focus()
    here.page.keyboard.press("ArrowRight")
    assert_is_right(here, [0.74 * 2 / 3, 0.26, 0.74 / 6, 0.74 / 6])
    here.page.keyboard.press("End")
    certain = assert_is_right(here, [0, 1, 0, 0])
    assert certain["surpriseBits"] == [float("inf"), 0, float("inf"), float("inf")]
    assert certain["words"] == [None, "", None, None]
    words = here.page.locator("table").inner_text()
    assert "∞" in words and "NaN" not in words and "Infinity" not in words
    here.page.keyboard.press("Home")
    assert_is_right(here, [1 / 3, 0, 1 / 3, 1 / 3])


def test_the_task_can_be_done(visit, pages):
    here = visit(pages["weather"])
    here.page.get_by_label("Probabilities p: sunny").fill("0.99")
    found = assert_is_right(here, [0.99, 0.01])
    assert found["lengthBits"] - found["entropyBits"] > 0.9


def test_outcomes_come_and_go(visit, pages):
    here = visit(pages["default"])
    more = here.page.get_by_role("button", name="One outcome more")
    fewer = here.page.get_by_role("button", name="One outcome fewer")
    p = np.array([0.5, 0.25, 0.125, 0.125])
    for k in range(4, 8):
        more.click()
        p = np.append(p * k / (k + 1), 1 / (k + 1))
        assert_is_right(here, p)
    assert here.page.locator(".bar span").all_inner_texts() == LETTERS
    assert more.is_disabled() and not fewer.is_disabled()
    for k in range(8, 2, -1):
        fewer.click()
        p = p[:-1] / p[:-1].sum()
        assert_is_right(here, p)
    assert fewer.is_disabled() and here.page.locator(".bar").count() == 2


def test_what_a_removed_outcome_had_goes_to_the_others(visit, pages):
    here = visit(pages["default"])
    here.page.get_by_label("Probabilities p: d").fill("1")
    here.page.get_by_role("button", name="One outcome fewer").click()
    assert_is_right(here, [1 / 3, 1 / 3, 1 / 3])


def test_examples_and_reset(visit, pages):
    here = visit(pages["eight"])
    for name, p in [
        ("uniform", [1 / 8] * 8),
        ("halves", DEEP),
        ("one certain", [1] + [0] * 7),
        ("weather", [0.75, 0.25]),
        ("halves", [0.5, 0.5]),
    ]:
        here.page.get_by_role("button", name=name).click()
        assert_is_right(here, p)
    here.page.get_by_role("button", name="Reset").click()
    assert_is_right(here, EIGHT)
    assert here.page.locator(".bar span").all_inner_texts() == LETTERS


def test_words_follow_the_bars(visit, pages):
    here = visit(pages["weather"])
    here.settle()
    assert "The best code needs 0.189 bits more than the entropy." in here.page.locator(".verdict").inner_text()
    words = here.page.locator("dl").inner_text().replace("\xa0", " ")
    for number in ("0.811 bits", "0.562 nats", "1.000 bits", "0.189 bits"):
        assert number in words
    here.page.get_by_label("Probabilities p: sunny").fill("0.5")
    here.settle()
    assert here.page.locator(".verdict").inner_text().startswith("L = H")
    here.assert_says("Entropy 1.00 of 1.00 bits; expected length 1.00.")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1000])
def test_words_stay_apart_and_inside(visit, tmp_path, theme, width):
    widget = EntropyBars(p=EIGHT, labels=LETTERS)
    here = visit(write_page(tmp_path / "page.html", widget, theme=theme), viewport={"width": width, "height": 800})
    for example in (None, "halves", "uniform", "one certain", "weather", "one certain"):
        if example:
            here.page.get_by_role("button", name=example).click()
        here.settle()
        assert here.page.evaluate("document.documentElement.scrollWidth") <= width
        assert here.untidy() == []
    dark = here.page.locator(".frame").get_attribute("data-dark")
    assert dark == str(theme == "dark").lower()


def test_long_names_are_cut_in_the_table(visit, pages):
    here = visit(pages["deep"], viewport={"width": 360, "height": 800})
    here.settle()
    assert here.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert here.page.locator(".code td.outcome").first.get_attribute("title") == "outcome a"


def test_a_finger_drags_a_bar(visit, pages):
    here = visit(pages["weather"], viewport={"width": 360, "height": 800}, has_touch=True)
    box = here.page.get_by_label("Probabilities p: rain").bounding_box()
    assert box["height"] >= 44
    here.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert bars(here)[1] == pytest.approx(0.5, abs=0.02)


def test_without_script_and_in_print_there_is_the_picture(visit, pages):
    said = "Bars with their codewords: sunny 0.750, 1; rain 0.250, 0. Entropy 0.811 of at most 1.000 bits"
    assert_still_stands_in(visit, pages["weather"], said)


def test_the_still_tells_the_numbers_of_the_bars_as_they_are():
    widget = EntropyBars(p=[0.75, 0.25, 0], labels=["sunny", "rain", "snow"])
    said = "Bars with their codewords: sunny 0.750, 1; rain 0.250, 0; snow 0.000, never sent."
    assert widget.still().alt.startswith(said)
    widget.p = [1 / 3, 1 / 3, 1 / 3]
    assert "Entropy 1.585 of at most 1.585 bits; expected length of the best code 1.667 bits." in widget.still().alt
    widget.p = [0, 1, 0]
    assert "rain 1.000, certain" in widget.still().alt


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(p=[0.5, 0.6], labels="ab"), "labels was 'ab'; expected 2 to 8 different names"),
        (dict(p=[1.0], labels=["a"]), "labels was"),
        (dict(p=[0.5, 0.6], labels=["a", "b"]), "p was summing to 1.1; expected a sum of 1"),
        (dict(p=[0.5, 0.5]), r"p was of shape \(2,\); expected shape \(4,\)"),
        (dict(p=[2.0, -1.0], labels=["a", "b"]), "p was with values down to -1"),
        (dict(p=None), "p was"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        EntropyBars(**arguments)


def test_later_mistakes_are_refused_too_and_change_nothing():
    widget = EntropyBars()
    for name, value in [("p", [0.5, 0.5]), ("p", [1, 1, 1, 1]), ("labels", ["a"])]:
        with pytest.raises(ValueError, match=f"^{name} was"):
            setattr(widget, name, value)
    assert widget.p == [0.5, 0.25, 0.125, 0.125] and widget.labels == list("abcd")


def test_bars_and_names_that_the_screen_sends_together_are_taken_in_any_order():
    widget = EntropyBars()
    widget.set_state({"p": [0.75, 0.25], "labels": ["sunny", "rain"]})
    assert (widget.labels, widget.p) == (["sunny", "rain"], [0.75, 0.25])
