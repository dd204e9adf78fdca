"""Two gradients on a bare page opened from disk: its estimates redrawn in NumPy, its theory by quadrature."""

import math
import re

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm
from widget_pages import Visit, assert_still_stands_in

from vaelib.widgets import TwoGradients

START = {"position": 1.0, "sigma": 1.0, "samples": 1, "seed": 0, "objective": "square"}
WAYS = ("score", "baseline", "reparameterised")
FUNCTIONS = {"square": (np.square, lambda z: 2 * z), "step": (lambda z: (z > 0) * 1.0, lambda z: 0 * z)}
STATES = [
    {},
    {"samples": 100, "seed": 7},
    {"position": -3, "sigma": 0.2, "samples": 3},
    {"position": 0, "sigma": 3},
    {"objective": "step", "samples": 10},
    {"objective": "step", "position": -2.5, "sigma": 0.7},
    {"objective": "step", "position": 3, "sigma": 0.2},
]


def noise(seed: int) -> np.ndarray:
    """The widget's standard normal numbers, (1000, 100): mulberry32 and Box and Muller."""
    steps = np.arange(1, 100_001, dtype=np.uint64)
    state = (np.uint64(seed) + np.uint64(0x6D2B79F5) * steps).astype(np.uint32)
    with np.errstate(over="ignore"):
        bits = (state ^ (state >> np.uint32(15))) * (state | np.uint32(1))
        bits ^= bits + (bits ^ (bits >> np.uint32(7))) * (bits | np.uint32(61))
    uniform = (bits ^ (bits >> np.uint32(14))) / 2**32
    radius, angle = np.sqrt(-2 * np.log1p(-uniform[::2])), 2 * np.pi * uniform[1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(1000, 100)


def average(f, position: float, sigma: float) -> float:
    """E f(z) by scipy, z ~ N(position, sigma^2), cut at the step."""
    cuts = sorted({0.0, *(position + k * sigma for k in (-14, -4, 0, 4, 14))})

    def integrand(z):
        return f(z) * norm.pdf(z, position, sigma)

    return sum(quad(integrand, *ends, epsabs=1e-13)[0] for ends in zip(cuts, cuts[1:]))


def theory(position: float, sigma: float, objective: str, **_) -> tuple[float, float, list[float]]:
    """The exact gradient, the best baseline, and each way's standard deviation for one sample."""
    f, slope = FUNCTIONS[objective]

    def score(z):
        return (z - position) / sigma**2

    def mean(g):
        return average(g, position, sigma)

    exact = mean(lambda z: f(z) * score(z))
    best = mean(lambda z: f(z) * score(z) ** 2) * sigma**2
    squares = [
        mean(lambda z: (f(z) * score(z)) ** 2),
        mean(lambda z: ((f(z) - best) * score(z)) ** 2),
        mean(lambda z: slope(z) ** 2),
    ]
    means = [exact, exact, mean(slope)]
    return exact, best, [math.sqrt(max(s - m * m, 0)) for s, m in zip(squares, means)]


def estimates(position: float, sigma: float, samples: int, seed: int, objective: str, best: float) -> dict:
    """The widget's 1,000 estimates in each way, in NumPy."""
    f, slope = FUNCTIONS[objective]
    e = noise(seed)[:, :samples]
    z = position + sigma * e
    ways = f(z) * e / sigma, (f(z) - best) * e / sigma, slope(z)
    return {name: way.mean(1) for name, way in zip(WAYS, ways)}


def assert_is_right(here: Visit) -> dict:
    """Compare every number on the screen with NumPy's and scipy's for its state; return them."""
    found = here.numbers()
    state = {name: found[name] for name in START}
    exact, best, sds = theory(**state)
    assert found["exact"] == pytest.approx(exact, abs=1e-8)
    assert found["bestBaseline"] == pytest.approx(best, abs=1e-8)
    for (name, values), sd in zip(estimates(**state, best=best).items(), sds):
        shown = found[name]
        assert shown["theory"] == pytest.approx(sd / math.sqrt(state["samples"]), rel=1e-6, abs=1e-6)
        assert shown["mean"] == pytest.approx(values.mean(), abs=1e-8)
        assert shown["sd"] == pytest.approx(values.std(ddof=1), rel=1e-7, abs=1e-8)
        if state["position"] != 0 or state["objective"] == "step":
            assert shown["wrong"] == pytest.approx((values * exact <= 0).mean(), abs=1e-9)
    return found


def slide(here: Visit, name: str, value: float) -> None:
    here.page.get_by_role("slider", name=name, exact=True).fill(str(value))


def choose(here: Visit, name: str) -> None:
    here.page.get_by_role("radio", name=name).check()


def cells(here: Visit) -> list[str]:
    here.settle()
    return here.page.locator(".numbers td").all_inner_texts()


@pytest.mark.parametrize("state", STATES)
def test_numbers_are_those_of_numpy_and_quadrature(show, state):
    found = assert_is_right(show(TwoGradients(**state)))
    assert {name: found[name] for name in START} == {**START, **state}


def test_the_example_of_the_chapter_and_its_closed_forms(show):
    here = show(TwoGradients())
    found = here.numbers()
    assert found["exact"] == 2
    assert [found[name]["theory"] ** 2 for name in WAYS] == pytest.approx([30, 14, 4], abs=1e-12)
    said = here.page.locator(".verdict").inner_text()
    assert "is worth 7.5 of the score function, or 3.5 with the best baseline." in said
    assert f"{found['outside']} of the 1,000 score estimates lie outside" in said
    assert [cells(here)[i] for i in (2, 6, 10)] == ["5.48", "3.74", "2.00"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_is_measured_lies_where_theory_expects_it(show, seed):
    """Within five standard errors: sd / sqrt(1000) of the mean, sd / sqrt(2000) of a normal sd."""
    found = show(TwoGradients(samples=100, seed=seed)).numbers()
    for name in WAYS:
        sd = found[name]["theory"]
        assert found[name]["mean"] == pytest.approx(2, abs=5 * sd / math.sqrt(1000))
        assert found[name]["sd"] == pytest.approx(sd, rel=5 / math.sqrt(2000))
    one = show(TwoGradients(seed=seed)).numbers()["reparameterised"]["wrong"]
    assert one == pytest.approx(norm.cdf(-1), abs=5 * math.sqrt(0.16 * 0.84 / 1000)), "2(1 + e) < 0"


def test_a_step_gives_reparameterisation_nothing_to_follow(show):
    here = show(TwoGradients())
    choose(here, "1 if z > 0")
    found = assert_is_right(here)
    assert found["exact"] == pytest.approx(norm.pdf(1), abs=1e-12)
    assert found["reparameterised"] == {"mean": 0, "sd": 0, "wrong": 1, "theory": 0}
    assert here.page.locator(".verdict").inner_text().startswith("A step has no slope")


def test_where_the_gradient_is_zero_no_sign_is_wrong(show):
    here = show(TwoGradients(position=0))
    assert here.numbers()["score"]["wrong"] is None
    assert [cells(here)[i] for i in (3, 7, 11)] == ["–"] * 3


def test_keys_and_pointer_move_it_and_the_axis_does_not_hear_of_samples(show):
    here = show(TwoGradients(), viewport={"width": 1000, "height": 900})
    ticks = here.page.locator(".chart .tick").all_inner_texts()
    samples = here.page.get_by_role("slider", name="samples per estimate")
    samples.focus()
    for _ in range(7):
        here.page.keyboard.press("ArrowRight")
    found = assert_is_right(here)
    assert found["samples"] == 8 and found["score"]["theory"] < 2, "the task can be done"
    box = samples.bounding_box()
    here.page.mouse.click(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    assert assert_is_right(here)["samples"] == 100
    assert here.page.locator(".chart .tick").all_inner_texts() == ticks
    slide(here, "position μ", -2)
    slide(here, "σ", 0.5)
    found = assert_is_right(here)
    assert (found["exact"], found["sigma"]) == (-4, 0.5)


def test_draw_again_draws_others_and_reset_brings_the_first_back(show):
    here = show(TwoGradients(samples=4))
    first = here.numbers()
    here.page.get_by_role("button", name="Draw again").click()
    other = assert_is_right(here)
    assert other["seed"] == 1 and other["score"]["sd"] != first["score"]["sd"]
    choose(here, "1 if z > 0")
    slide(here, "σ", 2)
    here.page.get_by_role("button", name="Reset").click()
    assert here.numbers() == first
    assert show(TwoGradients(samples=4)).numbers() == first, "the same seed draws the same"


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1000, "light")])
def test_words_stay_apart_and_inside(show, width, theme):
    here = show(TwoGradients(), theme, viewport={"width": width, "height": 800})
    for position, sigma, samples in [(1, 1, 1), (-3, 0.2, 100), (3, 3, 1), (0, 0.2, 50), (0, 3, 1)]:
        slide(here, "position μ", position)
        slide(here, "σ", sigma)
        slide(here, "samples per estimate", samples)
        for name in ("1 if z > 0", "z²"):
            choose(here, name)
            assert here.untidy() == []
            assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    assert here.page.locator(".frame").get_attribute("data-dark") == str(theme == "dark").lower()


