"""Repair on a bare page opened from disk: damaged by pointer, finger and keys, compared with torch."""

import math
import re

import pytest
import torch
from torch.distributions import Binomial as Counts
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib.datasets import digits
from vaelib.likelihoods import Bernoulli, Binomial, Gaussian
from vaelib.models import VAE, mlp_vae
from vaelib.widgets import Repair
from vaelib.widgets.export import with_rounded_weights
from vaelib.widgets.repair import posterior_on_grid, prior_on_grid

LIKELIHOODS = {"counts": Binomial(16), "binary": Bernoulli()}
LOWER = [0] * 32 + [1] * 32


def louder(form: str) -> VAE:
    """An untrained model that has something to say, whose posteriors a coarse grid can show."""
    vae = mlp_vae((1, 8, 8), 2, LIKELIHOODS[form], hidden=(32,))
    with torch.no_grad():
        for parameter in vae.parameters():
            parameter.mul_(1.5)
    return vae


def make(form: str = "binary", **options) -> Repair:
    images, labels = digits(form)
    vae = louder(form)
    codes = {"codes": vae.posterior(images[:50]).mean, "labels": labels[:50]}
    return Repair(vae, images[1500:1506], **codes | options)


def expected(widget: Repair, form: str, shown: dict) -> dict:
    """What the widget must show for the digit and damage on the screen, by torch in double precision."""
    vae, total = louder(form), 16 if form == "counts" else 1
    encoder, decoder = (with_rounded_weights(network).double() for network in (vae.encoder, vae.decoder))
    cells, reach = widget.spec["cells"], widget.spec["extent"]
    axis = torch.linspace(-reach + reach / cells, reach - reach / cells, cells, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)
    log_prior = torch.log_softmax(-0.5 * (z**2).sum(1), 0)
    visible = torch.tensor(shown["erased"]) == 0
    x = torch.tensor(shown["x"], dtype=torch.float64)
    whole = torch.tensor(widget.spec["inputs"][shown["chosen"]], dtype=torch.float64)
    pixels = Counts(total, logits=decoder(z).flatten(1))
    log_visible = (pixels.log_prob(x) * visible).sum(1)
    log_hidden = (pixels.log_prob(whole) * ~visible).sum(1)
    evidence = (log_prior + log_visible).logsumexp(0)
    weights = (log_prior + log_visible - evidence).exp()
    mean = weights @ z
    output = encoder((x * visible / total).reshape(1, 1, 8, 8))[0]
    logits = decoder(output[None, :2]).flatten()

    def fill(picture: torch.Tensor) -> torch.Tensor:
        return picture if shown["noise"] else torch.where(visible, x / total, picture)

    hidden_by_code = Counts(total, logits=logits).log_prob(whole)[~visible]
    found = {
        "logEvidence": evidence,
        "nats": (weights * log_visible).sum() - evidence,
        "mean": mean,
        "deviation": (weights @ (z - mean) ** 2).sqrt(),
        "hiddenCost": evidence - (log_prior + log_visible + log_hidden).logsumexp(0),
        "encoderMean": output[:2],
        "encoderDeviation": (output[2:] / 2).exp(),
        "encoderCost": -hidden_by_code.sum(),
        "repaired": fill(weights @ (pixels.probs)),
        "byEncoder": fill(logits.sigmoid()),
        "weights": weights,
    }
    return {name: value.tolist() for name, value in found.items()}


def assert_is_right(here: Visit, widget: Repair, form: str = "binary") -> dict:
    found = here.numbers() | {"weights": weights_of(here)}
    for name, value in expected(widget, form, found).items():
        assert found[name] == pytest.approx(value, rel=0, abs=1e-5), name
    assert found["visible"] == found["erased"].count(0)
    return found


def weights_of(here: Visit) -> list[float]:
    return here.page.locator(READY).evaluate("el => Array.from(el.vaelib.weights)")


def press(here: Visit, name: str) -> None:
    here.page.get_by_role("button", name=name, exact=True).click()


def noise(here: Visit, share: float) -> None:
    here.page.get_by_role("slider").fill(str(share))


