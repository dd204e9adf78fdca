"""The sequence race on a bare page: moved by pointer and keyboard, and compared with vaelib.information."""

import math

import numpy as np
import pytest
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib.information import kl_divergence
from vaelib.widgets import SequenceRace


def assert_numbers(here: Visit, p: list[float], q: list[float], n: int) -> dict:
    """The limits, the thick line and its frequencies must agree with each other and with vaelib."""
    numbers = here.numbers()
    assert numbers["forward"] == pytest.approx(kl_divergence(p, q), abs=1e-9)
    assert numbers["reverse"] == pytest.approx(kl_divergence(q, p), abs=1e-9)
    counts = np.array(numbers["counts"])
    assert counts.sum() == n
    per_symbol = counts @ np.log(np.array(p) / q) / n
    assert numbers["perSymbol"] == pytest.approx(per_symbol, abs=1e-9)
    difference = kl_divergence(counts / n, q) - kl_divergence(counts / n, p)
    assert numbers["difference"] == pytest.approx(difference, abs=1e-9)
    assert numbers["ends"][0] == numbers["perSymbol"]
    return numbers


def test_numbers_are_those_of_vaelib_and_the_source_decides_the_limit(show):
    p, q = [0.8, 0.1, 0.1], [0.3, 0.3, 0.4]
    here = show(SequenceRace(p=p, q=q, n=2000))
    assert assert_numbers(here, p, q, 2000)["ends"] == pytest.approx([kl_divergence(p, q)] * 6, abs=0.1)
    here.page.get_by_label("q", exact=True).check()
    assert assert_numbers(here, p, q, 2000)["ends"] == pytest.approx([-kl_divergence(q, p)] * 6, abs=0.1)


def test_the_mean_over_many_sequences_is_the_divergence_for_a_short_length_too(show):
    p, q = [0.8, 0.1, 0.1], [0.3, 0.3, 0.4]
    here = show(SequenceRace(p=p, q=q, n=5))
    ends = []
    for _ in range(60):
        ends += here.numbers()["ends"]
        here.page.get_by_role("button", name="New sequences").click()
    deviation = np.std(ends) / math.sqrt(len(ends))
    assert np.mean(ends) == pytest.approx(kl_divergence(p, q), abs=4 * deviation)
    assert deviation < 0.03


def test_bars_move_by_keyboard_and_the_others_keep_their_proportions(show):
    here = show(SequenceRace(n=50))
    here.page.get_by_role("slider", name="Distribution q: c").focus()
    here.page.keyboard.press("ArrowRight")
    assert_numbers(here, [0.8, 0.1, 0.1], [0.3 * 0.59 / 0.6, 0.3 * 0.59 / 0.6, 0.41], 50)
    here.page.get_by_role("slider", name="Length n").focus()
    here.page.keyboard.press("ArrowLeft")
    assert sum(here.numbers()["counts"]) == 49


def test_a_bar_moves_by_pointer(show):
    here = show(SequenceRace(n=50), viewport={"width": 1000, "height": 900})
    box = here.page.get_by_role("slider", name="Distribution p: a").bounding_box()
    y = box["y"] + box["height"] / 2
    here.page.mouse.move(box["x"] + 0.8 * box["width"], y)
    here.page.mouse.down()
    here.page.mouse.move(box["x"] + 0.5 * box["width"], y, steps=4)
    here.page.mouse.up()
    a = here.page.get_by_role("slider", name="Distribution p: a").input_value()
    assert 0.4 < float(a) < 0.6
    assert_numbers(here, [float(a), (1 - float(a)) / 2, (1 - float(a)) / 2], [0.3, 0.3, 0.4], 50)


def test_what_q_calls_impossible_makes_the_ratio_infinite(show):
    here = show(SequenceRace(q=(0.5, 0.5, 0.0), n=200), theme="dark")
    numbers = here.numbers()
    assert numbers["forward"] == numbers["perSymbol"] == math.inf
    assert numbers["reverse"] == pytest.approx(kl_divergence([0.5, 0.5, 0], [0.8, 0.1, 0.1]), abs=1e-9)
    text = here.page.locator(f"{READY} .frame").inner_text()
    assert "∞\u00a0nats" in text and "NaN" not in text
    here.page.get_by_label("q", exact=True).check()
    assert math.isfinite(here.numbers()["perSymbol"]) and here.numbers()["counts"][2] == 0


def test_the_same_seed_draws_the_same_and_reset_brings_it_back(show):
    first, second = show(SequenceRace(seed=5)), show(SequenceRace(seed=5))
    before = first.numbers()
    assert second.numbers() == before
    first.page.get_by_role("button", name="New sequences").click()
    assert first.numbers()["ends"] != before["ends"]
    first.page.get_by_role("button", name="Reset").click()
    assert first.numbers() == before


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone(show, theme):
    here = show(SequenceRace(), theme=theme, viewport={"width": 360, "height": 700})
    assert here.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not here.untidy()


def test_without_script_and_in_print_there_is_the_picture(show):
    said = "KL(p‖q) = 0.536 nats, from q (dashed) on −KL(q‖p) = −0.590 nats."
    assert_still_stands_in(show, SequenceRace(), said)


@pytest.mark.parametrize(
    ("name", "value"),
    [("p", [0.5, 0.6, 0]), ("q", [0.5, 0.5]), ("n", 1), ("source", "r"), ("seed", -1), ("labels", ["a"])],
)
def test_what_does_not_fit_is_refused(name, value):
    with pytest.raises(ValueError, match=f"^{name} was "):
        SequenceRace(**{name: value})
    widget = SequenceRace()
    with pytest.raises(ValueError, match=f"^{name} was "):
        setattr(widget, name, value)
