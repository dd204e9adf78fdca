"""The β slider on a bare page opened from disk: moved by pointer and keys, compared with torch and with Python."""

import math

import ipywidgets
import numpy as np
import pytest
import torch
import traitlets
from torch.distributions import Normal, kl_divergence
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib.datasets import digits
from vaelib.evaluation import active_units
from vaelib.likelihoods import Bernoulli, Binomial, Gaussian
from vaelib.models import mlp_vae
from vaelib.multirate import GatedLinear, MultiRateVAE
from vaelib.widgets import BetaSlider, ReductionBench
from vaelib.widgets.codes import spread
from vaelib.widgets.encode_your_own import rate_and_distortion
from vaelib.widgets.export import with_rounded_weights

LIKELIHOODS = {"counts": Binomial(16), "binary": Bernoulli()}
SWEEP = {8: [(0.1, 40.0)], 0.5: [(3.0, 30.0), (3.2, 31.0), (2.8, 29.0)], 2.0: [(1.0, 35.0), (1.5, 35.0)]}


def turned(form: str = "binary", latents: int = 2, low: float = 0.03, high: float = 30.0) -> MultiRateVAE:
    """An untrained model whose dials answer to beta, with narrow posteriors; its first latent does little."""
    model = MultiRateVAE(mlp_vae((1, 8, 8), latents, LIKELIHOODS[form], hidden=(12,)), low, high)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, GatedLinear):
                layer.weight.mul_(2)
                for parameter in layer.dial[-1].parameters():
                    parameter.normal_(0, 0.3, generator=generator)
        model.encoder[-1].weight[0].mul_(0.05)
        model.encoder[-1].bias[latents:] -= 2
    return model


def data(form: str = "binary", n: int = 120) -> tuple[torch.Tensor, torch.Tensor]:
    x, labels = digits(form)[:2]
    return x[:n], labels[:n]


def make(form: str = "binary", latents: int = 2, **options) -> BetaSlider:
    return BetaSlider(turned(form, latents), *data(form), **options)


def assert_is_right(here: Visit, widget: BetaSlider, form: str = "binary", latents: int = 2) -> dict:
    """Compare everything on the screen with torch in double precision, at the beta on the screen."""
    found = here.numbers()
    vae = with_rounded_weights(turned(form, latents)).double().at(found["beta"])
    x, labels = data(form)
    inputs = x[spread(labels.numpy(), 6)].double()
    posterior = vae.posterior(torch.cat([inputs, x.double()]))
    codes = torch.cat([posterior.mean[:6], torch.tensor(found["noise"]).double().reshape(-1, latents)])
    expected = {
        "codes": posterior.mean,
        "deviations": (posterior.log_var / 2).exp(),
        "pictures": vae.decode(codes).sigmoid().flatten(1),
    }
    for name, value in expected.items():
        torch.testing.assert_close(torch.tensor(found[name]).double(), value, rtol=0, atol=1e-5, msg=name)
    assert found["active"] == active_units(vae, x.double()).tolist()
    *rates, distortion = widget.nats(found["beta"])
    rate = sum(rates)
    totals = {"rate": rate, "distortion": distortion, "elbo": -rate - distortion}
    totals["objective"] = distortion + found["beta"] * rate
    assert found["rates"] == pytest.approx(rates, abs=1e-9)
    assert {name: found[name] for name in totals} == pytest.approx(totals, abs=1e-9)
    return found


def knob(here: Visit):
    return here.page.get_by_role("slider", name="β")


def press(here: Visit, name: str) -> None:
    here.page.get_by_role("button", name=name, exact=True).click()


def readout(here: Visit, name: str) -> str:
    here.settle()
    return here.page.locator(f".readouts div:has(dt:text-is('{name}')) dd").inner_text()


@pytest.mark.parametrize("beta", [0.05, 0.37, 1.0, 5.3, 16.0])
@pytest.mark.parametrize(("form", "latents"), [("binary", 2), ("counts", 5)])
def test_codes_pictures_and_nats_are_those_of_the_folded_model(show, form, latents, beta):
    widget = make(form, latents, beta=beta)
    found = assert_is_right(show(widget), widget, form, latents)
    assert found["beta"] == beta and len(found["pictures"]) == 6 + 12 and len(found["codes"]) == 6 + 120
    assert not found["active"][0] and any(found["active"])