def stroke(here: Visit, *places: tuple[int, int]) -> None:
    """Draw through the middles of pixels (column, row) with the mouse."""
    here.page.locator(".pad").scroll_into_view_if_needed()
    box = here.page.locator(".pad").bounding_box()
    points = [(box["x"] + (x + 0.5) * box["width"] / 8, box["y"] + (y + 0.5) * box["width"] / 8) for x, y in places]
    here.page.mouse.move(*points[0])
    here.page.mouse.down()
    for point in points[1:]:
        here.page.mouse.move(*point)
    here.page.mouse.up()


def verdict(here: Visit) -> str:
    here.settle()
    return here.page.locator(".verdict").inner_text()


@pytest.mark.parametrize("form", ["binary", "counts"])
@pytest.mark.parametrize("share", [0, 0.2])
def test_numbers_are_those_of_bayes_rule_on_the_same_grid(show, form, share):
    widget = make(form, chosen=2, noise=share, erased=[1, 0, 0, 1] * 16)
    here = show(widget)
    found = assert_is_right(here, widget, form)
    assert found["visible"] == 32
    press(here, "Digit 5")
    found = assert_is_right(here, widget, form)
    assert found["chosen"] == 4
    assert (found["x"] == widget.spec["inputs"][4]) == (share == 0)


def test_the_pointer_erases_and_restores(show):
    widget = make(erased=[0] * 64)
    here = show(widget)
    stroke(here, (1, 2), (5, 2))
    found = assert_is_right(here, widget)
    assert [i for i, gone in enumerate(found["erased"]) if gone] == [17, 18, 19, 20, 21]
    here.page.get_by_role("radio", name="restores").check()
    stroke(here, (3, 0), (3, 5))
    found = assert_is_right(here, widget)
    assert [i for i, gone in enumerate(found["erased"]) if gone] == [17, 18, 20, 21]


def test_keys_move_the_pen_over_the_digit(show):
    widget = make(erased=[0] * 64)
    here = show(widget)
    here.page.locator(".pad").focus()
    for key in ("ArrowUp", "Space", "ArrowRight", "ArrowDown", "Space", "ArrowDown", "ArrowDown"):
        here.page.keyboard.press(key)
    found = assert_is_right(here, widget)
    assert [i for i, gone in enumerate(found["erased"]) if gone] == [3 * 8 + 4, 3 * 8 + 5, 4 * 8 + 5]
    assert "the pen is up at column 6, row 7" in here.page.locator(".help").inner_text()


def test_a_finger_erases(show):
    here = show(make(erased=[0] * 64), viewport={"width": 360, "height": 600}, has_touch=True)
    here.page.locator(".pad").scroll_into_view_if_needed()
    box = here.page.locator(".pad").bounding_box()
    here.page.touchscreen.tap(box["x"] + box["width"] * 0.95, box["y"] + box["height"] * 0.05)
    assert here.numbers()["erased"] == [0] * 7 + [1] + [0] * 56
    assert all(target.bounding_box()["height"] >= 44 for target in here.page.locator(".pick,button").all())


def test_with_nothing_visible_the_posterior_is_the_prior(show):
    widget = make()
    here = show(widget)
    press(here, "Erase all")
    found = assert_is_right(here, widget)
    assert found["logEvidence"] == pytest.approx(0, abs=1e-9) and found["nats"] == pytest.approx(0, abs=1e-9)
    assert found["mean"] == pytest.approx([0, 0], abs=1e-9)
    assert found["deviation"] == pytest.approx([1, 1], abs=0.01), "cut off at 3.5, it is a little narrower"
    assert verdict(here).startswith("Nothing is visible: the posterior is the prior")


def test_with_everything_visible_nothing_is_filled_in(show):
    widget = make("counts")
    here = show(widget)
    press(here, "Restore all")
    found = assert_is_right(here, widget, "counts")
    assert found["repaired"] == [count / 16 for count in widget.spec["inputs"][0]]
    assert found["hiddenCost"] == pytest.approx(0, abs=1e-9) and found["encoderCost"] == 0
    assert verdict(here).startswith("64 of 64 pixels are visible.")


def test_every_erased_pixel_costs_certainty_on_average(show):
    """Not for every digit, but averaged over what may be there; here the averages over six digits."""
    here = show(make(erased=[0] * 64))
    told = {0: 0.0, 32: 0.0, 64: 0.0}
    for digit in range(6):
        press(here, f"Digit {digit + 1}")
        for rows in (0, 4, 8):
            press(here, "Restore all")
            for row in range(rows):
                stroke(here, (0, row), (7, row))
            told[8 * rows] += here.numbers()["nats"]
    assert told[0] > told[32] > told[64] == pytest.approx(0, abs=1e-8)


