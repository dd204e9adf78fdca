"""Collapse on a bare page opened from disk: its numbers against `vaelib.linear`, its picture against its numbers."""

import math

import pytest
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib.linear import linear_vae_optimum
from vaelib.widgets import Collapse

TOY = [4, 2, 1, 0.5, 0.25]
MANY = [2.0 ** (-i / 4) for i in range(50)]
TOTALS = ("sigma2", "distortion", "objective")
STATES = [
    {},
    {"beta": 0.3},
    {"beta": 2.5, "latents": 3},
    {"beta": 2, "latents": 2, "noise": "learned"},
    {"latents": 2, "noise": "learned", "sigma2": 4},
    {"beta": 7, "latents": 4, "noise": "learned"},
    {"eigenvalues": [0.3, 5, 0, 5, 1, 0.02, 3, 100], "latents": 3, "beta": 0.05, "sigma2": 0.5},
    {"eigenvalues": [1, 1], "beta": 16, "sigma2": 10},
    {"eigenvalues": MANY, "latents": 30, "sigma2": 0.01, "beta": 4},
    {"eigenvalues": MANY, "latents": 20, "noise": "learned", "beta": 2.4},
]


def assert_is_right(here: Visit) -> dict:
    """Compare every number with Python's for the state on the screen; return them."""
    found = here.numbers()
    noise = found["sigma2"]
    best = linear_vae_optimum(found["eigenvalues"], found["beta"], noise, found["latents"])
    assert [found[name] for name in TOTALS] == pytest.approx([getattr(best, name) for name in TOTALS])
    assert found["tau"] == pytest.approx(found["beta"] * noise)
    assert (found["rate"], found["sse"]) == pytest.approx((best.rate.sum().item(), best.sse.sum().item()))
    falling = sorted(found["dims"], key=lambda dim: -dim["value"])
    for name in ("weight2", "gain", "variance", "rate", "sse"):
        assert [dim[name] for dim in falling] == pytest.approx(getattr(best, name).tolist(), abs=1e-12), name
    assert [dim["active"] for dim in falling] == (best.rate > 0).tolist()
    assert found["active"] == (best.rate > 0).sum() and sum(dim["latent"] for dim in falling) == found["latents"]
    return found


def slide(here: Visit, name: str, value: float) -> None:
    here.page.get_by_role("slider", name=name, exact=True).fill(str(value))


def choose(here: Visit, name: str) -> None:
    here.page.get_by_role("radio", name=name, exact=True).check()


def kinds(here: Visit) -> dict[str, list[dict]]:
    """Where the pieces of the bars lie, in pixels, by kind."""
    here.settle()
    return here.page.locator(READY).evaluate(
        """el => Object.fromEntries(["lit", "under", "dark", "none"].map(kind => [kind,
             [...el.shadowRoot.querySelectorAll(`.chart .bar-${kind}`)].map(node => ({
               top: Number(node.getAttribute("y")), height: Number(node.getAttribute("height"))}))]))"""
    )


@pytest.mark.parametrize("state", STATES)
def test_numbers_are_those_of_the_closed_form(show, state):
    widget = Collapse(**state)
    here = show(widget)
    found = assert_is_right(here)
    values = state.get("eigenvalues", TOY)
    assert found["latents"] == min(state.get("latents", 5), len(values)) and found["eigenvalues"] == values
    if state.get("noise") == "learned":
        assert found["sigma2"] == pytest.approx(
            linear_vae_optimum(values, found["beta"], latent_dim=found["latents"]).sigma2)
    else:
        assert found["sigma2"] == state.get("sigma2", 1)
    best = widget.optimum()
    assert found["objective"] == pytest.approx(best.objective)


def test_the_defaults_and_the_learned_example_are_those_of_the_book(show):
    here = show(Collapse())
    found = here.numbers()
    assert (found["active"], found["rate"], found["objective"]) == pytest.approx((2, 1.039720771, 7.509413437))
    verdict = here.page.locator(".verdict")
    assert verdict.inner_text() == (
        "2 of 5 dimensions are active at the level τ = 1.00; 3 latents have collapsed onto the prior."
    )
    slide(here, "Latents k", 2)
    slide(here, "β", math.log10(2))
    choose(here, "learned")
    found = assert_is_right(here)
    assert (found["active"], found["sigma2"], found["tau"]) == pytest.approx((1, 1.25, 2.5))
    assert found["objective"] == pytest.approx(8.122555174)
    noise = here.page.get_by_role("slider", name="Noise σ²")
    assert noise.is_disabled() and noise.get_attribute("aria-valuetext") == "1.25"


@pytest.mark.parametrize("sigma2", [0.999, 1.0])
def test_a_dimension_is_dark_exactly_where_its_eigenvalue_is_not_above_the_level(show, sigma2):
    here = show(Collapse(sigma2=sigma2))
    lit = 3 if sigma2 < 1 else 2
    assert here.numbers()["active"] == lit
    pieces = kinds(here)
    assert [len(pieces[kind]) for kind in ("lit", "under", "dark", "none")] == [lit, lit, 5 - lit, 0]


def test_the_height_above_the_level_is_twice_the_rate(show):
    here = show(Collapse(sigma2=0.3, latents=4))
    pieces, found = kinds(here), here.numbers()
    rates = [dim["rate"] for dim in found["dims"] if dim["active"]]
    # Where 10 and 0.01 lie in a chart 300 pixels high.
    nat = (300 - 26 - 36) / math.log(1000)
    assert [bar["height"] for bar in pieces["lit"]] == pytest.approx([2 * nat * rate for rate in rates], abs=0.01)
    level = {round(bar["top"], 6) for bar in pieces["under"]}
    assert len(level) == 1 and level.pop() == pytest.approx(26 + nat * math.log(10 / 0.3), abs=0.01)
    assert (len(pieces["dark"]), len(pieces["none"])) == (0, 1)


