"""The widgets where readers meet them: on the pages of the built book, from a server and from disk."""

import re
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page
from widget_pages import READY, drag_point

from vaelib.likelihoods import Gaussian
from vaelib.models import conv_vae
from vaelib.storage import load_weights
from vaelib.widgets.export import with_rounded_weights

HOME, CHAPTER = "book/index.html", "book/3-vae/09-build-a-vae.html"


def shown(page: Page, index: int = 0) -> tuple[list[float], torch.Tensor]:
    """Return the point and the pixels of one widget, once drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    z, pixels = page.locator(READY).nth(index).evaluate("el => [Array.from(el.vaelib.z), Array.from(el.vaelib.pixels)]")
    return z, torch.tensor(pixels)


@pytest.fixture(scope="module")
def decode(root: Path):
    """The home page's decoder in torch, with its weights rounded as they travel."""
    vae = conv_vae(2, Gaussian(0.1))
    load_weights(vae, root / "experiments/results/fruit_plane.safetensors")
    decoder = with_rounded_weights(vae.decoder)

    @torch.no_grad()
    def decoded(z: list[float]) -> torch.Tensor:
        return decoder(torch.tensor([z])).flatten()

    return decoded


def test_pointer_and_keyboard_move_the_home_pages_picture_as_torch_says(origin, open_page, decode):
    page, watch = open_page(f"{origin}/{HOME}", origin)
    page.wait_for_selector(READY)
    start, pixels = shown(page)
    assert torch.allclose(pixels, decode(start), rtol=0, atol=1e-5)

    drag_point(page, 30, 15)
    dragged, pixels = shown(page)
    assert dragged[0] > start[0] + 0.1 and dragged[1] < start[1] - 0.05
    assert torch.allclose(pixels, decode(dragged), rtol=0, atol=1e-5)

    page.locator(f"{READY} .handle").focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    stepped, pixels = shown(page)
    assert stepped[0] == dragged[0] and stepped[1] > dragged[1]
    assert torch.allclose(pixels, decode(stepped), rtol=0, atol=1e-5)

    page.locator(f"{READY} .reset").click()
    assert shown(page)[0] == start
    assert not watch.errors and not watch.outside


@pytest.fixture(scope="module")
def widget_counts(html: Path) -> dict[str, int]:
    """How many widgets each page holds; pages without any are left out."""
    texts = {path.relative_to(html).as_posix(): path.read_text() for path in (html / "book").rglob("*.html")}
    counts = {name: len(re.findall(r"<div[^>]* data-vaelib-widget=", text)) for name, text in texts.items()}
    return {name: count for name, count in counts.items() if count}


def test_every_widget_of_every_page_comes_alive(origin, open_page, widget_counts):
    assert {HOME, CHAPTER} <= widget_counts.keys()
    for name, count in widget_counts.items():
        page, watch = open_page(f"{origin}/{name}", origin)
        all_ready = "count => document.querySelectorAll('[data-vaelib-ready=true]').length == count"
        page.wait_for_function(all_ready, arg=count)
        assert not watch.errors and not watch.outside, name
        page.context.close()


def test_the_explorers_of_the_chapter_answer_to_keys(origin, open_page):
    page, watch = open_page(f"{origin}/{CHAPTER}", origin)
    page.wait_for_function("document.querySelectorAll('[data-vaelib-ready=true]').length == 2")
    for index in range(2):
        before, pixels = shown(page, index)
        page.locator(f"{READY} .handle").nth(index).focus()
        page.keyboard.press("ArrowRight")
        after, moved = shown(page, index)
        assert after[0] > before[0] and after[1] == before[1]
        assert not torch.equal(moved, pixels)
    assert not watch.errors and not watch.outside


def test_a_page_carries_the_widgets_code_once(html, widget_counts):
    for name in widget_counts:
        text = (html / name).read_text()
        scripts = re.findall(r'data-vaelib-(module|blob|host)="([0-9a-f]+)"', text)
        assert len(scripts) == len(set(scripts)) >= 2, name
        assert [kind for kind, _ in scripts].count("host") == 1, name


def test_print_and_missing_script_leave_a_described_picture(origin, open_page):
    page, _ = open_page(f"{origin}/{HOME}", origin, java_script_enabled=False)
    picture = page.locator("[data-vaelib-widget] figure img")
    assert picture.is_visible()
    assert len(picture.get_attribute("alt")) > 60
    page, _ = open_page(f"{origin}/{HOME}", origin)
    page.wait_for_selector(READY)
    assert not page.locator("[data-vaelib-widget] figure img").is_visible()
    page.emulate_media(media="print")
    assert page.locator("[data-vaelib-widget] figure img").is_visible()