def test_noise_turns_as_many_pixels_as_it_says_and_more_noise_turns_more(show):
    widget = make("counts", erased=[0] * 64)
    here = show(widget)
    whole = torch.tensor(widget.spec["inputs"][0])
    before = torch.zeros(64, dtype=torch.bool)
    for share in (0.05, 0.2, 0.5):
        noise(here, share)
        found = assert_is_right(here, widget, "counts")
        x = torch.tensor(found["x"])
        turned = x == 16 - whole
        assert torch.equal(torch.where(turned, 16 - whole, whole), x)
        turned &= whole != 8
        assert (before & ~turned).sum() == 0, "what was turned stays turned"
        before = turned
    shares = []
    for _ in range(20):
        press(here, "New samples, new noise")
        x = torch.tensor(here.numbers()["x"])
        shares.append(((x != whole) | (whole == 8)).float().mean().item())
    half = 0.5 + 0.5 * (whole == 8).float().mean().item()
    assert sum(shares) / 20 == pytest.approx(half, abs=4 * 0.5 / math.sqrt(64 * 20))
    assert "The repair is the decoder's throughout." in verdict(here)


def test_samples_come_from_the_posterior_on_the_grid(show):
    widget = make(chosen=1)
    here = show(widget)
    found = assert_is_right(here, widget)
    drawn, pictures = [], None
    for _ in range(70):
        press(here, "New samples, new noise")
        now = here.numbers()
        drawn += now["codes"]
        pictures = now["samples"]
    drawn = torch.tensor(drawn)
    assert len(drawn) == 210
    off = (drawn.mean(0) - torch.tensor(found["mean"])).abs() / torch.tensor(found["deviation"]) * 210**0.5
    assert off.max() < 4
    assert (drawn.std(0) / torch.tensor(found["deviation"])).tolist() == pytest.approx([1, 1], abs=0.25)
    means = with_rounded_weights(louder("binary").decoder)(drawn[-3:]).sigmoid().flatten(1)
    kept = torch.tensor(found["x"]).float()
    filled = torch.where(torch.tensor(LOWER) == 0, kept, means)
    assert torch.allclose(torch.tensor(pictures), filled, rtol=0, atol=1e-5)


def test_the_heat_map_is_darkest_where_the_posterior_is_largest(show):
    widget = make(erased=[0] * 64)
    here = show(widget)
    cells = widget.spec["cells"]
    weights = torch.tensor(weights_of(here)).reshape(cells, cells)
    alpha = here.page.locator(READY).evaluate(
        """el => { const map = el.shadowRoot.querySelector(".map canvas");
          const data = map.getContext("2d").getImageData(0, 0, map.width, map.height).data;
          return Array.from({length: map.width * map.height}, (_, i) => data[4 * i + 3]); }"""
    )
    shade = torch.tensor(alpha).reshape(cells, cells).flip(0).T  # rows of the picture go downwards
    assert shade.float().argmax() == weights.argmax()
    assert (shade - 200 * (weights / weights.max()) ** 0.6).abs().max() <= 1


def test_reset_brings_all_back(show):
    here = show(make(chosen=3))
    before = here.numbers()
    press(here, "Erase all")
    press(here, "Digit 1")
    noise(here, 0.3)
    press(here, "New samples, new noise")
    here.page.get_by_role("radio", name="restores").check()
    press(here, "Reset")
    assert here.numbers() == before
    assert here.page.get_by_role("radio", name="erases").is_checked()


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (768, "light"), (1400, "light")])
def test_words_stay_apart_and_inside(show, width, theme):
    here = show(make(), theme, viewport={"width": width, "height": 900})
    for name in (None, "Erase all", "Restore all", "Digit 4"):
        if name:
            press(here, name)
        assert here.untidy() == []
        assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    assert here.page.locator(".frame").get_attribute("data-dark") == str(theme == "dark").lower()


def test_it_needs_no_codes(show):
    widget = make(codes=None, labels=None)
    assert_is_right(show(widget), widget)


