"""The gap on a bare page opened from disk: moved, climbed, compared with the exact model and torch."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib.exact import GaussianQ, LinearGaussianModel
from vaelib.widgets import TheGap

START = {"mean": 0.5, "variance": 0.3, "x": 1.5, "weight": 2.0, "sigma": 1.0}
STATES = [
    {},
    {"mean": 4, "variance": 0.01, "x": -4, "weight": 3, "sigma": 0.5},
    {"weight": 0, "x": 4, "sigma": 0.5, "variance": 2},
    {"mean": -1, "variance": 0.04, "x": -2, "weight": -1.5, "sigma": 3},
    {"x": 0, "mean": 0, "weight": 0, "sigma": 0.5, "variance": 1},
]


def expected(mean: float, variance: float, x: float, weight: float, sigma: float) -> dict[str, float]:
    """What the widget must show, by `vaelib.exact` and torch."""
    model = LinearGaussianModel([[weight]], sigma)
    posterior = model.posterior([[x]])
    evidence = model.log_evidence([[x]]).item()
    elbo = model.elbo([[x]], GaussianQ([[mean]], [[variance]])).item()
    q, prior = (Normal(*torch.tensor(pair, dtype=torch.float64)) for pair in ((mean, variance**0.5), (0, 1)))
    rate, entropy = kl_divergence(q, prior).item(), q.entropy().item()
    return {
        "logEvidence": evidence,
        "elbo": elbo,
        "gap": evidence - elbo,
        "reconstruction": elbo + rate,
        "rate": rate,
        "energy": elbo - entropy,
        "entropy": entropy,
        "posteriorMean": posterior.mean.item(),
        "posteriorVariance": posterior.covariance.item(),
    }


def assert_is_right(here: Visit) -> dict:
    """Compare every number on the screen with Python's for the state on the screen; return them."""
    found = here.numbers()
    for name, value in expected(**{name: found[name] for name in START}).items():
        assert found[name] == pytest.approx(value, rel=1e-10, abs=1e-9), name
    assert found["elbo"] + found["gap"] == pytest.approx(found["logEvidence"], rel=1e-10)
    return found


def slide(here: Visit, name: str, value: float) -> None:
    here.page.get_by_role("slider", name=name, exact=True).fill(str(value))


def press(here: Visit, name: str) -> None:
    here.page.get_by_role("button", name=name).click()


def split(here: Visit, name: str) -> None:
    here.page.get_by_role("radio", name=name, exact=True).check()


def verdict(here: Visit) -> str:
    here.settle()
    return here.page.locator(".verdict").inner_text()


def wait_until(here: Visit, what: str) -> None:
    """Wait until this holds for a number on the screen."""
    here.page.wait_for_function(f"document.querySelector('[data-vaelib-ready]').vaelib.numbers.{what}")


def picture(here: Visit) -> dict:
    """The heights of the line and of the first column's two pieces, and where the axis stands, in pixels."""
    here.settle()
    return here.page.locator(READY).evaluate(
        """el => {
          const chart = el.shadowRoot.querySelectorAll(".chart")[1];
          const [elbo, gap] = [...chart.querySelectorAll("rect")].map(node => ({
            top: Number(node.getAttribute("y")), height: Number(node.getAttribute("height"))}));
          const line = [...chart.querySelectorAll(".curve")].at(-1);
          return {elbo, gap, line: Number(line.getAttribute("d").split(/[ L]/)[1])};
        }"""
    )


@pytest.mark.parametrize("state", STATES)
def test_numbers_are_those_of_the_exact_model_and_the_climb_arrives(show, state):
    """Without motion it arrives at once."""
    here = show(TheGap(**state), reduced_motion="reduce")
    found = assert_is_right(here)
    assert {name: found[name] for name in START} == {**START, **state}
    press(here, "Climb")
    found = assert_is_right(here)
    assert found["gap"] < 1e-9 and found["steps"] < 500


