"""The latent explorer on a bare page opened from disk: moved by hand, and compared with torch."""

import re
from pathlib import Path

import pytest
import torch
from widget_pages import READY, Visit, write_page

from vaelib import likelihoods
from vaelib.models import VAE, conv_vae, mlp_vae
from vaelib.widgets import LatentExplorer
from vaelib.widgets.export import with_rounded_weights



def louder(vae: VAE) -> VAE:
    """Return a model whose untrained decoder has something to say."""
    with torch.no_grad():
        for parameter in vae.decoder.parameters():
            parameter.mul_(2)
    return vae


@pytest.fixture(scope="module")
def digits() -> LatentExplorer:
    generator = torch.Generator().manual_seed(0)
    vae = louder(mlp_vae((1, 8, 8), 2, likelihoods.Binomial(16), hidden=(32,)))
    inputs = torch.randint(0, 17, (4, 1, 8, 8), generator=generator).float()
    codes = torch.randn(50, 2, generator=generator)
    return LatentExplorer(vae, codes, torch.arange(50) % 10, inputs=inputs, z=[0.5, -0.25], title="Digits")


@pytest.fixture(scope="module")
def colours() -> LatentExplorer:
    vae = louder(conv_vae(4, likelihoods.ContinuousBernoulli(), (3, 32, 32), width=8))
    codes = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))
    return LatentExplorer(
        vae, codes, torch.arange(30) % 3, label_names=["apple", "pear", "plum"], z=[0.1, -0.2, 0.3, 1.0]
    )


@pytest.fixture(scope="module")
def digits_page(digits, tmp_path_factory) -> Path:
    return write_page(tmp_path_factory.mktemp("digits") / "page.html", digits)


@pytest.fixture(scope="module")
def colours_page(colours, tmp_path_factory) -> Path:
    return write_page(tmp_path_factory.mktemp("colours") / "page.html", colours)


def assert_is_what_torch_decodes(shown: dict, widget: LatentExplorer) -> None:
    vae = widget._vae
    output = with_rounded_weights(vae.decoder)(torch.tensor([shown["z"]]))
    expected = vae.likelihood.to_unit(vae.likelihood.mean(output)).flatten()
    assert expected.std() > 0.01
    assert torch.allclose(torch.tensor(shown["pixels"]), expected, rtol=0, atol=1e-5)


def pixel(visit: Visit, selector: str, x: int = 0, y: int = 0) -> list[int]:
    """Return the colour of one pixel of a canvas."""
    return visit.page.locator(selector).first.evaluate(
        "(canvas, [x, y]) => Array.from(canvas.getContext('2d').getImageData(x, y, 1, 1).data.slice(0, 3))",
        [x, y],
    )


def test_it_is_alive_from_disk_and_shows_what_torch_decodes(
    visit, digits, digits_page, colours, colours_page
):
    for widget, path in [(digits, digits_page), (colours, colours_page)]:
        here = visit(path)
        shown = here.shown()
        assert shown["z"] == widget.z
        assert_is_what_torch_decodes(shown, widget)
        assert not here.page.locator("figure").is_visible()
        assert here.page.locator(".task").inner_text() == widget.task
        assert here.page.locator(".caption").inner_text() == widget.caption


def test_the_pointer_drags_the_point(visit, digits, digits_page):
    here = visit(digits_page)
    plane = here.page.locator(".plane").bounding_box()
    handle = here.page.locator(".handle").bounding_box()
    here.page.mouse.move(handle["x"] + 22, handle["y"] + 22)
    here.page.mouse.down()
    here.page.mouse.move(plane["x"] + plane["width"] * 0.6, plane["y"] + plane["height"] * 0.5, steps=4)
    here.page.mouse.move(plane["x"] + plane["width"] * 0.75, plane["y"] + plane["height"] * 0.1, steps=4)
    here.page.mouse.up()
    shown, extent = here.shown(), digits.spec["extent"]
    assert shown["z"] == pytest.approx([0.5 * extent, 0.8 * extent], abs=0.03)
    assert_is_what_torch_decodes(shown, digits)
    here.page.mouse.move(plane["x"] + 5, plane["y"] + 5)
    assert here.shown()["z"] == shown["z"], "a released point must stay"
    here.page.mouse.click(plane["x"] + plane["width"] / 4, plane["y"] + plane["height"] / 2)
    assert here.shown()["z"] == pytest.approx([-0.5 * extent, 0], abs=0.03)


def test_arrow_keys_move_the_point_and_home_brings_it_back(visit, digits, digits_page):
    here = visit(digits_page)
    here.page.locator(".handle").focus()
    for key, expected in [
        ("ArrowRight", [0.55, -0.25]),
        ("ArrowUp", [0.55, -0.2]),
        ("Shift+ArrowLeft", [0.3, -0.2]),
        ("Shift+ArrowDown", [0.3, -0.45]),
    ]:
        here.page.keyboard.press(key)
        assert here.shown()["z"] == pytest.approx(expected)
    assert_is_what_torch_decodes(here.shown(), digits)
    assert here.page.locator(".handle").get_attribute("aria-valuetext") == "z1 0.30, z2 −0.45"
    here.page.keyboard.press("Home")
    assert here.shown()["z"] == [0, 0]
    for _ in range(30):
        here.page.keyboard.press("Shift+ArrowRight")
    assert here.shown()["z"][0] == digits.spec["extent"]