def test_changes_are_announced(show):
    here = show(make())
    press(here, "Erase all")
    here.assert_says(re.compile("^Nothing is visible"))


def test_without_script_and_in_print_there_is_the_picture(show):
    assert_still_stands_in(show, make(), "A digit, damaged and repaired, and where its code may lie.")


def test_the_still_tells_the_numbers_as_they_are():
    widget = make(chosen=1)
    shown = {"x": widget.spec["inputs"][1], "chosen": 1, "erased": LOWER, "noise": 0}
    found = expected(widget, "binary", shown)
    caption = widget.still().caption
    assert f"ln p(visible) = −{-found['logEvidence']:.2f} nats; they say {found['nats']:.2f} nats" in caption


def test_the_grid_in_python_obeys_the_chain_rule():
    """ln p(a, b) = ln p(a) + ln p(b | a), where p(b | a) is an average over p(z | a)."""
    vae, x = louder("binary"), digits("binary")[0][1500]
    seen = torch.zeros(1, 8, 8, dtype=torch.bool)
    seen[:, :4] = True
    half = posterior_on_grid(vae, x, seen, 3.5, 41)
    whole = posterior_on_grid(vae, x, torch.ones_like(seen), 3.5, 41)
    with torch.no_grad():
        pixels = vae.likelihood.log_prob_per_pixel(x, vae.decode(half.points))
    hidden = (half.weights.log() + torch.where(seen, 0.0, pixels).flatten(1).sum(1)).logsumexp(0)
    assert half.weights.sum() == pytest.approx(1, abs=1e-5)
    assert whole.log_evidence.item() == pytest.approx((half.log_evidence + hidden).item(), abs=1e-3)
    nothing = posterior_on_grid(vae, x, torch.zeros_like(seen), 3.5, 41)
    assert torch.allclose(nothing.weights, prior_on_grid(nothing.points), rtol=1e-4)


def test_a_narrow_posterior_gets_a_fine_grid_up_to_a_limit():
    images = digits("binary")[0][1500:1503]
    for shift, low, high in [(0, 41, 41), (-4.5, 43, 159), (-12, 161, 161)]:
        vae = louder("binary")
        with torch.no_grad():
            vae.encoder[-1].bias[2:] += shift
        widget = Repair(vae, images)
        finest = (widget._vae.posterior(images).log_var / 2).exp().min().item()
        assert low <= widget.spec["cells"] <= high and widget.spec["cells"] % 2 == 1
        assert widget.spec["cells"] == 161 or 2 * widget.spec["extent"] / widget.spec["cells"] <= 1.5 * finest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vae": mlp_vae((1, 8, 8), 2, Gaussian())}, "vae.likelihood was Gaussian"),
        ({"vae": mlp_vae((1, 8, 8), 4, Bernoulli())}, "with 4 latent dimensions"),
        ({"inputs": torch.full((2, 1, 8, 8), 0.5)}, "x was not binary"),
        ({"inputs": torch.zeros(21, 1, 8, 8)}, "inputs was 21 digits; expected 1 to 20"),
        ({"codes": torch.zeros(3, 2)}, "labels was None"),
        ({"labels": torch.zeros(3)}, "labels was given without codes"),
        ({"chosen": 2}, "chosen was 2; expected an index of one of 2 inputs"),
        ({"chosen": -1}, "chosen was -1"),
        ({"erased": [0] * 63}, "erased was"),
        ({"erased": [2] * 64}, "erased was"),
        ({"noise": 0.6}, "noise was 0.6"),
        ({"noise": float("nan")}, "noise was nan"),
        ({"seed": 0.5}, "seed was 0.5"),
        ({"dtype": "int8"}, "dtype was 'int8'"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    usual = {"vae": louder("binary"), "inputs": torch.zeros(2, 1, 8, 8)}
    with pytest.raises(ValueError, match=message):
        Repair(**usual | change)


@pytest.mark.parametrize(("name", "value"), [("chosen", 6), ("noise", -0.1), ("erased", [0]), ("seed", "1")])
def test_what_does_not_fit_later_is_refused_and_changes_nothing(name, value):
    widget = make()
    before = getattr(widget, name)
    with pytest.raises(ValueError, match=f"{name} was"):
        setattr(widget, name, value)
    assert getattr(widget, name) == before