def test_keys_and_pointer_move_everything(show):
    widget = make()
    here = show(widget, viewport={"width": 1000, "height": 900})
    seen = [assert_is_right(here, widget)]
    knob(here).focus()
    for key, beta in [("ArrowRight", 1.02), ("ArrowRight", 1.04), ("End", 16), ("ArrowLeft", 15.7), ("Home", 0.05)]:
        here.page.keyboard.press(key)
        seen.append(assert_is_right(here, widget))
        assert seen[-1]["beta"] == beta and knob(here).get_attribute("aria-valuetext") == str(beta)
    box = knob(here).bounding_box()
    middle = box["y"] + box["height"] / 2
    here.page.mouse.move(box["x"] + 8, middle)
    here.page.mouse.down()
    for share in (0.2, 0.63, 0.9):
        here.page.mouse.move(box["x"] + 8 + share * (box["width"] - 16), middle, steps=3)
        seen.append(assert_is_right(here, widget))
        assert seen[-1]["beta"] == pytest.approx(0.05 * 320**share, rel=0.05)
    here.page.mouse.up()
    for name in ("codes", "deviations", "pictures", "rates"):
        assert len({str(each[name]) for each in seen}) == len(seen), name
    assert all(each["noise"] == seen[0]["noise"] for each in seen), "the samples keep their z"


def test_whole_powers_of_two_are_places_of_the_slider(show):
    here = show(make())
    for power in range(-4, 5):
        knob(here).fill(str(32 * power))
        assert here.numbers()["beta"] == pytest.approx(2**power, rel=0.004)
        assert here.page.locator(".knob output").inner_text() == f"{2**power:.3g}"


def test_the_curve_is_made_of_means_over_the_data():
    widget, (x, labels) = make(), data()
    model, betas = with_rounded_weights(turned()), widget.spec["betas"]
    assert betas[0] == 0.05 and betas[-1] == 16 and 1.0 in betas and len(betas) == 135
    assert np.diff(np.log2(betas[1:])) == pytest.approx(1 / 16, abs=1e-4)
    for beta in (0.05, betas[40], 1.0, 16.0):
        vae, (*rates, distortion) = model.at(beta), widget.nats(beta)
        mean, log_var = vae.posterior(x)
        expected = kl_divergence(Normal(mean, (log_var / 2).exp()), Normal(0.0, 1.0)).mean(0)
        assert rates == pytest.approx(expected.tolist(), abs=1e-4)
        drawn = vae.terms(x.repeat(8, 1, 1, 1), torch.Generator().manual_seed(9)).distortion.std().item()
        exact = rate_and_distortion(vae, x)[1].mean().item()
        assert distortion == pytest.approx(exact, abs=4 * drawn / math.sqrt(4 * len(x)))
    between = math.sqrt(betas[40] * betas[41])
    ends = np.array([widget.nats(betas[40]), widget.nats(betas[41])])
    assert widget.nats(between) == pytest.approx(ends.mean(0).tolist())


def lines_of_the_chart(here: Visit) -> tuple[list, list]:
    """The paths of the chart, each a list of points, and its dots (class, x, y, r), in pixels."""
    here.settle()
    return here.page.locator(READY).evaluate(
        """el => { const chart = el.shadowRoot.querySelector(".chart");
          const paths = [...chart.querySelectorAll(".curve")].map(path =>
            path.getAttribute("d").slice(1).split("L").map(point => point.split(" ").map(Number)));
          const dots = [...chart.querySelectorAll("circle")].map(dot => [dot.getAttribute("class"),
            ...["cx", "cy", "r"].map(name => Number(dot.getAttribute(name)))]);
          return [paths, dots]; }"""
    )


