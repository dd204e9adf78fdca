"""Predict, then reveal: the questions of the built book, answered in every way a reader may."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Locator, Page, expect
from predict_source import Prediction, markdown_of, predictions

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-", ",")


class Asked(NamedTuple):
    """A question, and where it stands: the page and its place among the page's questions."""

    page: str
    place: int
    source: Prediction


@pytest.fixture(scope="module")
def boxes(root: Path, html: Path) -> list[tuple[Asked, BeautifulSoup]]:
    """Every question of the book as its author wrote it, with the element that the page shows."""
    found = []
    for path in sorted((html / "book").rglob("*.html")):
        elements = BeautifulSoup(path.read_text("utf8"), "html.parser").select(".predict")
        name = path.relative_to(html)
        sources = [root / name.with_suffix(suffix) for suffix in (".ipynb", ".md")]
        source = next(path for path in sources if path.exists())
        written = predictions(markdown_of(source))
        assert len(written) == len(elements), name
        asked = [Asked(name.as_posix(), place, question) for place, question in enumerate(written)]
        found += zip(asked, elements)
    return found


@pytest.fixture(scope="module")
def number(boxes) -> Asked:
    """A question for a number."""
    return next(asked for asked, _ in boxes if "answer" in asked.source.options)


@pytest.fixture(scope="module")
def choice(boxes) -> Asked:
    """A question of choice."""
    return next(asked for asked, _ in boxes if "choices" in asked.source.options)


def find(page: Page, asked: Asked) -> Locator:
    return page.locator(".predict").nth(asked.place)


def is_open(box: Locator) -> bool:
    return box.locator(".predict-fold").evaluate("fold => fold.open")


def shown_number(text: str) -> float:
    """Read a number as the page writes it: 1,048,576 or 9.537 × 10⁻⁷ or −0.25, with or without a unit."""
    digits, power = re.match(r"(-?[\d.]+)(?: × 10(-?\d+))?", text.translate(SUPERSCRIPTS)).groups()
    return float(f"{digits}e{power or 0}")


def test_every_page_shows_the_answer_that_its_source_computes(boxes):
    assert boxes, "no page asks for a prediction"
    for (name, place, source), box in boxes:
        shown = box.select_one(".predict-fold .predict-answer .predict-value").get_text()
        if "answer" in source.options:
            assert float(box["data-answer"]) == pytest.approx(source.answer, rel=1e-12), (name, place)
            assert float(box["data-tolerance"]) == pytest.approx(source.tolerance), (name, place)
            assert shown_number(shown) == pytest.approx(source.answer, rel=5.1e-4), (name, place)
            assert shown.endswith(source.options.get("unit", "")), (name, place)
        else:
            choices = [item.get_text().strip() for item in box.select(".predict-choices > li")]
            assert len(choices) == source.options["choices"].count("|") + 1, (name, place)
            assert shown.strip() == choices[int(source.options["right"]) - 1], (name, place)
        assert box.select_one(".predict-question").get_text().strip(), (name, place)
        assert not box.select_one(".predict-fold").has_attr("open"), (name, place)


def test_a_number_is_compared_and_may_be_changed(origin, open_page, number):
    page, watch = open_page(f"{origin}/{number.page}", origin)
    box = find(page, number)
    guess, verdict = box.locator("input"), box.locator(".predict-verdict")
    assert not is_open(box) and verdict.inner_text() == ""

    too_high = number.source.answer + 1.01 * number.source.tolerance
    guess.fill(f"{too_high:.9g}")
    box.get_by_role("button", name="Reveal").click()
    assert is_open(box)
    expect(verdict).to_contain_text(f"You said {too_high:.9g}; it is ")
    expect(verdict).to_contain_text("Too high by")

    guess.fill(f"{number.source.answer - 1.01 * number.source.tolerance:.9g}")
    guess.press("Enter")
    expect(verdict).to_contain_text("Too low by")

    nearly = f"{number.source.answer + 0.99 * number.source.tolerance:.9g}"
    guess.fill(nearly)
    guess.press("Enter")
    expect(verdict).to_contain_text(f"Right: you said {nearly}")
    assert is_open(box) and guess.input_value() == nearly
    assert not watch.errors and not watch.outside


