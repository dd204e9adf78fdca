"""Cover or seek on a bare page opened from disk: q by hand and by descent, compared with scipy's quadrature."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm
from widget_pages import Visit, assert_still_stands_in, write_page

from vaelib.widgets import CoverOrSeek

TWIN = {"weights": (0.5, 0.5), "means": (-3, 3), "sigmas": (1, 1)}
STATES = {
    "default": {},
    "matched": {"sigma": math.sqrt(10), "direction": "forward"},
    "narrow": {"mean": 7, "sigma": 0.25},
    "wide": {"weights": (0.9, 0.1), "means": (-5, 5), "sigmas": (0.4, 0.4), "mean": -7, "sigma": 6},
    "uneven": {"weights": (0.3, 0.7), "means": (-1, 2), "sigmas": (0.5, 2), "mean": 1, "sigma": 0.7},
    "single": {"weights": (0, 1), "means": (-4, 1), "mean": -7, "sigma": 0.25},
    "beside": {"mean": 1.5},
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("cover")
    return {name: write_page(folder / f"{name}.html", CoverOrSeek(**state)) for name, state in STATES.items()}


class Target:
    """The mixture p, by scipy."""

    def __init__(self, weights=TWIN["weights"], means=TWIN["means"], sigmas=TWIN["sigmas"], **_) -> None:
        self.parts = [part for part in zip(weights, means, sigmas) if part[0] > 0]

    def log(self, x):
        return np.logaddexp.reduce([np.log(w) + norm.logpdf(x, m, s) for w, m, s in self.parts])

    def integral(self, f, others) -> float:
        """scipy's integral of f, cut where it may be steep."""
        cuts = sorted(m + k * s for m, s in others for k in (-10, -6, -3, -1, 0, 1, 3, 6, 10))
        return sum(quad(f, a, b, epsabs=1e-11, limit=500)[0] for a, b in zip(cuts, cuts[1:]) if a < b)

    def forward(self, mean: float, sigma: float) -> float:
        def integrand(x):
            return math.exp(self.log(x)) * (self.log(x) - norm.logpdf(x, mean, sigma))

        return self.integral(integrand, [part[1:] for part in self.parts])

    def reverse(self, mean: float, sigma: float) -> float:
        def integrand(x):
            return norm.pdf(x, mean, sigma) * (norm.logpdf(x, mean, sigma) - self.log(x))

        bends = [(m, s / 10) for _, m, s in self.parts] if len(self.parts) > 1 else []
        return self.integral(integrand, [(mean, sigma), *((m, s) for m, s in bends if abs(m - mean) < 8 * sigma)])


def q_of(here: Visit) -> tuple[float, float]:
    """Where q is, as its handle has it to two digits."""
    here.settle()
    words = here.page.locator(".handle").first.get_attribute("aria-valuetext").replace("−", "-")
    mean, sigma = (float(part.split()[-1]) for part in words.split(","))
    return mean, sigma


def slide(here: Visit, name: str, value: float) -> None:
    here.page.get_by_role("slider", name=name, exact=True).fill(str(value))


def press(here: Visit, name: str) -> None:
    here.page.get_by_role("button", name=name).click()


def choose(here: Visit, name: str) -> None:
    here.page.get_by_role("radio", name=name).check()


def arrive(here: Visit) -> dict:
    """Descend to the end; return the numbers there."""
    press(here, "Descend")
    here.page.wait_for_function(
        "() => document.querySelector('[data-vaelib-ready]').vaelib.numbers.arrived", timeout=20_000
    )
    return here.numbers()


@pytest.mark.parametrize("name", STATES)
def test_both_divergences_are_scipy_s(visit, pages, name):
    state = STATES[name]
    target, q = Target(**state), (state.get("mean", 0), state.get("sigma", 1))
    found = visit(pages[name]).numbers()
    assert found["forward"] == pytest.approx(target.forward(*q), rel=1e-8, abs=1e-6)
    assert found["reverse"] == pytest.approx(target.reverse(*q), rel=1e-8, abs=1e-6)
    held = quad(lambda x: math.exp(target.log(x)), q[0] - 2 * q[1], q[0] + 2 * q[1], limit=200)[0]
    assert found["held"] == pytest.approx(held, abs=1e-6)