@pytest.mark.parametrize("beta", [0.05, 0.5, 16.0])
def test_the_point_lies_on_the_curve_and_the_tangent_has_slope_minus_beta(show, beta):
    widget = make(beta=beta, sweep=SWEEP)
    here = show(widget)
    found = here.numbers()
    (tangent, curve, *bars), dots = lines_of_the_chart(here)
    rates = [sum(values[:-1]) for values in widget.spec["curve"]]
    costs = [values[-1] for values in widget.spec["curve"]]
    across = np.polyfit([x for x, _ in curve], rates, 1)
    up = np.polyfit([y for _, y in curve], costs, 1)
    in_nats = lambda x, y: (np.polyval(across, x), np.polyval(up, y))  # noqa: E731
    start, end = (in_nats(*point) for point in tangent)
    assert start == pytest.approx((0, found["objective"]), abs=0.02)
    assert (end[1] - start[1]) / (end[0] - start[0]) == pytest.approx(-beta, rel=0.02)
    places = {name: in_nats(x, y) for name, x, y, _ in dots if "of-q" not in name}
    assert places["dot of-p"] == pytest.approx((found["rate"], found["distortion"]), abs=0.02)
    assert places["dot of-r"] == pytest.approx((0, found["objective"]), abs=0.02)
    others = [in_nats(x, y) for name, x, y, _ in dots if "of-q" in name]
    means = [(3.0, 30.0), (1.25, 35.0), (0.1, 40.0)]
    assert np.array(others) == pytest.approx(np.array(means), abs=0.02)
    ends = [[in_nats(*point) for point in bar] for bar in bars]
    assert np.array(ends[0]) == pytest.approx(np.array([[2.8, 30], [3.2, 30]]), abs=0.02), "a standard deviation"
    assert np.array(ends[1]) == pytest.approx(np.array([[3, 29], [3, 31]]), abs=0.02)
    assert len(ends) == 6 and np.ptp(ends[4], 0) == pytest.approx([0, 0], abs=1e-9), "one seed has no spread"


def test_the_dot_trained_nearest_to_beta_is_ringed_and_told(show):
    here = show(make(sweep=SWEEP, beta=0.9))
    nearest = here.page.locator(".nearest")
    assert nearest.inner_text() == "Ringed: trained at β = 0.5 (3 seeds), R 3.00 ± 0.20, D 30.00 ± 1.00."
    knob(here).fill("3")
    here.settle()
    assert nearest.inner_text() == "Ringed: trained at β = 2 (2 seeds), R 1.25 ± 0.35, D 35.00 ± 0.00."
    ringed = [dot for dot in lines_of_the_chart(here)[1] if "near" in dot[0]]
    assert len(ringed) == 1 and ringed[0][3] == 5
    knob(here).fill("128")
    here.settle()
    assert nearest.inner_text() == "Ringed: trained at β = 8, R 0.10, D 40.00."
    alone = show(make())
    assert alone.page.locator(".nearest").count() == 0
    assert "a VAE for one β" not in alone.page.locator(".legend").inner_text()


def test_ellipses_and_bars_are_drawn_where_the_numbers_say(show):
    widget = make(latents=4)
    here = show(widget)
    found = here.numbers()
    curve = np.array(widget.spec["curve"])
    axes = sorted(curve[:, :-1].mean(0).argsort()[-2:].tolist())
    assert widget.spec["axes"] == axes and 0 not in axes, "the first latent has the lowest rate"
    drawn = here.page.locator(READY).evaluate(
        """el => [...el.shadowRoot.querySelectorAll(".map .outline")].map(node =>
             ["cx", "cy", "rx", "ry"].map(name => Number(node.getAttribute(name))))"""
    )
    side = here.page.locator(".map").evaluate("node => node.clientWidth")
    scale = side / 2 / widget.spec["extent"]
    for (cx, cy, rx, ry), mean, deviation in zip(drawn, found["codes"], found["deviations"], strict=False):
        centre = [side / 2 + scale * mean[axes[0]], side / 2 - scale * mean[axes[1]]]
        assert [cx, cy] == pytest.approx(centre, abs=0.01)
        assert [rx, ry] == pytest.approx([scale * deviation[axis] for axis in axes], abs=0.01)
    assert len(drawn) == 6
    shares = here.page.locator(".nats .bar").evaluate_all(
        "bars => bars.map(bar => parseFloat(bar.style.getPropertyValue('--share')))"
    )
    most = max(widget.spec["curve"][0][:-1])
    assert shares == pytest.approx([min(100 * rate / most, 100) for rate in found["rates"]], abs=0.01)
    words = here.page.locator(".nats .value").all_inner_texts()
    assert words[0] == f"{found['rates'][0]:.2f}\u00a0nats, off" and words[1].endswith("active")