def test_a_choice_is_compared_and_the_right_one_marked(origin, open_page, choice):
    page, watch = open_page(f"{origin}/{choice.page}", origin)
    box = find(page, choice)
    verdict, reveal = box.locator(".predict-verdict"), box.get_by_role("button", name="Reveal")
    right = int(choice.source.options["right"]) - 1
    wrong = 0 if right else 1
    box.get_by_role("radio").nth(wrong).check()
    reveal.click()
    expect(verdict).to_contain_text("You said: ")
    assert is_open(box)
    assert box.locator(".predict-right").count() == 1
    expect(box.locator(".predict-choices > li").nth(right)).to_have_class("predict-right")

    box.get_by_role("radio").nth(right).check()
    reveal.click()
    expect(verdict).to_have_text("Right.")
    assert not watch.errors and not watch.outside


def test_nobody_has_to_guess(server, open_page, number, choice):
    for asked in (number, choice):
        page, _ = open_page(f"{server}/{asked.page}", server)
        box = find(page, asked)
        box.get_by_role("button", name="Reveal").click()
        assert is_open(box) and box.locator(".predict-verdict").inner_text() == ""


def test_the_keyboard_is_enough(server, open_page, number, choice):
    page, _ = open_page(f"{server}/{number.page}", server)
    box = find(page, number)
    box.locator("input").focus()
    page.keyboard.type("0.5")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(box.locator(".predict-verdict")).to_contain_text("ou said 0.5")
    assert is_open(box)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert not is_open(box), "the fold itself is next"

    page, _ = open_page(f"{server}/{choice.page}", server)
    box = find(page, choice)
    box.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    assert box.get_by_role("radio").nth(1).is_checked()
    page.keyboard.press("Enter")
    assert is_open(box) and box.locator(".predict-verdict").inner_text()


def test_every_control_has_a_name_and_the_verdict_is_announced(server, open_page, number, choice):
    for asked in (number, choice):
        page, _ = open_page(f"{server}/{asked.page}", server)
        box = find(page, asked)
        question = " ".join(box.locator(".predict-question").inner_text().split())
        group = box.get_by_role("group").first
        label = page.locator(f"[id='{group.get_attribute('aria-labelledby')}']")
        assert " ".join(label.inner_text().split()) == question
        assert all(box.locator("input").evaluate_all("all => all.map(el => el.labels.length == 1)"))
        assert box.locator(".predict-verdict").get_attribute("aria-live") == "polite"


def test_without_script_it_is_a_fold(origin, open_page, number, choice):
    for asked in (number, choice):
        page, _ = open_page(f"{origin}/{asked.page}", origin, java_script_enabled=False)
        box = find(page, asked)
        assert box.locator("form, input, button[type=submit]").count() == 0
        assert box.locator(".predict-question").is_visible()
        assert asked is number or box.locator(".predict-choices > li").first.is_visible()
        answer = box.locator(".predict-answer")
        assert not answer.is_visible()
        box.get_by_text("Show the answer").click()
        assert answer.is_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_on_paper_every_answer_is_open_and_nothing_asks(server, open_page, number, choice, script):
    for asked in (number, choice):
        page, _ = open_page(f"{server}/{asked.page}", server, java_script_enabled=script)
        page.emulate_media(media="print")
        box = find(page, asked)
        assert box.locator(".predict-answer").is_visible()
        assert not box.get_by_text("Show the answer").is_visible()
        assert not box.get_by_role("button", name="Reveal").is_visible()


def test_browsers_that_cannot_style_a_fold_open_it_for_printing(server, open_page, number):
    page, _ = open_page(f"{server}/{number.page}", server)
    count = "document.querySelectorAll('.predict-fold[open]').length"
    find(page, number).get_by_text("Show the answer").click()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(count) == page.locator(".predict").count()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(count) == 1, "what the reader had opened stays open"


def test_fingers_find_the_controls(server, open_page, number, choice):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    for asked in (number, choice):
        page, _ = open_page(f"{server}/{asked.page}", server, **phone)
        targets = find(page, asked).locator(".predict-guess input, label, .predict-form button, summary")
        heights = targets.evaluate_all("all => all.map(el => el.getBoundingClientRect().height)")
        assert len(heights) >= 3 and min(heights) >= 44
