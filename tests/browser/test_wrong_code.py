"""The wrong code on a bare page opened from disk: moved by hand, and compared with vaelib.information."""

from math import inf
from pathlib import Path

import numpy as np
import pytest
from widget_pages import Visit, assert_still_stands_in, write_page

from vaelib.information import (
    cross_entropy,
    entropy,
    expected_length,
    huffman,
    implied_distribution,
    kl_divergence,
    kraft_sum,
    prefix_code,
    surprise,
)
from vaelib.widgets import WrongCode

P8 = [0.02, 0.03, 0.05, 0.08, 0.12, 0.15, 0.2, 0.35]
LETTERS = list("abcdefgh")


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wrong")
    widgets = {
        "weather": WrongCode(),
        "three": WrongCode(p=[0.5, 0.3, 0.2], q=[0.2, 0.3, 0.5], labels=["a", "b", "c"]),
        "lengths": WrongCode(lengths=(2, 3)),
        "eight": WrongCode(p=P8, q=P8[::-1], labels=LETTERS, lengths=[5, 5, 4, 3, 3, 4, 2, 2]),
    }
    return {name: write_page(folder / f"{name}.html", widget) for name, widget in widgets.items()}


def assert_is_right(here: Visit, p: list[float], q: list[float], lengths: list[int] | None = None) -> dict:
    """Compare every number on the screen with Python's; return them."""
    found = here.numbers()
    q = implied_distribution(lengths).tolist() if lengths else q
    assert found["q"] == pytest.approx(q, abs=1e-9)
    for name, value in [
        ("entropy", entropy(p)),
        ("crossEntropy", cross_entropy(p, q)),
        ("divergence", kl_divergence(p, q)),
    ]:
        assert found[name] == pytest.approx(value, abs=1e-9)
        assert found[f"{name}Bits"] == pytest.approx(value / np.log(2), abs=1e-9)
    assert found["surpriseBits"] == pytest.approx(surprise(p, base=2).tolist(), abs=1e-9)
    assert found["costBits"] == pytest.approx(surprise(q, base=2).tolist(), abs=1e-9)
    if lengths:
        kraft = kraft_sum(lengths)
        assert found["kraft"] == kraft
        assert found["slackBits"] == pytest.approx(-np.log2(kraft), abs=1e-9)
        assert found["totalBits"] == pytest.approx(expected_length(p, lengths), abs=1e-9)
        assert found["words"] == (prefix_code(lengths) if kraft <= 1 else None)
        parts = [found["entropyBits"], found["divergenceBits"], found["slackBits"]]
        assert sum(parts) == pytest.approx(found["totalBits"], abs=1e-9)
    else:
        assert found["totalBits"] == found["crossEntropyBits"]
    return found


def words(here: Visit) -> str:
    """What the widget says, with plain spaces."""
    here.settle()
    return here.page.locator(".frame").inner_text().replace("\xa0", " ")


def width_of(here: Visit, part: str, row: int = 0) -> float:
    """The width of a part of the stack (the first drawing) in pixels."""
    return here.page.locator(f".chart >> nth={row}").locator(part).first.bounding_box()["width"]


def test_the_parts_are_as_long_as_their_numbers(visit, pages):
    here = visit(pages["weather"])
    found = assert_is_right(here, [0.75, 0.25], [0.5, 0.5])
    assert width_of(here, ".extra") / width_of(here, ".owed") == pytest.approx(
        found["divergence"] / found["entropy"], abs=0.01
    )
    said = words(here)
    for text in ("0.811 bits = 0.562 nats", "0.189 bits = 0.131 nats", "1.000 bits = 0.693 nats",
                 "H(p, q) = 1.000 bits",
                 "The wrong code costs 0.189 bits more for an outcome, 23 % on top of the entropy.", "0.42 → 1.00"):
        assert text in said
    here = visit(pages["lengths"])
    found = assert_is_right(here, [0.75, 0.25], [], [2, 3])
    assert width_of(here, ".slack") / width_of(here, ".owed") == pytest.approx(
        found["slackBits"] / found["entropyBits"], abs=0.01
    )
    said = words(here)
    for text in ("0.811 bits", "0.024 bits", "1.415 bits", "L = 2.250 bits", "κ = 0.375", "sunny 00, rain 010",
                 "unused", "0.42 → 0.58 → 2"):
        assert text in said