@pytest.mark.parametrize("name", ["wide", "uneven", "single"])
def test_the_lowest_places_are_those_that_scipy_finds(visit, pages, name):
    state = STATES[name]
    target = Target(**state)
    found = visit(pages[name]).numbers()["lowest"]
    z = np.linspace(-9, 9, 1201)
    share = norm.pdf(z) * (z[1] - z[0])

    def reverse(place):
        mean, log_sigma = place
        log_p = target.log(mean + math.exp(log_sigma) * z)
        return -log_sigma - 0.5 * math.log(2 * math.pi * math.e) - share @ log_p

    starts = [(m, math.log(s)) for _, m, s in target.parts] + [(0, 1)]
    ends = [minimize(reverse, start, method="Nelder-Mead", options={"fatol": 1e-12}) for start in starts]
    best = min(ends, key=lambda end: end.fun)
    assert found["reverse"][0]["value"] == pytest.approx(best.fun, abs=1e-6)
    assert found["reverse"][0]["mean"] == pytest.approx(best.x[0], abs=1e-3)
    mean = sum(w * m for w, m, _ in target.parts)
    variance = sum(w * (s**2 + (m - mean) ** 2) for w, m, s in target.parts)
    (matched,) = found["forward"]
    assert matched["mean"] == pytest.approx(mean) and matched["sigma"] ** 2 == pytest.approx(variance)
    assert matched["value"] == pytest.approx(target.forward(mean, math.sqrt(variance)), abs=1e-6)


def test_descent_on_forward_kl_covers(visit, pages):
    here = visit(pages["beside"], reduced_motion="reduce")
    choose(here, "forward KL(p‖q)")
    found = arrive(here)
    assert q_of(here) == (0, 3.16)
    assert found["forward"] == pytest.approx(0.461994613, abs=1e-8)
    assert found["reverse"] == pytest.approx(0.937980191, abs=1e-6)
    assert found["entropy"] == pytest.approx(2.108236466, abs=1e-8)
    assert here.page.locator(".verdict").inner_text().startswith(f"At the bottom after {found['steps']} steps.")
    table = here.page.locator(".numbers").inner_text()
    assert "0.667" in table and "N(0.00, 10.00)" in table
    choose(here, "nats")
    here.settle()
    assert "0.462" in here.page.locator(".numbers").inner_text()


def test_descent_on_reverse_kl_seeks_and_animates(visit, pages):
    here = visit(pages["beside"])
    found = arrive(here)
    assert found["steps"] > 20 and here.page.locator(".way path").count() == 2
    assert q_of(here) == (2.98, 1.02)
    assert found["reverse"] == pytest.approx(0.688768995, abs=1e-8)
    assert found["forward"] == pytest.approx(7.860054, abs=1e-4)
    low, high = found["lowest"]["reverse"]
    assert [low["mean"], high["mean"]] == pytest.approx([-2.984306, 2.984306], abs=1e-6)
    assert low["sigma"] ** 2 == pytest.approx(1.047283, abs=1e-5)
    assert "N(±2.98, 1.05)" in here.page.locator(".numbers").inner_text()


def test_from_the_middle_reverse_kl_gets_stuck_and_says_so(visit, pages):
    here = visit(pages["default"], reduced_motion="reduce")
    found = arrive(here)
    assert q_of(here) == (0, 2.74) and found["reverse"] == pytest.approx(0.840621431, abs=1e-8)
    assert "in a local minimum, 0.219 bits above the best" in here.page.locator(".verdict").inner_text()


@pytest.mark.parametrize("name", ["narrow", "wide", "uneven", "single"])
def test_descent_arrives_from_far_away(visit, pages, name):
    here = visit(pages[name], reduced_motion="reduce")
    for direction in ("forward", "reverse"):
        choose(here, f"{direction} KL")
        press(here, "Reset")
        choose(here, f"{direction} KL")
        found = arrive(here)
        stuck = (name, direction) == ("wide", "reverse")
        gap = found[direction] - found["lowest"][direction][0]["value"]
        assert gap >= -1e-9 and (stuck or gap < 1e-8)


def test_steps_stop_and_hands_that_interrupt(visit, pages):
    here = visit(pages["beside"])
    before = here.numbers()["reverse"]
    for count in (1, 2, 3):
        press(here, "One step")
        found = here.numbers()
        assert found["steps"] == count and found["reverse"] < before
        before = found["reverse"]
    press(here, "Descend")
    press(here, "Stop")
    stopped = here.numbers()["steps"]
    assert here.numbers()["steps"] == stopped >= 3
    press(here, "Descend")
    slide(here, "mean", -1)
    found = here.numbers()
    assert found["steps"] == 0 and here.page.locator(".way path").count() == 0
    assert here.page.get_by_role("button", name="Descend").is_visible()
    press(here, "One step")
    choose(here, "forward KL")
    assert here.numbers()["steps"] == 0, "another surface, another way"