def test_codes_are_painted_where_they_are(show):
    """On the canvas there is ink round every code, before and after β moves."""
    widget = make()
    here = show(widget)

    def ink() -> list[float]:
        found = here.numbers()
        return here.page.locator(READY).evaluate(
            """(el, [codes, extent]) => { const map = el.shadowRoot.querySelector(".map");
              const canvas = map.querySelectorAll("canvas")[1], context = canvas.getContext("2d");
              return codes.map(([across, up]) => { const side = canvas.width;
                const x = (across + extent) / 2 / extent * side, y = (extent - up) / 2 / extent * side;
                const alpha = context.getImageData(x - 5, y - 5, 11, 11).data.filter((_, i) => i % 4 === 3);
                return alpha.reduce((a, b) => a + b, 0); }); }""",
            [found["points"], widget.spec["extent"]],
        )

    assert min(ink()) > 500
    knob(here).fill("60")
    assert min(ink()) > 500


def test_a_button_draws_new_samples_and_reset_brings_all_back(show):
    widget = make(beta=0.3, seed=4)
    here = show(widget)
    before = here.numbers()
    assert readout(here, "Active latents") == "1 of 2"
    press(here, "New z")
    again = assert_is_right(here, widget)
    assert again["noise"] != before["noise"] and again["codes"] == before["codes"]
    knob(here).fill("0")
    assert here.numbers()["beta"] == 1
    press(here, "Reset")
    assert here.numbers() == before and before["beta"] == 0.3


@pytest.mark.parametrize(("beta", "end"), [(6400.0, 16), (0.001, 0.05)])
def test_a_beta_beyond_the_slider_is_kept_and_the_screen_says_so(show, beta, end):
    widget = make(beta=beta)
    here = show(widget)
    assert widget.beta == beta and assert_is_right(here, widget)["beta"] == end
    message = f"β = {beta:g} lies beyond the end of the slider. β = {end:g}: "
    assert here.page.locator(".verdict").inner_text().startswith(message)
    knob(here).press("ArrowLeft" if end == 16 else "ArrowRight")
    assert here.numbers()["beta"] == pytest.approx(end, rel=0.05)
    assert "beyond" not in here.page.locator(".verdict").inner_text()


def test_the_reduction_benchs_beta_sets_it():
    bench, slider = ReductionBench(), make()
    ipywidgets.dlink((bench, "beta"), (slider, "beta"))
    bench.over_pixels = "mean"
    assert slider.beta == bench.beta == pytest.approx(64)
    bench.weight = 0.01
    assert slider.beta == pytest.approx(0.64)
    other = make()
    traitlets.link((slider, "beta"), (other, "beta"))
    other.beta = 3
    assert slider.beta == 3


def test_changes_are_announced(show):
    here = show(make(beta=2))
    knob(here).fill("0")
    here.settle()
    words = here.page.locator(".verdict").inner_text()
    assert words.startswith("β = 1: 1 of 2 latents is active; a code costs ")
    here.assert_says(words)


def quiet() -> MultiRateVAE:
    """A model whose codes are all at the origin: numbers there must not lie over each other."""
    model = turned()
    with torch.no_grad():
        for parameter in model.encoder[-1].parameters():
            parameter.mul_(1e-3)
    return model


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1000, "light")])
def test_words_stay_apart_and_inside(show, width, theme):
    widgets = [make("counts", 5, beta=beta, sweep=SWEEP) for beta in (0.05, 1.0, 2000.0)]
    for widget in [*widgets, BetaSlider(quiet(), *data(), beta=16.0)]:
        here = show(widget, theme, viewport={"width": width, "height": 800})
        assert here.untidy() == []
        assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    assert here.page.locator(".frame").get_attribute("data-dark") == str(theme == "dark").lower()
    assert here.page.locator(".map text").all_text_contents() == ["1, 2, 3, 4, 5, 6"]
    assert readout(here, "Active latents") == "0 of 2"
    assert "no latent is active" in here.page.locator(".verdict").inner_text()