def test_the_pointer_drags_both_distributions(visit, pages):
    here = visit(pages["weather"])
    for name, outcome, share in [("q", "sunny", 0.9), ("p", "rain", 0.4)]:
        box = here.page.locator(f".of-{name} input[aria-label$={outcome}]").bounding_box()
        here.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        here.page.mouse.down()
        here.page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2, steps=4)
        here.page.mouse.up()
    p, q = shares(here, "p"), shares(here, "q")
    assert q[0] == pytest.approx(0.9, abs=0.03) and p[1] == pytest.approx(0.4, abs=0.03)
    assert_is_right(here, p, q)


def shares(here: Visit, name: str) -> list[float]:
    here.settle()
    return [float(text) for text in here.page.locator(f".bars.of-{name} output").all_inner_texts()]


def test_keys_lead_to_infinity_and_back(visit, pages):
    here = visit(pages["three"])
    q = here.page.get_by_label("q, what the code was made for: a")
    q.focus()
    here.page.keyboard.press("ArrowRight")
    assert_is_right(here, [0.5, 0.3, 0.2], [0.21, 0.79 * 3 / 8, 0.79 * 5 / 8])
    here.page.keyboard.press("Home")
    found = assert_is_right(here, [0.5, 0.3, 0.2], [0, 3 / 8, 5 / 8])
    assert found["divergence"] == found["crossEntropyBits"] == found["costBits"][0] == inf
    said = words(here)
    assert "H(p, q) = ∞" in said and "1.00 → ∞" in said and "q rules out what happens: a." in said
    assert "NaN" not in said and "Infinity" not in said
    here.page.keyboard.press("End")
    assert_is_right(here, [0.5, 0.3, 0.2], [1, 0, 0])
    here.page.get_by_label("p, where outcomes come from: a").fill("1")
    assert assert_is_right(here, [1, 0, 0], [1, 0, 0])["totalBits"] == 0
    assert "q = p" in words(here) and "NaN" not in words(here)


def test_make_equal_swap_and_reset(visit, pages):
    here = visit(pages["three"])
    p, q = [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]
    here.page.get_by_role("button", name="swap p and q").click()
    assert_is_right(here, q, p)
    here.page.get_by_role("button", name="make q equal p").click()
    assert assert_is_right(here, q, q)["divergence"] == 0
    assert "q = p: the code fits" in words(here)
    here.page.get_by_role("button", name="Reset").click()
    assert_is_right(here, p, q)


def test_the_task_can_be_done(visit, pages):
    here = visit(pages["weather"])
    here.page.get_by_label("q, what the code was made for: sunny").fill("0.25")
    found = assert_is_right(here, [0.75, 0.25], [0.25, 0.75])
    assert found["crossEntropy"] == pytest.approx(2 * found["entropy"], rel=0.02)
    lengths = visit(pages["lengths"])
    for outcome in ("sunny", "rain"):
        lengths.page.get_by_label(f"Length of the word for {outcome}").fill("1")
    found = assert_is_right(lengths, [0.75, 0.25], [], [1, 1])
    assert found["slackBits"] == 0 and "κ = 1: the code space is full" in words(lengths)


def test_lengths_that_fit_in_no_code(visit, pages):
    here = visit(pages["lengths"])
    length = here.page.get_by_label("Length of the word for sunny")
    length.focus()
    here.page.keyboard.press("Home")
    here.page.get_by_label("Length of the word for rain").fill("1")
    found = assert_is_right(here, [0.75, 0.25], [], [0, 1])
    assert found["slackBits"] == pytest.approx(-0.5849625007) and found["totalBits"] == 0.25
    said = words(here)
    assert "κ = 1.500, more than 1" in said and "no prefix code has these lengths" in said and "−0.585 bits" in said
    assert here.page.locator(".verdict.wrong").is_visible() and here.page.locator(".saved").count() > 0
    length.focus()
    here.page.keyboard.press("End")
    assert_is_right(here, [0.75, 0.25], [], [10, 1])
    here.page.get_by_role("button", name="Reset").click()
    assert_is_right(here, [0.75, 0.25], [], [2, 3])
    assert here.page.locator(".verdict.wrong").count() == 0