def test_a_pointer_and_keys_move_an_eigenvalue(show):
    here = show(Collapse(), viewport={"width": 1000, "height": 900})
    handle = here.page.get_by_role("slider", name="Eigenvalue 3")
    box, chart = handle.bounding_box(), here.page.locator(".chart").bounding_box()
    here.page.mouse.move(box["x"] + 22, box["y"] + 22)
    here.page.mouse.down()
    here.page.mouse.move(box["x"] + 60, chart["y"] + 26 + 238 / 6, steps=4)
    here.page.mouse.up()
    found = assert_is_right(here)
    assert found["eigenvalues"][2] == pytest.approx(10**0.5, rel=0.05), "a sixth of three powers of ten from the top"
    assert found["eigenvalues"][:2] + found["eigenvalues"][3:] == [4, 2, 0.5, 0.25] and found["active"] == 3
    here.page.keyboard.press("Home")
    here.page.keyboard.press("ArrowUp")
    assert assert_is_right(here)["eigenvalues"][2] == 1.05
    here.page.keyboard.press("Shift+ArrowDown")
    assert assert_is_right(here)["eigenvalues"][2] == pytest.approx(1.05 / 1.05**5, abs=0.005)
    assert handle.get_attribute("aria-valuetext") == "0.82, dark"
    for _ in range(40):
        here.page.keyboard.press("Shift+ArrowDown")
    assert here.numbers()["eigenvalues"][2] == 0.02


def test_sliders_stop_at_one_and_reach_both_ends(show):
    here = show(Collapse(beta=3, sigma2=3))
    for name, trait, ends in [("β", "beta", (0.05, 15.8)), ("Noise σ²", "sigma2", (0.001, 10))]:
        slide(here, name, 0)
        assert here.numbers()[trait] == 1
        here.page.get_by_role("slider", name=name, exact=True).focus()
        for key, end in zip(("Home", "End"), ends):
            here.page.keyboard.press(key)
            assert here.numbers()[trait] == pytest.approx(end, rel=0.03)
            assert_is_right(here)


def test_presets_bring_other_data_and_reset_undoes_all(show):
    here = show(Collapse(presets={"toy": TOY, "wide": MANY}))
    choose(here, "wide")
    found = assert_is_right(here)
    assert found["eigenvalues"] == MANY and found["latents"] == 50
    assert here.page.locator(".handle:visible").count() == 0
    assert here.page.locator("tbody tr").count() == 8
    assert "The first 8 of 50" in here.page.locator("table").inner_text()
    slide(here, "β", 0.5)
    choose(here, "learned")
    here.settle()
    here.page.get_by_role("button", name="Reset").click()
    found = assert_is_right(here)
    assert (found["eigenvalues"], found["beta"], found["noise"]) == (TOY, 1, "fixed")
    assert here.page.get_by_role("radio", name="toy").is_checked()
    assert here.page.locator(".handle:visible").count() == 5


def test_noise_that_would_vanish_stops_at_its_lowest(show):
    widget = Collapse(noise="learned", beta=0.5)
    here = show(widget)
    assert assert_is_right(here)["sigma2"] == 0.001 == widget.optimum().sigma2
    assert here.page.locator(".verdict").inner_text().startswith("Nothing is left over to be noise")


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1000, "light")])
def test_words_stay_apart_and_inside(show, width, theme):
    for state in STATES:
        here = show(Collapse(**state), theme, viewport={"width": width, "height": 800})
        assert here.untidy() == []
        assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    assert here.page.locator(".frame").get_attribute("data-dark") == str(theme == "dark").lower()


def test_a_finger_finds_large_targets(show):
    here = show(Collapse(presets={"toy": TOY}), viewport={"width": 360, "height": 800}, has_touch=True)
    targets = here.page.locator(".handle:visible,input[type=range],.choice label,button")
    assert all(target.bounding_box()["height"] >= 44 for target in targets.all())


def test_changes_are_announced(show):
    here = show(Collapse())
    slide(here, "β", -0.5)
    here.assert_says("4 of 5 dimensions are active at the level τ = 0.32; 1 latent has collapsed onto the prior.")


def test_without_script_and_in_print_there_is_the_picture(show):
    assert_still_stands_in(show, Collapse(), "Bars, the eigenvalues, and a level across them.")


def test_the_still_tells_the_numbers_as_they_are():
    caption = Collapse(beta=2, latents=2, noise="learned").still().caption
    assert "β = 2, σ² = 1.25, so τ = 2.5: 1 of 5 dimensions is active" in caption


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("eigenvalues", [1], r"eigenvalues was \[1\]; expected 2 to 100 numbers from 0 to 100"),
        ("eigenvalues", [1, -1], "eigenvalues was"),
        ("eigenvalues", [[1, 2]], "eigenvalues was"),
        ("eigenvalues", [1, math.nan], "eigenvalues was"),
        ("beta", 0, "beta was 0"),
        ("sigma2", 20, "sigma2 was 20"),
        ("latents", 0, "latents was 0"),
        ("noise", "free", "noise was 'free'; expected one of fixed, learned"),
        ("presets", {"bad": [101, 1]}, "presets was"),
    ],
)
def test_what_does_not_fit_is_refused_at_once_and_later(name, value, message):
    with pytest.raises(ValueError, match=message):
        Collapse(**{name: value})
    widget = Collapse()
    before = getattr(widget, name)
    with pytest.raises(ValueError, match=message):
        setattr(widget, name, value)
    assert getattr(widget, name) == before