def test_a_finger_finds_large_targets(show):
    here = show(make(), viewport={"width": 360, "height": 800}, has_touch=True)
    targets = here.page.locator("input[type=range],button")
    assert all(target.bounding_box()["height"] >= 44 for target in targets.all())


@pytest.mark.parametrize(("width", "stays"), [(360, True), (1000, False)])
def test_on_a_phone_the_slider_stays_in_view_while_its_pictures_move(show, width, stays):
    here = show(make(), viewport={"width": width, "height": 600})
    here.page.locator(".strips").evaluate("strips => scrollTo(0, strips.getBoundingClientRect().top + scrollY - 300)")
    here.settle()
    box = here.page.locator(".knob").bounding_box()
    assert (box["y"] == pytest.approx(0, abs=1)) if stays else box["y"] + box["height"] < 0
    if stays:
        before = here.page.locator(".strips canvas").nth(8).screenshot()
        here.page.mouse.click(300, box["y"] + box["height"] / 2)
        assert here.numbers()["beta"] > 4
        assert here.page.locator(".strips canvas").nth(8).screenshot() != before


def test_in_the_book_it_stays_below_the_pages_bar(server, open_page):
    size = {"width": 360, "height": 740}
    page, _ = open_page(f"{server}/book/4-beta/12-beta-and-rate-distortion.html", server, viewport=size)
    page.locator(".knob").wait_for()
    page.locator(".strips").evaluate("strips => scrollTo(0, strips.getBoundingClientRect().top + scrollY - 400)")
    page.wait_for_timeout(200)
    bar, knob = (page.locator(name).first.bounding_box() for name in (".bd-header-article", ".knob"))
    assert bar["y"] == 0 and knob["y"] == pytest.approx(bar["height"], abs=1)


def test_without_script_and_in_print_there_is_the_picture(show):
    assert_still_stands_in(show, make(), "One VAE at three values of β.")


def test_the_still_tells_the_nats_of_three_betas():
    widget = make(inputs=data()[0][:4])
    caption = widget.still().caption
    assert caption.startswith("Codes of the data, 4 reconstructions, then samples. β = 0.1: rate ")
    for beta in (0.1, 1, 8):
        *rates, distortion = widget.nats(beta)
        assert f"β = {beta:g}: rate {sum(rates):.2f}, distortion {distortion:.2f} nats" in caption


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": turned().at(1.0)}, "model was of type VAE; expected a MultiRateVAE"),
        ({"model": turned(low=0.1)}, "model was for beta from 0.1 to 30; expected at least 0.05 to 16"),
        ({"model": turned(latents=1)}, "model was of 1 latent; expected 2 or more"),
        ({"model": MultiRateVAE(mlp_vae((1, 4, 4), 2, "bernoulli"))}, r"model was of data \(1, 4, 4\)"),
        ({"model": MultiRateVAE(mlp_vae((1, 8, 8), 2, Gaussian(0.1)))}, "model.likelihood was Gaussian"),
        ({"x": torch.full((120, 1, 8, 8), 0.5)}, "x was not binary"),
        ({"labels": torch.arange(3)}, r"labels was of shape \(3,\)"),
        ({"inputs": torch.zeros(7, 1, 8, 8)}, "inputs was 7 digits; expected 1 to 6"),
        ({"sweep": {1.0: [1.0, 2.0]}}, r"sweep was of shape \(2,\) at beta 1.0"),
        ({"sweep": {0.0: [(1.0, 2.0)]}}, "sweep was 0.0; expected a finite number > 0"),
        ({"beta": 0}, "beta was 0"),
        ({"beta": "large"}, "beta was 'large'"),
        ({"dtype": "int8"}, "dtype was 'int8'"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    x, labels = data()
    with pytest.raises(ValueError, match=message):
        BetaSlider(**{"model": turned(), "x": x, "labels": labels} | change)
