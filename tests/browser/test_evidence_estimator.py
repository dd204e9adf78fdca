"""The evidence estimator on a bare page: moved by hand, compared with scipy, its simulation with theory."""

import math
import re

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib.widgets import EvidenceEstimator

WIDE = {"dimension": 3, "proposal": "gaussian", "width": 0.15}
NARROW = {"dimension": 2, "proposal": "gaussian", "width": 0.05}
RUNS = 300


def finished(here: Visit) -> dict:
    """The numbers once all estimates are there."""
    here.settle()
    here.page.wait_for_function(f"document.querySelector('{READY}').vaelib.numbers.runs === {RUNS}")
    return here.numbers()


def moment(power: int, width: float, noise: float) -> float:
    """E_q[w^power] in one dimension by scipy's quadrature, for q = N(0, width^2) at x = 0."""

    def integrand(z: float) -> float:
        log_q = norm.logpdf(z, 0, width)
        return math.exp(power * (norm.logpdf(z) + norm.logpdf(0, z, noise) - log_q) + log_q)

    cuts = [noise / 4, noise, 3 * noise]
    end = 12 * max(width, noise)
    return 2 * quad(integrand, 0, end, points=cuts, epsabs=0, epsrel=1e-12, limit=400)[0]


def assert_theory(numbers: dict, d: int, samples: int, width: float, noise: float) -> None:
    """What needs no samples must be what quadrature says, in every dimension by independence."""
    p, second = moment(1, width, noise), moment(2, width, noise)
    r = second / p**2
    excess = r**d - 1
    assert numbers["exact"] == pytest.approx(d * math.log(p), abs=1e-9)
    assert numbers["exact"] == pytest.approx(d * norm.logpdf(0, 0, math.sqrt(1 + noise**2)), abs=1e-9)
    assert numbers["r"] == pytest.approx(r, rel=1e-9)
    assert numbers["R"] == pytest.approx(r**d, rel=1e-9)
    assert numbers["relative"] == pytest.approx(math.sqrt(excess / samples), rel=1e-8)
    assert numbers["bias"] == pytest.approx(-excess / (2 * samples), rel=1e-8)
    assert numbers["effective"] == pytest.approx(samples / r**d, rel=1e-9)
    assert numbers["needed"] == pytest.approx(100 * excess, rel=1e-8)
    assert numbers["grid"] == pytest.approx(20.0**d, rel=1e-12)


def assert_summaries(numbers: dict) -> np.ndarray:
    """Means and deviations must be those of the dots; returns p̂/p of each."""
    estimates = np.array(numbers["estimates"])
    shares = np.exp(estimates - numbers["exact"])
    assert numbers["mean"] == pytest.approx(estimates.mean(), abs=1e-9)
    assert numbers["meanBias"] == pytest.approx(estimates.mean() - numbers["exact"], abs=1e-9)
    assert numbers["spread"] == pytest.approx(estimates.std(ddof=1), abs=1e-9)
    assert numbers["measured"] == pytest.approx(shares.std(ddof=1), rel=1e-9)
    return shares


def slide(here: Visit, name: str, value: float) -> None:
    here.page.get_by_role("slider", name=name).fill(str(value))


@pytest.mark.parametrize(
    ("state", "width"),
    [
        ({}, 1.0),
        ({"dimension": 20, "samples": 7}, 1.0),
        ({"dimension": 4, "noise": 0.5}, 1.0),
        (WIDE, 0.15),
        ({"dimension": 5, "proposal": "gaussian", "width": 0.08}, 0.08),
    ],
)
def test_what_needs_no_samples_is_what_quadrature_says(show, state, width):
    numbers = finished(show(EvidenceEstimator(**state)))
    options = {"dimension": 1, "samples": 100, "noise": 0.1} | state
    assert_theory(numbers, options["dimension"], options["samples"], width, options["noise"])
    assert_summaries(numbers)


def test_the_numbers_of_the_chapter_stand_there(show):
    here = show(EvidenceEstimator(dimension=10))
    numbers = finished(here)
    assert numbers["r"] == pytest.approx(7.12399072, abs=1e-8)
    assert numbers["needed"] == pytest.approx(3.366925055e10, rel=1e-9)
    text = here.page.locator(f"{READY} .readouts").inner_text().replace("\u00a0", " ")
    assert "3.4 × 10¹⁰" in text and "1.0 × 10¹³" in text and "7.12" in text


@pytest.mark.parametrize(
    "state",
    [
        {"samples": 10_000},
        {**WIDE, "samples": 400},
        {"dimension": 4, "proposal": "gaussian", "width": 0.2, "samples": 1000},
        {"dimension": 19, "proposal": "gaussian", "width": 0.11, "samples": 50},
        {"dimension": 20, "proposal": "gaussian", "width": 0.095, "samples": 50},
    ],
)
def test_the_simulation_keeps_to_theory(show, state):
    """Intervals of four standard errors, by normal theory; the samples are fixed, so is the verdict."""
    numbers = finished(show(EvidenceEstimator(**state)))
    shares, relative = assert_summaries(numbers), numbers["relative"]
    assert relative < 0.3, "where the theory of the logarithm holds"
    error = relative / math.sqrt(RUNS)
    assert shares.mean() == pytest.approx(1, abs=4 * error), "unbiased"
    assert numbers["measured"] == pytest.approx(relative, rel=4 / math.sqrt(2 * RUNS))
    assert numbers["meanBias"] == pytest.approx(numbers["bias"], abs=4 * error)
    assert numbers["effectiveMeasured"] == pytest.approx(numbers["effective"], rel=0.5)