def test_a_pointer_places_q_by_its_peak_and_on_the_map(visit, pages):
    here = visit(pages["default"], viewport={"width": 1000, "height": 900})
    chart, map_ = (here.page.locator(".plane").nth(i).bounding_box() for i in (0, 1))

    def drag(i: int, box: dict, x: float, y: float) -> None:
        handle = here.page.locator(".handle").nth(i).bounding_box()
        here.page.mouse.move(handle["x"] + 22, handle["y"] + 22)
        here.page.mouse.down()
        here.page.mouse.move(box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"], steps=4)
        here.page.mouse.up()

    drag(0, chart, 0.7, norm.pdf(0) / 2 / 0.5)
    assert q_of(here) == pytest.approx((4, 2), abs=0.05)
    drag(1, map_, 0.25, 0)
    assert q_of(here) == pytest.approx((-3.5, 0.25), abs=0.06)
    assert "1.60 ↑" in here.page.locator(".chart").first.text_content()
    here.page.mouse.click(map_["x"] + map_["width"] / 2, map_["y"] + map_["height"] / 2)
    mean, sigma = q_of(here)
    assert (mean, sigma) == pytest.approx((0, math.sqrt(0.25 * 6)), abs=0.05)
    found, target = here.numbers(), Target()
    assert found["forward"] == pytest.approx(target.forward(mean, sigma), rel=0.02)


def test_keys_move_q_on_both_charts(visit, pages):
    here = visit(pages["default"])
    here.page.get_by_role("slider", name="Peak of q").focus()
    here.page.keyboard.press("Shift+ArrowRight")
    here.page.keyboard.press("Shift+ArrowDown")
    assert q_of(here) == (0.25, 1.25)
    target = Target()
    found = here.numbers()
    assert found["forward"] == pytest.approx(target.forward(0.25, 1.25), abs=1e-6)
    assert found["reverse"] == pytest.approx(target.reverse(0.25, 1.25), abs=1e-6)
    here.page.get_by_role("slider", name="q on the map").focus()
    here.page.keyboard.press("ArrowLeft")
    here.page.keyboard.press("Shift+ArrowUp")
    assert q_of(here) == (0.2, round(1.25 * math.exp(0.25), 2))
    here.page.keyboard.press("Home")
    assert q_of(here) == (0, 1)


def test_the_target_moves_and_reset_brings_all_back(visit, pages):
    here = visit(pages["default"])
    slide(here, "distance", 2)
    slide(here, "weight, right", 0.8)
    slide(here, "σ", 2)
    target = Target((0.2, 0.8), (-1, 1))
    found = here.numbers()
    assert found["forward"] == pytest.approx(target.forward(0, 2), abs=1e-6)
    assert found["reverse"] == pytest.approx(target.reverse(0, 2), abs=1e-6)
    assert found["lowest"]["forward"][0]["mean"] == pytest.approx(0.6)
    slide(here, "distance", 0)
    lowest = here.numbers()["lowest"]
    for direction in ("forward", "reverse"):
        (best,) = lowest[direction]
        assert (best["mean"], best["sigma"], best["value"]) == pytest.approx((0, 1, 0), abs=1e-6)
    choose(here, "forward KL")
    press(here, "Reset")
    found = here.numbers()
    assert found["entropy"] == pytest.approx(2.108236466, abs=1e-8) and q_of(here) == (0, 1)
    assert here.page.get_by_role("radio", name="reverse KL").is_checked()


def test_humps_in_reverse_order_and_off_centre_keep_in_reach(visit, tmp_path):
    page = write_page(tmp_path / "page.html", CoverOrSeek(weights=(0.7, 0.3), means=(5, 3)))
    here = visit(page)
    slide(here, "distance", 6)
    found = here.numbers()
    assert found["forward"] == pytest.approx(Target((0.7, 0.3), (5, -1)).forward(0, 1), abs=1e-6)
    slide(here, "weight, right", 0.4)
    found = here.numbers()
    assert found["forward"] == pytest.approx(Target((0.4, 0.6), (5, -1)).forward(0, 1), abs=1e-6)


def test_the_map_shows_the_surface(visit, pages):
    """The tint is deepest where KL is lowest, and the crosses lie there."""
    here = visit(pages["default"])
    here.settle()
    deepest = """el => {
      const { data, width, height } = el.getContext("2d").getImageData(0, 0, el.width, el.height);
      const alphas = Array.from({ length: width * height }, (_, k) => data[4 * k + 3]);
      const k = alphas.indexOf(Math.max(...alphas));
      return [-7 + 0.2 * (k % width), 0.25 * 24 ** (1 - Math.floor(k / width) / (height - 1))];
    }"""
    canvas = here.page.locator(".well canvas")
    mean, sigma = canvas.evaluate(deepest)
    assert abs(mean) == pytest.approx(2.98, abs=0.3) and sigma == pytest.approx(1.02, abs=0.12)
    assert here.page.locator(".best").count() == 2
    choose(here, "forward KL")
    here.settle()
    assert canvas.evaluate(deepest) == pytest.approx([0, 3.16], abs=0.3)
    assert here.page.locator(".best").count() == 1
    assert here.page.locator(".contour").count() > 5
    said = here.page.locator(".map .chart").get_attribute("aria-label")
    assert said.endswith("It is lowest, 0.667 bits, at mean 0.00 and standard deviation 3.16.")


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1000, "light")])
def test_words_stay_apart_and_inside(visit, tmp_path, width, theme):
    page = write_page(tmp_path / "page.html", CoverOrSeek(mean=0.5), theme=theme)
    here = visit(page, viewport={"width": width, "height": 800}, reduced_motion="reduce")
    press(here, "Descend")
    for distance, weight, mean, sigma in [(6, 0.5, None, None), (10, 0.9, -7, 0.25), (0, 0, 7, 6), (4, 0.2, 2, 0.5)]:
        if mean is not None:
            slide(here, "distance", distance)
            slide(here, "weight, right", weight)
            slide(here, "mean", mean)
            slide(here, "σ", sigma)
        for name in ("forward KL", "nats", "reverse KL", "bits"):
            choose(here, name)
            assert here.untidy() == []
            assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    assert here.page.locator(".frame").get_attribute("data-dark") == str(theme == "dark").lower()


