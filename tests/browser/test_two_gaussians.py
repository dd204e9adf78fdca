"""Two Gaussians on a bare page opened from disk: moved by hand, and compared with torch and scipy's quadrature."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm
from widget_pages import READY, Visit, assert_still_stands_in, write_page

from vaelib.gaussian import kl_diagonal
from vaelib.widgets import TwoGaussians

APART = {"mean": (-5, 5), "sigma": (0.2, 0.2)}
NARROW_IN_WIDE = {"mean": (-3, 2), "sigma": (0.2, 5)}


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("gaussians")
    widgets = {
        "default": TwoGaussians(),
        "apart": TwoGaussians(**APART),
        "narrow": TwoGaussians(**NARROW_IN_WIDE),
        "wide": TwoGaussians(mean=(5, -5), sigma=(5, 4)),
        "same": TwoGaussians(mean=(1, 1), sigma=(2, 2)),
    }
    return {name: write_page(folder / f"{name}.html", widget) for name, widget in widgets.items()}


def kl(mean, sigma) -> float:
    """KL(p || q) in nats as `vaelib.gaussian` has it."""
    m, s = (torch.tensor(values, dtype=torch.float64)[:, None] for values in (mean, sigma))
    return kl_diagonal(m[0], 2 * s[0].log(), m[1], 2 * s[1].log()).item()


def integral(f, mean, sigma) -> float:
    """scipy's integral of f, cut where it may be steep."""
    cuts = sorted(m + k * s for m, s in zip(mean, sigma) for k in (-12, -5, -2, 0, 2, 5, 12))
    return sum(quad(f, a, b, epsabs=1e-12, limit=500)[0] for a, b in zip(cuts, cuts[1:]))


def jensen_shannon(mean, sigma) -> float:
    p, q = (norm(m, s) for m, s in zip(mean, sigma))

    def integrand(x: float) -> float:
        middle = np.logaddexp(p.logpdf(x), q.logpdf(x)) - math.log(2)
        return 0.5 * sum(one.pdf(x) * (one.logpdf(x) - middle) for one in (p, q))

    return integral(integrand, mean, sigma)


def area_below(mean, sigma) -> float:
    """The part of the integral of p ln(p/q) where it is negative."""
    p, q = (norm(m, s) for m, s in zip(mean, sigma))
    return integral(lambda x: min(p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), 0), mean, sigma)


def assert_is_right(here: Visit, mean, sigma, under: str = "p") -> dict:
    """Compare every number on the screen with Python's for these Gaussians; return them."""
    found = here.numbers()
    forward, backward = kl(mean, sigma), kl(mean[::-1], sigma[::-1])
    assert found["klPQ"] == pytest.approx(forward, rel=1e-9, abs=1e-9)
    assert found["klQP"] == pytest.approx(backward, rel=1e-9, abs=1e-9)
    assert found["jeffreys"] == pytest.approx(forward + backward, rel=1e-9, abs=1e-9)
    assert found["jensenShannon"] == pytest.approx(jensen_shannon(mean, sigma), abs=1e-8)
    shaded = (mean, sigma) if under == "p" else (mean[::-1], sigma[::-1])
    assert found["above"] + found["below"] == pytest.approx(kl(*shaded), rel=1e-7, abs=1e-7)
    assert found["below"] == pytest.approx(area_below(*shaded), abs=1e-6)
    return found


def cells(here: Visit) -> list[str]:
    return here.page.locator(".numbers td").all_inner_texts()


def drag(here: Visit, name: str, x: float, density: float) -> None:
    """Drag the peak of p or q to a place of the upper chart."""
    handle = here.page.get_by_role("slider", name=f"Peak of {name}")
    handle.scroll_into_view_if_needed()
    box, plane = handle.bounding_box(), here.page.locator(".plane").first.bounding_box()
    here.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    here.page.mouse.down()
    left, bottom = plane["x"], plane["y"] + plane["height"]
    here.page.mouse.move(left + plane["width"] * (x + 10) / 20, bottom - plane["height"] * density / 0.8, steps=4)
    here.page.mouse.up()


def slide(here: Visit, name: str, value: float) -> None:
    here.page.get_by_role("slider", name=name, exact=True).fill(str(value))


def move(here: Visit, mean, sigma) -> None:
    """Set all four sliders."""
    for name, m, s in zip("pq", mean, sigma):
        slide(here, f"μ of {name}", m)
        slide(here, f"σ of {name}", s)