def test_a_finger_finds_large_targets(show):
    here = show(TwoGradients(), viewport={"width": 360, "height": 800}, has_touch=True)
    targets = here.page.locator("input[type=range],.choice label,button")
    assert all(target.bounding_box()["height"] >= 44 for target in targets.all())


def test_changes_are_announced(show):
    here = show(TwoGradients())
    slide(here, "samples per estimate", 2)
    here.assert_says(re.compile(r"^Score function: standard deviation [\d.]+. Score \+ baseline"))


def test_without_script_and_in_print_there_is_the_picture(show):
    said = "Three histograms round the exact gradient"
    assert_still_stands_in(show, TwoGradients(), said)


@pytest.mark.parametrize(
    ("state", "exact", "sds"),
    [({}, 2, (30**0.5, 14**0.5, 2)), ({"objective": "step"}, norm.pdf(1), (0.733, 0.426, 0))],
)
def test_the_still_tells_the_numbers_as_they_are(state, exact, sds):
    alt = TwoGradients(**state, samples=100).still().alt
    assert f"The exact gradient is {exact:.3f}." in alt
    told = [float(part.split()[-1]) for part in alt.rstrip(".").split(": ")[1].split(", ")]
    assert told == pytest.approx([sd / 10 for sd in sds], rel=5 / math.sqrt(2000))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("position", 4, "position was 4; expected a number from -3 to 3"),
        ("sigma", 0, "sigma was 0; expected a number from 0.2 to 3"),
        ("samples", 1.5, "samples was 1.5; expected a whole number from 1 to 100"),
        ("seed", -1, "seed was -1"),
        ("objective", "cube", "objective was 'cube'; expected one of square, step"),
    ],
)
def test_what_does_not_fit_is_refused_at_once_and_later(name, value, message):
    with pytest.raises(ValueError, match=message):
        TwoGradients(**{name: value})
    widget = TwoGradients()
    with pytest.raises(ValueError, match=message):
        setattr(widget, name, value)
    assert getattr(widget, name) == START[name]