def test_numbers_follow_the_point(visit, digits_page):
    here = visit(digits_page)
    here.page.locator(".handle").focus()
    here.page.keyboard.press("Home")
    here.settle()
    words = here.page.locator("dl").inner_text()
    assert "(0.00, 0.00)" in words and "−1.84 nats" in words and "Class of nearest code" in words
    here.page.keyboard.press("Shift+ArrowRight")
    here.settle()
    assert "−1.87 nats" in here.page.locator("dl").inner_text()
    here.assert_says(re.compile("^" + re.escape("z 0.25, 0.00; log density −1.87 nats; nearest class ")))


def test_the_whole_widget_works_by_keyboard_alone(visit, digits, digits_page):
    here = visit(digits_page)
    names = []
    for _ in range(40):
        here.page.keyboard.press("Tab")
        names.append(
            here.page.evaluate("""() => document.querySelector('[data-vaelib-ready]').shadowRoot.activeElement
                     ?.getAttribute('aria-label') ?? document.activeElement.tagName""")
        )
        if names[-1] == "Picture 3, near class " + names[-1][-1]:
            here.page.keyboard.press("Enter")
        if names[-1] == "Place on the path from A to B":
            break
    assert names[0] == "DIV" and "Point in the latent plane; use the arrow keys" in names
    assert sum(name.startswith("Show class") for name in names) == 10
    assert sum(name.startswith("Picture") for name in names) == 4
    means = digits.spec["input_codes"]
    assert here.shown()["z"] == means[2], "a chosen picture is decoded at once"
    here.page.keyboard.press("End")
    assert here.shown()["z"] == pytest.approx(means[1])
    here.page.keyboard.press("Home")
    assert here.shown()["z"] == pytest.approx(means[2])


def test_the_path_slider_walks_between_two_inputs_and_reset_undoes_all(visit, digits, digits_page):
    here = visit(digits_page)
    here.page.locator(".pick").nth(3).click()
    here.page.locator(".pick").nth(2).click()
    assert here.page.locator(".pick[aria-pressed=true]").count() == 2
    slider = here.page.get_by_label("Place on the path from A to B")
    slider.fill("0.3")
    means = digits.spec["input_codes"]
    shown = here.shown()
    assert shown["z"] == pytest.approx([0.7 * a + 0.3 * b for a, b in zip(means[3], means[2])])
    assert_is_what_torch_decodes(shown, digits)
    assert here.page.locator(".path canvas").count() == 7
    here.page.get_by_role("button", name="Show class 3").click()
    here.page.get_by_role("button", name="Reset").click()
    shown = here.shown()
    assert shown["z"] == digits.z
    assert slider.input_value() == "0"
    assert here.page.locator("[data-end=A]").get_attribute("aria-label").startswith("Picture 1")
    assert here.page.locator(".chip[aria-pressed=true]").count() == 0


def test_every_dimension_has_a_slider_and_the_plane_shows_any_two(visit, colours, colours_page):
    here = visit(colours_page)
    sliders = here.page.locator(".dim input")
    assert sliders.count() == 4
    sliders.nth(2).fill("-1.5")
    shown = here.shown()
    assert shown["z"] == [0.1, -0.2, -1.5, 1.0]
    assert_is_what_torch_decodes(shown, colours)
    here.page.get_by_label("Latent dimension drawn across").select_option("2")
    here.page.locator(".handle").focus()
    here.page.keyboard.press("ArrowRight")
    assert here.shown()["z"] == pytest.approx([0.1, -0.2, -1.45, 1.0])
    here.page.get_by_label("Latent dimension drawn up").select_option("2")
    assert here.page.get_by_label("Latent dimension drawn across").input_value() == "1"


def test_traversal_strips_show_what_torch_decodes(visit, colours, colours_page):
    here = visit(colours_page)
    here.page.wait_for_timeout(500)
    z = torch.tensor([colours.z]).repeat(7, 1)
    z[:, 1] = torch.arange(-3.0, 4.0) * colours.spec["extent"] / 3.5
    expected = colours._vae.likelihood.mean(with_rounded_weights(colours._vae.decoder)(z))[:, :, 5, 9] * 255
    for k in range(7):
        found = pixel(here, f".dim:nth-child(2) .strip canvas:nth-child({k + 1})", 9, 5)
        assert found == pytest.approx(expected[k].tolist(), abs=0.51)


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_no_width_makes_the_page_scroll_sideways(visit, digits_page, colours_page, width):
    for path in (digits_page, colours_page):
        here = visit(path, viewport={"width": width, "height": 800})
        assert here.page.evaluate("document.documentElement.scrollWidth") <= width
        inside = here.page.locator(READY).evaluate(
            """el => [...el.shadowRoot.querySelectorAll(".frame *:not(.unseen)")].every(node =>
                 node.getBoundingClientRect().right <= el.getBoundingClientRect().right)"""
        )
        assert inside


