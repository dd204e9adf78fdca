"""The surprise meter on a bare page: moved by pointer and keyboard, and compared with vaelib.information."""

import math

import pytest
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib.information import surprise
from vaelib.widgets import SurpriseMeter


def assert_numbers(here: Visit, p: float, other: float, shared: float = 0.0) -> None:
    """The widget must say what the two events, A and a B that copies A now and then, tell."""
    numbers = here.numbers()
    second = shared * p + (1 - shared) * other
    both = p * shared + p * (1 - shared) * other  # B copied A, or happened on its own
    expected = {"first": surprise(p), "second": surprise(second), "both": surprise(both)}
    assert {name: numbers[name] for name in expected} == pytest.approx(expected, abs=1e-9)
    assert numbers["apart"] == pytest.approx(surprise(p) + surprise(second), abs=1e-9)


def drag(here: Visit, name: str, by: int) -> None:
    """Drag the handle of an event sideways by so many pixels."""
    handle = here.page.locator(f"{READY} .handle[data-name={name}]")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    here.page.mouse.move(x, y)
    here.page.mouse.down()
    here.page.mouse.move(x + by, y, steps=4)
    here.page.mouse.up()


@pytest.mark.parametrize(
    "state", [(0.5, 0.5, 0.0), (0.25, 0.75, 0.0), (0.3, 0.6, 0.4), (1.0, 0.2, 0.0), (0.5, 0.9, 1.0)]
)
def test_numbers_are_those_of_vaelib(show, state):
    p, other, shared = state
    assert_numbers(show(SurpriseMeter(p=p, other=other, shared=shared)), p, other, shared)


def test_both_events_move_by_pointer_and_only_sideways(show):
    here = show(SurpriseMeter(p=0.5, other=0.3), viewport={"width": 1000, "height": 700})
    drag(here, "A", -150)  # past B: where handles overlap, the one held last is on top
    drag(here, "B", 60)
    chances = here.numbers()["chances"]
    assert chances["first"] < 0.35 and chances["second"] > 0.4
    assert_numbers(here, chances["first"], chances["second"])


def test_both_events_move_by_keyboard(show):
    here = show(SurpriseMeter(p=0.5, other=0.5))
    here.page.locator(f"{READY} .handle[data-name=A]").focus()
    here.page.keyboard.press("ArrowRight")
    here.page.keyboard.press("Shift+ArrowRight")
    assert_numbers(here, 0.56, 0.5)
    here.page.get_by_role("slider", name="How often B just copies A").focus()
    here.page.keyboard.press("End")
    assert_numbers(here, 0.56, 0.5, shared=1.0)
    assert here.numbers()["both"] == pytest.approx(here.numbers()["first"])


def test_the_words_say_whether_surprises_add(show):
    here = show(SurpriseMeter(p=0.25, other=0.5))
    assert here.page.get_by_text("surprises of independent events add").is_visible()
    assert here.page.get_by_text("3.000\u00a0bits = 2.079\u00a0nats").count() == 2
    here.page.get_by_role("slider", name="How often B just copies A").fill("0.5")
    here.settle()
    less = (surprise(0.25, 2) + surprise(0.375, 2) - surprise(0.25 * 0.75, 2)).item()
    assert here.page.get_by_text(f"{less:.3f}\u00a0bits less than one by one").is_visible()


def test_the_impossible_is_infinitely_surprising(show):
    here = show(SurpriseMeter(p=0.0, other=0.5), theme="dark")
    assert here.numbers()["first"] == here.numbers()["both"] == math.inf
    text = here.page.locator(f"{READY} .frame").inner_text()
    assert "∞\u00a0bits" in text and "NaN" not in text


def test_reset_brings_the_start_back(show):
    here = show(SurpriseMeter(p=0.25, other=0.75, shared=0.1))
    for label in ("Probability of A", "Probability of B on its own", "How often B just copies A"):
        here.page.get_by_role("slider", name=label).fill("0.9")
    here.page.get_by_role("button", name="Reset").click()
    assert_numbers(here, 0.25, 0.75, 0.1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone(show, theme):
    here = show(SurpriseMeter(p=0.01, other=0.02), theme=theme, viewport={"width": 360, "height": 700})
    assert here.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not here.untidy()


def test_without_script_and_in_print_there_is_the_picture(show):
    said = "Surprise of A 2.000 bits, of B 1.000 bits, of both 3.000 bits."
    assert_still_stands_in(show, SurpriseMeter(p=0.25, other=0.5), said)


@pytest.mark.parametrize("name", ["p", "other", "shared"])
def test_what_is_no_probability_is_refused(name):
    with pytest.raises(ValueError, match=f"^{name} was 1.5"):
        SurpriseMeter(**{name: 1.5})
    widget = SurpriseMeter()
    with pytest.raises(ValueError, match=f"^{name} was nan"):
        setattr(widget, name, math.nan)