def test_the_bias_of_the_logarithm_is_seen_over_many_draws(show):
    here = show(EvidenceEstimator(**WIDE, samples=20))
    biases, shares = [], []
    for _ in range(20):
        numbers = finished(here)
        biases.append(numbers["meanBias"])
        shares += np.exp(np.array(numbers["estimates"]) - numbers["exact"]).tolist()
        here.page.get_by_role("button", name="New samples").click()
    deviation = np.std(biases) / math.sqrt(len(biases))
    assert deviation < 0.2 * -numbers["bias"]
    assert np.mean(biases) == pytest.approx(numbers["bias"], rel=0.15, abs=4 * deviation)
    assert np.mean(shares) == pytest.approx(1, abs=4 * numbers["relative"] / math.sqrt(len(shares)))
    assert len(set(shares)) == len(shares), "no two runs share their random numbers"


def test_one_sample_draws_the_weight_itself_in_odd_and_even_dimensions(show):
    """ln w depends on z through |z|² alone, which is chi-squared with d degrees of freedom."""
    here = show(EvidenceEstimator(samples=1, seed=3))
    for d in (1, 2, 5, 8):
        slide(here, "Dimension d", d)
        numbers = finished(here)
        ratio = 1.01 / 0.01  # of the variances of prior and posterior
        relative = np.array(numbers["estimates"]) - numbers["exact"] - d / 2 * math.log(ratio)
        squares = relative * 2 / (1 - ratio)
        assert squares.min() > 0
        assert squares.mean() == pytest.approx(d, abs=4 * math.sqrt(2 * d / RUNS))
        kurtosis = 3 + 12 / d
        assert squares.var() == pytest.approx(2 * d, rel=4 * math.sqrt((kurtosis - 1) / RUNS))


def test_the_posterior_needs_one_sample_and_no_theory(show):
    here = show(EvidenceEstimator(dimension=10, samples=1, proposal="posterior"))
    numbers = finished(here)
    assert numbers["estimates"] == pytest.approx([numbers["exact"]] * RUNS, abs=1e-9)
    assert numbers["R"] == 1 and numbers["relative"] == 0 == numbers["measured"]
    assert "one sample is enough" in here.page.locator(".verdict").inner_text()


def test_a_proposal_that_is_too_narrow_has_infinite_variance_and_says_so(show):
    here = show(EvidenceEstimator(**NARROW), theme="dark")
    numbers = finished(here)
    assert numbers["R"] == numbers["relative"] == numbers["needed"] == math.inf
    text = here.page.locator(f"{READY} .frame").inner_text()
    assert "infinite variance" in text and "∞" in text and "NaN" not in text and "Infinity" not in text
    assert_summaries(numbers)
    edge = 0.1 / math.sqrt(1.01) / math.sqrt(2)
    assert finished(show(EvidenceEstimator(proposal="gaussian", width=edge * 1.001)))["R"] < math.inf
    assert finished(show(EvidenceEstimator(proposal="gaussian", width=edge * 0.999)))["R"] == math.inf


def test_too_few_samples_are_called_so(show):
    here = show(EvidenceEstimator(dimension=10))
    numbers = finished(here)
    assert numbers["measured"] < 0.01 < 1 < numbers["relative"]
    assert "have not come" in here.page.locator(".verdict").inner_text()
    assert "does not hold" in here.page.locator(".numbers").inner_text()


def test_everything_moves_by_keyboard(show):
    here = show(EvidenceEstimator())
    press = here.page.keyboard.press
    here.page.get_by_role("slider", name="Dimension d").focus()
    press("ArrowRight")
    assert_theory(finished(here), 2, 100, 1.0, 0.1)
    here.page.get_by_role("slider", name="Samples K").focus()
    press("ArrowRight")
    assert_theory(finished(here), 2, 110, 1.0, 0.1)
    press("End")
    press("ArrowLeft")
    assert_theory(finished(here), 2, 8900, 1.0, 0.1)
    here.page.get_by_role("radio", name="prior").focus()
    press("ArrowRight")
    assert finished(here)["R"] == 1
    here.page.get_by_role("slider", name="Width of the proposal").focus()
    press("ArrowRight")
    assert_theory(finished(here), 2, 8900, 0.11, 0.1)
    assert here.page.get_by_role("radio", name="Gaussian").is_checked()