def test_the_default_is_the_example_of_the_chapter(show):
    here = show(TheGap())
    found = here.numbers()
    known = {
        "logEvidence": -1.948657489,
        "elbo": -2.020924935,
        "gap": 0.072267446,
        "reconstruction": -1.643938533,
        "rate": 0.376986402,
        "posteriorMean": 0.6,
        "posteriorVariance": 0.2,
    }
    assert {name: found[name] for name in known} == pytest.approx(known, abs=1e-9)
    assert here.page.locator(".net").inner_text() == "ELBO −2.021 = ln p(x) −1.949 − gap 0.072"
    split(here, "rate")
    here.settle()
    assert here.page.locator(".net").inner_text() == "ELBO −2.021 = reconstruction −1.644 − rate 0.377"
    split(here, "entropy")
    here.settle()
    assert here.page.locator(".net").inner_text() == "ELBO −2.021 = energy −2.838 + entropy 0.817"
    assert "posterior N(0.60, 0.20)" in here.page.locator(".legend").inner_text()


def test_q_trades_elbo_for_gap_under_a_line_that_only_x_and_theta_move(show):
    here = show(TheGap())
    before = picture(here)
    nat = before["gap"]["height"] / here.numbers()["gap"]
    for mean, variance in [(0, 0.3), (0.4, 1), (1, 0.05)]:
        slide(here, "mean", mean)
        slide(here, "variance", variance)
        now, found = picture(here), assert_is_right(here)
        assert now["line"] == before["line"]
        assert now["gap"]["top"] == pytest.approx(now["line"], abs=0.01), "the gap ends at the line,"
        edge = now["line"] + nat * found["gap"]
        assert now["elbo"]["top"] == pytest.approx(edge, abs=0.05), "where the ELBO begins"
        assert now["gap"]["height"] == pytest.approx(nat * found["gap"], abs=0.05)
    for name, value in [("x", 0.5), ("weight", 1), ("σ", 2)]:
        slide(here, name, value)
        assert_is_right(here)
        assert picture(here)["line"] != before["line"]
        before = picture(here)


def test_a_q_far_away_fills_the_column_with_its_gap(show):
    here = show(TheGap(mean=-4))
    here.settle()
    columns = here.page.locator(".chart").nth(1)
    assert columns.locator("rect").count() == 1
    assert f"−{-here.numbers()['elbo']:.3f} ↓" in columns.text_content()


def test_a_pointer_and_keys_move_q(show):
    here = show(TheGap(), viewport={"width": 1000, "height": 900})
    handle, plane = here.page.locator(".handle"), here.page.locator(".plane").bounding_box()
    box = handle.bounding_box()
    here.page.mouse.move(box["x"] + 22, box["y"] + 22)
    here.page.mouse.down()
    density = 1 / math.sqrt(2 * math.pi) / 0.8
    x, y = plane["x"] + plane["width"] * 0.7, plane["y"] + plane["height"] * (1 - density / 1.6)
    here.page.mouse.move(x, y, steps=4)
    here.page.mouse.up()
    found = assert_is_right(here)
    assert (found["mean"], found["variance"]) == pytest.approx((2, 0.64), abs=0.03)
    here.page.mouse.move(x, y)
    here.page.mouse.down()
    here.page.mouse.move(plane["x"] + plane["width"], plane["y"] + plane["height"], steps=2)
    here.page.mouse.up()
    found = assert_is_right(here)
    assert found["mean"] == 4 and 1.96 < found["variance"] <= 2, "the reach ends there"
    handle.focus()
    here.page.keyboard.press("Home")
    here.page.keyboard.press("Shift+ArrowRight")
    here.page.keyboard.press("ArrowUp")
    found = assert_is_right(here)
    assert (found["mean"], found["variance"]) == pytest.approx((0.75, 0.25))


def test_q_on_the_posterior_closes_the_gap(show):
    here = show(TheGap(**STATES[1]))
    press(here, "Put q on the posterior")
    found = assert_is_right(here)
    assert found["gap"] < 1e-12 and found["elbo"] == pytest.approx(found["logEvidence"], abs=1e-10)
    assert found["mean"] == found["posteriorMean"]
    assert verdict(here) == "q is the posterior, the gap is closed, and the ELBO is ln p(x)."


def test_the_climb_animates_stops_and_arrives(show):
    here = show(TheGap(mean=-1, variance=1))
    before = here.numbers()
    press(here, "Climb")
    press(here, "Stop")
    found = assert_is_right(here)
    assert found["steps"] > 0 and before["elbo"] < found["elbo"] < found["logEvidence"]
    press(here, "Climb")
    wait_until(here, "gap < 1e-9")
    found = assert_is_right(here)
    assert (found["mean"], found["variance"]) == pytest.approx((0.6, 0.2), abs=1e-4)
    assert verdict(here).startswith(f"After {found['steps']} steps: q is the posterior")
    slide(here, "x", 0)
    assert here.numbers()["steps"] == 0