def test_a_finger_taps_the_map_and_finds_large_targets(visit, pages):
    here = visit(pages["default"], viewport={"width": 360, "height": 800}, has_touch=True)
    targets = here.page.locator(".handle,input[type=range],.choice label,button")
    assert all(target.bounding_box()["height"] >= 44 for target in targets.all())
    plane = here.page.locator(".map .plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    here.page.touchscreen.tap(box["x"] + 0.75 * box["width"], box["y"] + 0.9 * box["height"])
    mean, sigma = q_of(here)
    assert (mean, math.log(sigma)) == pytest.approx((3.5, math.log(0.25) + 0.1 * math.log(24)), abs=0.08)


def test_without_script_and_in_print_there_is_the_picture(visit, pages):
    said = "The densities of p, 0.5 of N(−3, 1) and 0.5 of N(3, 1), and q, dashed, N(0, 1)."
    assert_still_stands_in(visit, pages["default"], said)


def test_the_still_tells_the_numbers_as_they_are():
    numbers = "Forward KL(p‖q) 5.498 bits (3.811 nats), reverse KL(q‖p) 3.886 bits (2.693 nats)."
    assert numbers in CoverOrSeek().still().alt
    widget = CoverOrSeek(sigma=math.sqrt(10))
    assert "q, dashed, N(0, 10). Forward KL(p‖q) 0.667 bits (0.462 nats)" in widget.still().alt
    assert "reverse KL(q‖p) 1.353 bits (0.938 nats)." in widget.still().alt
    widget.weights = [0, 1]
    widget.mean, widget.sigma = 3, 1
    assert "Forward KL(p‖q) 0.000 bits (0.000 nats), reverse KL(q‖p) 0.000 bits" in widget.still().alt


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("weights", (0.5, 0.6), "weights was summing to 1.1"),
        ("weights", (0.5, 0.3, 0.2), r"weights was of shape \(3,\)"),
        ("means", (-6, 3), "means was .* expected 2 numbers from -5 to 5"),
        ("sigmas", (1, 0.1), "sigmas was .* expected 2 numbers from 0.4 to 2"),
        ("mean", 8, "mean was 8; expected a number from -7 to 7"),
        ("mean", None, "mean was None"),
        ("sigma", 0, "sigma was 0; expected a number from 0.25 to 6"),
        ("direction", "both", "direction was 'both'; expected one of forward, reverse"),
    ],
)
def test_what_does_not_fit_is_refused_at_once_and_later(name, value, message):
    with pytest.raises(ValueError, match=message):
        CoverOrSeek(**{name: value})
    widget = CoverOrSeek()
    before = getattr(widget, name)
    with pytest.raises(ValueError, match=message):
        setattr(widget, name, value)
    assert getattr(widget, name) == before