def at(here: Visit) -> tuple[list[float], list[float]]:
    """Means and standard deviations as the sliders have them."""
    here.settle()
    values = [float(text.replace("−", "-")) for text in here.page.locator(".slider output").all_inner_texts()]
    return values[::2], values[1::2]


@pytest.mark.parametrize(
    ("page", "mean", "sigma"),
    [
        ("default", (0, 1), (1, 2)),
        ("apart", *APART.values()),
        ("narrow", *NARROW_IN_WIDE.values()),
        ("wide", (5, -5), (5, 4)),
        ("same", (1, 1), (2, 2)),
    ],
)
def test_numbers_are_those_of_torch_and_scipy_in_both_directions(visit, pages, page, mean, sigma):
    here = visit(pages[page])
    assert_is_right(here, mean, sigma)
    here.page.get_by_role("radio", name="KL(q‖p)").check()
    assert_is_right(here, mean, sigma, under="q")


def test_the_table_speaks_bits_and_nats(visit, pages):
    here = visit(pages["default"])
    here.settle()
    assert cells(here) == ["0.639", "0.443", "1.885", "1.307", "2.525", "1.750", "0.185", "0.128"]
    assert here.page.locator(".net").inner_text() == "KL(p‖q) = 0.546 − 0.103 = 0.443 nats"
    assert "KL(q‖p) is 2.95 times KL(p‖q)" in here.page.locator(".verdict").inner_text()


def test_a_pointer_moves_mean_and_sigma_by_the_peak(visit, pages):
    here = visit(pages["default"])
    drag(here, "p", -4, norm.pdf(0) / 0.8)
    (mean, sigma) = at(here)
    assert mean == pytest.approx([-4, 1], abs=0.05) and sigma == pytest.approx([0.8, 2], abs=0.02)
    drag(here, "q", 3, norm.pdf(0) / 3)
    mean, sigma = at(here)
    assert mean == pytest.approx([-4, 3], abs=0.05) and sigma == pytest.approx([0.8, 3], abs=0.08)
    assert_is_right(here, mean, sigma)
    drag(here, "q", 30, 0)
    assert at(here)[0][1] == 5 and at(here)[1][1] == 5, "the reach ends there"


def test_keys_move_a_peak_and_home_brings_it_back(visit, pages):
    here = visit(pages["default"])
    handle = here.page.get_by_role("slider", name="Peak of q")
    handle.focus()
    for key, mean, sigma in [
        ("ArrowLeft", [0, 0.95], [1, 2]),
        ("Shift+ArrowRight", [0, 1.2], [1, 2]),
        ("ArrowUp", [0, 1.2], [1, 1.95]),
        ("Shift+ArrowDown", [0, 1.2], [1, 2.2]),
    ]:
        here.page.keyboard.press(key)
        assert_is_right(here, mean, sigma)
    assert handle.get_attribute("aria-valuetext") == "mean 1.20, standard deviation 2.20"
    here.page.keyboard.press("Home")
    assert_is_right(here, [0, 1], [1, 2])
    for _ in range(40):
        here.page.keyboard.press("Shift+ArrowUp")
    assert at(here)[1] == [1, 0.2]
    assert "1.99 ↑" in here.page.locator(".chart").first.text_content(), "a peak beyond the picture says so"


def test_the_task_can_be_done_and_reset_undoes_it(visit, pages):
    here = visit(pages["default"])
    slide(here, "σ of q", 1)
    found = assert_is_right(here, [0, 1], [1, 1])
    assert found["klPQ"] == found["klQP"] == 0.5
    assert here.page.locator(".verdict").inner_text().startswith("Equal σ: the two directions agree.")
    slide(here, "μ of q", 0)
    assert_is_right(here, [0, 0], [1, 1])
    assert here.page.locator(".verdict").inner_text().startswith("p and q are the same")
    here.page.get_by_role("radio", name="KL(q‖p)").check()
    here.page.get_by_role("button", name="Reset").click()
    assert_is_right(here, [0, 1], [1, 2])
    assert here.page.get_by_role("radio", name="KL(p‖q)").is_checked()


def test_what_lies_outside_the_picture_is_told(visit, pages):
    here = visit(pages["wide"])
    found = here.numbers()
    p, q = norm(5, 5), norm(-5, 4)
    (seen, all_) = (
        quad(lambda x: abs(p.pdf(x) * (p.logpdf(x) - q.logpdf(x))), *ends, limit=200)[0]
        for ends in ((-10, 10), (-60, 70))
    )
    assert found["outside"] == pytest.approx(1 - seen / all_, abs=1e-6)
    said = f"{100 * found['outside']:.0f}% of the shaded area lies outside the picture."
    assert said in here.page.locator(".verdict").inner_text()