def test_the_first_step_is_a_tenth_of_the_slope(show):
    """Torch has the slope, by automatic differentiation of the exact ELBO."""
    here = show(TheGap())
    here.page.evaluate("window.requestAnimationFrame = call => setTimeout(call, 300)")  # time to read a step
    place = torch.tensor([0.5, math.log(0.3)], dtype=torch.float64, requires_grad=True)
    mean, log_var = place
    q = GaussianQ(mean[None, None], log_var.exp()[None, None])
    LinearGaussianModel([[2.0]], 1.0).elbo([[1.5]], q).backward()
    press(here, "Climb")
    wait_until(here, "steps === 1")
    found = here.page.locator(READY).evaluate("el => el.vaelib.numbers")
    ahead = [found["mean"] - 0.5, math.log(found["variance"] / 0.3)]
    assert ahead == pytest.approx((0.1 * place.grad).tolist(), abs=1e-9)


def test_an_m_step_is_the_best_theta_for_this_q(show):
    here = show(TheGap())
    press(here, "One M-step")
    found = assert_is_right(here)
    for weight, sigma in [(0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)]:
        aside = {**{name: found[name] for name in START}}
        aside["weight"] += weight
        aside["sigma"] += sigma
        assert expected(**aside)["elbo"] < found["elbo"]
    assert found["logEvidence"] > -1.948657489, "the line itself has risen"
    press(here, "Put q on the posterior")
    press(here, "One M-step")
    assert assert_is_right(here)["logEvidence"] > found["logEvidence"]


def test_reset_brings_all_back(show):
    here = show(TheGap())
    for name, value in [("mean", -1), ("variance", 1), ("x", 3), ("weight", -2), ("σ", 2)]:
        slide(here, name, value)
    split(here, "entropy")
    here.settle()
    press(here, "Reset")
    found = here.numbers()
    assert {name: found[name] for name in START} == START
    assert here.page.get_by_role("radio", name="gap").is_checked()


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1000, "light")])
def test_words_stay_apart_and_inside(show, width, theme):
    here = show(TheGap(), theme, viewport={"width": width, "height": 800})
    for state in ({}, *STATES[1:], {"mean": 0.6, "variance": 0.2}, {"mean": -0.2, "variance": 0.05}):
        for name, value in {**START, **state}.items():
            slide(here, "σ" if name == "sigma" else name, value)
        for name in ("rate", "entropy", "gap"):
            split(here, name)
            assert here.untidy() == []
            assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    assert here.page.locator(".frame").get_attribute("data-dark") == str(theme == "dark").lower()


def test_a_finger_finds_large_targets(show):
    here = show(TheGap(), viewport={"width": 360, "height": 800}, has_touch=True)
    targets = here.page.locator(".handle,input[type=range],.choice label,button")
    assert all(target.bounding_box()["height"] >= 44 for target in targets.all())


def test_changes_are_announced(show):
    here = show(TheGap())
    slide(here, "mean", 0.6)
    here.assert_says("ELBO −1.996, gap 0.047, ln p(x) −1.949 nats.")


def test_without_script_and_in_print_there_is_the_picture(show):
    said = "Three densities, and a column under a line."
    assert_still_stands_in(show, TheGap(), said)


def test_the_still_tells_the_numbers_as_they_are():
    alt = TheGap(mean=-1).still().alt
    found = expected(**{**START, "mean": -1})
    assert "prior N(0.00, 1.00), posterior N(0.60, 0.20), q N(−1.00, 0.30)" in alt
    numbers = f"ELBO {found['elbo']:.3f} + gap {found['gap']:.3f} nats, at x = 1.5.".replace("-", "−")
    assert f"ln p(x) −1.949 = {numbers}" in alt


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("mean", 5, "mean was 5; expected a number from -4 to 4"),
        ("variance", 0, "variance was 0; expected a number from 0.01 to 2"),
        ("x", float("nan"), "x was nan"),
        ("weight", "2", "weight was '2'"),
        ("sigma", 0.1, "sigma was 0.1; expected a number from 0.5 to 3"),
    ],
)
def test_what_does_not_fit_is_refused_at_once_and_later(name, value, message):
    with pytest.raises(ValueError, match=message):
        TheGap(**{name: value})
    widget = TheGap()
    with pytest.raises(ValueError, match=message):
        setattr(widget, name, value)
    assert getattr(widget, name) == START[name]