def test_a_finger_taps_the_plane_drags_the_point_and_scrolls_elsewhere(visit, digits, digits_page):
    here = visit(digits_page, viewport={"width": 360, "height": 500}, has_touch=True)
    here.page.locator(".plane").scroll_into_view_if_needed()
    plane = here.page.locator(".plane").bounding_box()
    x, y = plane["x"] + plane["width"] * 0.25, plane["y"] + plane["height"] * 0.25
    here.page.touchscreen.tap(x, y)
    half = digits.spec["extent"] / 2
    assert here.shown()["z"] == pytest.approx([-half, half], abs=0.1)
    touch = here.context.new_cdp_session(here.page)

    def swipe(by: int) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 6):
            touch.send(
                "Input.dispatchTouchEvent",
                {"type": "touchMove", "touchPoints": [{"x": x, "y": y + by * step / 5}]},
            )
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    scrolled = here.page.evaluate("scrollY")
    swipe(round(plane["height"] / 4))
    assert here.page.evaluate("scrollY") == scrolled, "dragging the point must not scroll the page"
    assert here.shown()["z"] == pytest.approx([-half, 0], abs=0.1)
    swipe(-80)
    here.page.wait_for_function(f"scrollY > {scrolled}")
    assert here.shown()["z"] == pytest.approx([-half, 0], abs=0.1)


def test_it_follows_the_theme_while_open(visit, digits, tmp_path):
    here = visit(write_page(tmp_path / "dark.html", digits, theme="dark"))
    here.settle()
    dark = pixel(here, ".hero canvas")
    here.page.evaluate("document.documentElement.dataset.theme = 'light'")
    here.settle()
    light = pixel(here, ".hero canvas")
    value = here.shown()["pixels"][0]
    for colour, paper, ink in [(light, (255, 255, 255), (23, 32, 46)), (dark, (16, 20, 26), (238, 242, 246))]:
        assert colour == pytest.approx([p + (i - p) * value for p, i in zip(paper, ink)], abs=1)


def test_the_system_s_dark_mode_counts_where_the_page_names_no_theme(visit, digits, tmp_path):
    path = write_page(tmp_path / "page.html", digits)
    path.write_text(path.read_text(encoding="utf-8").replace(' data-theme="light"', ""), encoding="utf-8")
    here = visit(path, color_scheme="dark")
    assert here.page.locator(".frame").get_attribute("data-dark") == "true"


def test_without_script_and_in_print_there_is_the_picture(visit, digits, digits_page):
    here = visit(digits_page, wait_for="figure", java_script_enabled=False)
    image = here.page.get_by_role("img", name="Images decoded from a grid of the latent plane")
    assert image.is_visible() and image.bounding_box()["width"] > 200
    assert here.page.get_by_text("Digits. Images decoded from a grid").is_visible()
    printed = visit(digits_page)
    printed.page.emulate_media(media="print")
    assert printed.page.locator("figure").is_visible()
    assert not printed.page.locator(READY).is_visible()


@pytest.mark.parametrize("once", [True, False])
def test_widgets_on_one_page_share_their_scripts_and_move_apart(visit, digits, colours, tmp_path, once):
    other = LatentExplorer(digits._vae, z=[1.0, 1.0])
    path = write_page(tmp_path / "page.html", digits, colours, other, once=once)
    assert path.read_text(encoding="utf-8").count("data-vaelib-module=") == (4 if once else 12)
    here = visit(path)
    here.page.wait_for_function(f"document.querySelectorAll('{READY}').length === 3")
    first, last = here.page.locator(READY).first, here.page.locator(READY).last
    last.locator(".handle").focus()
    here.page.keyboard.press("ArrowRight")
    here.settle()
    assert last.evaluate("el => el.vaelib.z") == pytest.approx([1.05, 1.0])
    assert first.evaluate("el => el.vaelib.z") == digits.z


def test_a_page_put_together_later_wakes_its_widgets_too(visit, digits, colours_page):
    here = visit(colours_page)
    here.page.evaluate(
        """html => {
          const box = document.createElement("div");
          box.innerHTML = html;
          document.body.append(box);
          for (const old of box.querySelectorAll("script[data-vaelib-host]")) {
            const script = document.createElement("script");
            script.textContent = old.textContent;
            old.replaceWith(script);
          }
        }""",
        digits.static_html(),
    )
    here.page.wait_for_function(f"document.querySelectorAll('{READY}').length === 2")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("data-vaelib-module=", "data-gone=", "could not start: the page holds no module"),
        (
            '"likelihood":"Binomial"',
            '"likelihood":"Poisson"',
            "This widget stopped: unknown likelihood Poisson",
        ),
    ],
)
def test_a_broken_widget_says_so_and_leaves_the_picture(browser, digits, tmp_path, before, after, message):
    path = write_page(tmp_path / "page.html", digits)
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    with Visit(browser, path, wait_for="[role=alert]") as here:
        assert message in here.page.get_by_role("alert").inner_text()
        assert here.page.locator("figure").is_visible()
        assert len(here.errors) == 1