def test_the_negative_area_is_hatched_and_lies_below_zero(visit, pages):
    here = visit(pages["default"])
    here.settle()
    zero, hatched, plain = here.page.locator(READY).evaluate(
        """el => {
          const chart = el.shadowRoot.querySelectorAll(".chart")[1];
          const box = node => node.getBoundingClientRect();
          const areas = [...chart.querySelectorAll(".area")];
          const isHatched = area => (area.getAttribute("style") ?? "").includes("url(#hatch)");
          return [box(chart.querySelector(".curve")).top, areas.filter(isHatched).map(area => box(area).top),
                  areas.filter(area => !isHatched(area)).map(area => box(area).bottom)];
        }"""
    )
    assert len(hatched) == 2 and len(plain) == 1
    assert min(hatched) >= zero - 1 and max(plain) <= zero + 2


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1000, "light")])
def test_words_stay_apart_and_inside(visit, tmp_path, width, theme):
    page = write_page(tmp_path / "page.html", TwoGaussians(), theme=theme)
    here = visit(page, viewport={"width": width, "height": 800})
    for state in (((0, 1), (1, 2)), APART.values(), NARROW_IN_WIDE.values(), ((5, -5), (5, 0.3))):
        move(here, *state)
        for direction in ("KL(p‖q)", "KL(q‖p)"):
            here.page.get_by_role("radio", name=direction).check()
            assert here.untidy() == []
            assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    assert here.page.locator(".frame").get_attribute("data-dark") == str(theme == "dark").lower()


def test_a_finger_drags_a_peak_and_finds_large_targets(visit, pages):
    here = visit(pages["default"], viewport={"width": 360, "height": 800}, has_touch=True)
    targets = here.page.locator(".handle,input[type=range],.choice label,button")
    assert all(target.bounding_box()["height"] >= 44 for target in targets.all())
    here.page.locator(".stage").scroll_into_view_if_needed()
    plane, handle = (here.page.locator(name).first.bounding_box() for name in (".plane", ".handle"))
    x, y = handle["x"] + 22, handle["y"] + 22
    touch = here.context.new_cdp_session(here.page)
    for kind, by in [("touchStart", 0), ("touchMove", 0.05), ("touchMove", 0.1), ("touchEnd", None)]:
        points = [] if by is None else [{"x": x - by * plane["width"], "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    mean, sigma = at(here)
    assert mean == pytest.approx([-2, 1], abs=0.15) and sigma == pytest.approx([1, 2], abs=0.02)


def test_changes_are_announced(visit, pages):
    here = visit(pages["default"])
    slide(here, "σ of q", 1)
    here.assert_says("KL p to q 0.721 bits, q to p 0.721 bits.")


def test_without_script_and_in_print_there_is_the_picture(visit, pages):
    said = "Two Gaussian densities: p, solid, mean 0 and standard deviation 1; q, dashed,"
    assert_still_stands_in(visit, pages["default"], said)


def test_the_still_tells_the_numbers_as_they_are():
    widget = TwoGaussians()
    assert "KL(p‖q) 0.639 bits (0.443 nats); KL(q‖p) 1.885 bits (1.307 nats)." in widget.still().alt
    assert "q, dashed, mean 1 and standard deviation 2" in widget.still().alt
    widget.under = "q"
    assert "Below, the integrand of KL(q‖p)" in widget.still().caption


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("mean", (0, 6), "mean was .* expected 2 numbers from -5 to 5"),
        ("mean", (0,), "mean was"),
        ("sigma", (1, 0), "sigma was .* expected 2 numbers from 0.2 to 5"),
        ("sigma", (1, float("nan")), "sigma was"),
        ("sigma", None, "sigma was"),
        ("under", "both", "under was 'both'; expected one of p, q"),
    ],
)
def test_what_does_not_fit_is_refused_at_once_and_later(name, value, message):
    with pytest.raises(ValueError, match=message):
        TwoGaussians(**{name: value})
    widget = TwoGaussians()
    before = getattr(widget, name)
    with pytest.raises(ValueError, match=message):
        setattr(widget, name, value)
    assert getattr(widget, name) == before