def test_a_pointer_moves_the_width_and_more_samples_begin_with_the_same(show):
    here = show(EvidenceEstimator(dimension=2), viewport={"width": 1000, "height": 900})
    before = finished(here)
    box = here.page.get_by_role("slider", name="Width of the proposal").bounding_box()
    y = box["y"] + box["height"] / 2
    here.page.mouse.move(box["x"] + 0.84 * box["width"], y)
    here.page.mouse.down()
    here.page.mouse.move(box["x"] + 0.5 * box["width"], y, steps=4)
    here.page.mouse.up()
    after = finished(here)
    assert 0.15 < after["width"] < 0.27 and after["relative"] < before["relative"] / 2
    assert_theory(after, 2, 100, after["width"], 0.1)
    slide(here, "Samples K", 41)
    more = finished(here)
    assert more["effective"] == pytest.approx(1.1 * after["effective"])
    moved = np.abs(np.subtract(more["estimates"], after["estimates"]))
    assert np.median(moved) < after["spread"] / 2, "each dot is a mean that goes on"


def test_many_samples_come_frame_by_frame_and_end_the_same(show):
    here = show(EvidenceEstimator(dimension=19, samples=10_000, seed=5))
    before = finished(here)
    here.page.get_by_role("button", name="New samples").click()
    here.page.get_by_role("button", name="Reset").click()
    heads = here.page.evaluate(
        f"""() => new Promise(done => {{
          const el = document.querySelector('{READY}'), heads = new Set();
          const look = () => {{
            heads.add(el.shadowRoot.querySelector(".head").textContent);
            el.vaelib.numbers.runs < {RUNS} ? requestAnimationFrame(look) : done([...heads]);
          }};
          requestAnimationFrame(() => requestAnimationFrame(look));
        }})"""
    )
    assert len(heads) > 5 and heads[-1] == f"{RUNS} estimates, 10000 samples each"
    parts = [int(head.split()[0]) for head in heads if f" of {RUNS} estimates" in head]
    assert parts == sorted(parts) and len(parts) == len(heads) - 1
    assert here.numbers() == before


def test_reset_brings_the_start_back(show):
    here = show(EvidenceEstimator(**WIDE, seed=5))
    before = finished(here)
    slide(here, "Dimension d", 7)
    slide(here, "Samples K", 3)
    here.page.get_by_role("radio", name="prior").check()
    here.page.get_by_role("button", name="New samples").click()
    assert finished(here)["estimates"] != before["estimates"]
    here.page.get_by_role("button", name="Reset").click()
    assert finished(here) == before


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1000, "light")])
def test_words_stay_apart_and_inside(show, width, theme):
    here = show(EvidenceEstimator(), theme=theme, viewport={"width": width, "height": 800})
    for d in (1, 10, 20):
        slide(here, "Dimension d", d)
        for position in (0, 30, 36, 99):
            slide(here, "Width of the proposal", position)
            finished(here)
            assert here.untidy() == []
            assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    assert here.page.locator(".frame").get_attribute("data-dark") == str(theme == "dark").lower()


def test_a_finger_finds_large_targets(show):
    here = show(EvidenceEstimator(), viewport={"width": 360, "height": 800}, has_touch=True, is_mobile=True)
    targets = here.page.locator("input[type=range],.choice label,button")
    assert all(target.bounding_box()["height"] >= 44 for target in targets.all())


def test_changes_are_announced(show):
    here = show(EvidenceEstimator())
    here.page.get_by_role("radio", name="posterior").check()
    here.assert_says(re.compile("^" + re.escape("Mean of the estimates −0.924 nats, exact −0.924.")))


def test_without_script_and_in_print_there_is_the_picture(show):
    said = "Exact: ln p(x) −0.924,"
    assert_still_stands_in(show, EvidenceEstimator(), said)


def test_the_still_tells_the_numbers_as_they_are():
    words = EvidenceEstimator(samples=10_000).still().alt
    found = words.split("mean ")[1].rstrip(".").replace("−", "-").split(", standard deviation ")
    mean, deviation = map(float, found)
    assert mean == pytest.approx(-0.924, abs=0.01)
    assert deviation == pytest.approx(math.sqrt(6.12399072 / 10_000), rel=0.2)
    assert "standard deviation of p̂(x) 0.025 p(x)" in words
    assert "standard deviation of p̂(x) 1,834.918 p(x)" in EvidenceEstimator(dimension=10).still().alt
    assert "standard deviation of p̂(x) ∞ p(x)" in EvidenceEstimator(**NARROW).still().alt
    posterior = EvidenceEstimator(proposal="posterior", dimension=7, noise=0.3).still().alt
    assert posterior.endswith("standard deviation 0.000.") and "p̂(x) 0.000 p(x)" in posterior


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dimension", 0),
        ("dimension", 2.5),
        ("samples", 10_001),
        ("samples", 0),
        ("proposal", "likelihood"),
        ("width", 0.01),
        ("width", math.nan),
        ("noise", 0),
        ("seed", -1),
    ],
)
def test_what_does_not_fit_is_refused(name, value):
    with pytest.raises(ValueError, match=f"^{name} was "):
        EvidenceEstimator(**{name: value})
    widget = EvidenceEstimator()
    with pytest.raises(ValueError, match=f"^{name} was "):
        setattr(widget, name, value)