def test_huffman_gives_the_best_lengths(visit, pages):
    here = visit(pages["eight"])
    assert_is_right(here, P8, [], [5, 5, 4, 3, 3, 4, 2, 2])
    here.page.get_by_role("button", name="the best lengths").click()
    best = [len(word) for word in huffman(P8)]
    found = assert_is_right(here, P8, [], best)
    assert found["kraft"] == 1 and found["totalBits"] == pytest.approx(2.6)


def test_changes_are_announced(visit, pages):
    here = visit(pages["weather"])
    here.settle()
    here.page.get_by_label("q, what the code was made for: sunny").fill("0")
    here.assert_says("Entropy 0.81, divergence ∞, together ∞ bits.")


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1000, "light")])
def test_words_stay_apart_and_inside(visit, tmp_path, width, theme):
    q = [0.93] + [0.01] * 7
    for widget in (
        WrongCode(),
        WrongCode(p=[1.0, 0.0], q=[0.0, 1.0]),
        WrongCode(p=P8, q=q, labels=[f"outcome {letter} of eight" for letter in LETTERS]),
        WrongCode(p=P8, q=q, labels=LETTERS, lengths=[7, 7, 6, 5, 4, 3, 2, 1]),
        WrongCode(lengths=(0, 0)),
    ):
        here = visit(write_page(tmp_path / "page.html", widget, theme=theme), viewport={"width": width, "height": 800})
        assert here.untidy() == []
        assert here.page.evaluate("document.documentElement.scrollWidth") <= width
        assert "NaN" not in words(here)
        here.context.close()


def test_a_finger_drags_a_length(visit, pages):
    here = visit(pages["lengths"], viewport={"width": 360, "height": 800}, has_touch=True)
    slider = here.page.get_by_label("Length of the word for rain")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box["height"] >= 44
    here.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert_is_right(here, [0.75, 0.25], [], [2, 5])


def test_without_script_and_in_print_there_is_the_picture(visit, pages):
    said = "Stacked lengths: entropy H(p) 0.811, divergence KL(p‖q) 0.024, Kraft slack 1.415; together the expected"
    assert_still_stands_in(visit, pages["lengths"], said)


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        ({}, "entropy H(p) 0.811, divergence KL(p‖q) 0.189; together the cross-entropy, 1.000 bits."),
        ({"q": [1, 0]}, "divergence KL(p‖q) ∞; together the cross-entropy, ∞ bits."),
        ({"lengths": [0, 1]}, "Kraft slack −0.585; together the expected length, 0.250 bits."),
        ({"lengths": [1, 1]}, "Kraft slack 0.000; together the expected length, 1.000 bits."),
    ],
)
def test_the_still_tells_the_numbers(arguments, numbers):
    assert numbers in WrongCode(**arguments).still().alt


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("p", [0.5, 0.6]),
        ("q", [0.5, 0.25, 0.25]),
        ("q", None),
        ("labels", ["a"]),
        ("lengths", [1]),
        ("lengths", [1, 11]),
        ("lengths", [1, -1]),
        ("lengths", [1.0, 2.0]),
        ("lengths", "ab"),
        ("lengths", 2),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^{name} was "):
        WrongCode(**{name: value})
    widget = WrongCode()
    before = getattr(widget, name)
    with pytest.raises(ValueError, match=f"^{name} was "):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_lengths_bring_their_own_task_unless_one_is_given():
    assert WrongCode(lengths=np.array([1, 2])).lengths == [1, 2]
    assert "unused code space" in WrongCode(lengths=(2, 3)).task
    assert WrongCode(lengths=(2, 3), task="Look.").task == "Look."
    assert "entropy" in WrongCode().task
