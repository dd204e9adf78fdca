"""Encode your own on a bare page opened from disk: drawn on by pointer, finger and keys, compared with torch."""

import re

import numpy as np
import pytest
import torch
from torch.distributions import Binomial as Counts
from torch.distributions import Normal, kl_divergence
from widget_pages import Visit, assert_still_stands_in

from vaelib.datasets import digits
from vaelib.likelihoods import Bernoulli, Binomial, Gaussian
from vaelib.models import VAE, conv_vae, mlp_vae
from vaelib.widgets import EncodeYourOwn
from vaelib.widgets.encode_your_own import bitmaps, rate_and_distortion
from vaelib.widgets.export import with_rounded_weights

LIKELIHOODS = {"counts": Binomial(16), "binary": Bernoulli()}


def louder(form: str) -> VAE:
    """An untrained model that has something to say, with narrow posteriors."""
    vae = mlp_vae((1, 8, 8), 2, LIKELIHOODS[form], hidden=(32,))
    with torch.no_grad():
        for parameter in vae.parameters():
            parameter.mul_(2)
        vae.encoder[-1].bias[2:] -= 2
    return vae


def make(form: str = "counts", **options) -> EncodeYourOwn:
    vae, (counts, labels), x = louder(form), digits("counts"), digits(form)[0]
    codes = vae.posterior(x[:100]).mean
    return EncodeYourOwn(vae, codes, labels[:100], counts[:10], x[1500:1530], **options)


def expected(form: str, x: list[float]) -> dict:
    """What the widget must show for the digit x, by torch in double precision."""
    vae = louder(form)
    encoder, decoder = (with_rounded_weights(network).double() for network in (vae.encoder, vae.decoder))
    x = torch.tensor(x, dtype=torch.float64)
    total = 16 if form == "counts" else 1
    output = encoder((x / total).reshape(1, 1, 8, 8))[0]
    posterior = Normal(output[:2], (output[2:] / 2).exp())
    nodes, weights = (torch.tensor(each) for each in np.polynomial.hermite_e.hermegauss(9))
    z = torch.tensor([[a, b] for a in nodes for b in nodes]) * posterior.stddev + posterior.mean
    share = torch.outer(weights, weights).flatten() / weights.sum() ** 2
    log_likelihood = Counts(total, logits=decoder(z).flatten(1)).log_prob(x).sum(1)
    rate = kl_divergence(posterior, Normal(0.0, 1.0)).sum()
    distortion = -(share * log_likelihood).sum()
    return {
        "mean": posterior.mean.tolist(),
        "deviation": posterior.stddev.tolist(),
        "rate": rate.item(),
        "distortion": distortion.item(),
        "elbo": -(rate + distortion).item(),
        "reconstruction": decoder(posterior.mean[None]).sigmoid().flatten().tolist(),
    }


def assert_is_right(here: Visit, form: str = "counts") -> dict:
    found = here.numbers()
    for name, value in expected(form, found["x"]).items():
        assert found[name] == pytest.approx(value, rel=0, abs=1e-5), name
    return found


def pad_box(here: Visit) -> tuple[float, float, float]:
    """The pad's left and upper edges, and the size of a dot."""
    here.page.locator(".pad").scroll_into_view_if_needed()
    box = here.page.locator(".pad").bounding_box()
    return box["x"], box["y"], box["width"] / 32


def stroke(here: Visit, *places: tuple[float, float]) -> None:
    """Draw a line through places on the pad, counted in dots."""
    left, top, dot = pad_box(here)
    points = [(left + (x + 0.5) * dot, top + (y + 0.5) * dot) for x, y in places]
    here.page.mouse.move(*points[0])
    here.page.mouse.down()
    for point in points[1:]:
        here.page.mouse.move(*point)
    here.page.mouse.up()


def press(here: Visit, name: str) -> None:
    here.page.get_by_role("button", name=name, exact=True).click()


def fit(here: Visit, on: bool) -> None:
    here.page.get_by_label("fit to the frame").set_checked(on)


def thickness(here: Visit, dots: int) -> None:
    here.page.get_by_role("slider", name="Thickness").fill(str(dots))


def counts_of(here: Visit) -> torch.Tensor:
    return torch.tensor(here.numbers()["x"]).reshape(8, 8)


@pytest.mark.parametrize("form", ["counts", "binary"])
def test_examples_arrive_dot_by_dot_and_their_numbers_are_torchs(show, form):
    here = show(make(form, start=3))
    images = digits(form)[0]
    for index in (3, 0, 7):
        if index != 3:
            press(here, f"Example {index + 1}")
        found = assert_is_right(here, form)
        assert found["x"] == images[index].flatten().tolist()
    assert here.page.locator(".tile canvas").count() == 6


def test_a_stroke_of_the_pointer_leaves_its_dots(show):
    here = show(make())
    press(here, "Clear")
    fit(here, False)
    thickness(here, 2)
    assert counts_of(here).sum() == 0
    assert "The pad is empty." in here.page.locator(".verdict").inner_text()
    stroke(here, (4, 10), (27, 10))
    counts = counts_of(here)
    assert counts.sum() == counts[2].sum() and counts[2, 1:7].tolist() == [8] * 6, "two rows of dots, 9 and 10"
    assert_is_right(here)
    here.page.get_by_role("radio", name="erases").check()
    stroke(here, (8, 10), (19, 10))
    after = counts_of(here)[2]
    assert after[2:4].tolist() == [0, 0] and after[6] == 8
    assert_is_right(here)


def test_a_thicker_pen_makes_rounder_and_darker_strokes(show):
    here = show(make())
    fit(here, False)
    inks = []
    for dots in (2, 3, 4, 5, 6, 7):
        press(here, "Clear")
        thickness(here, dots)
        stroke(here, (16, 16), (16, 16))
        inks.append(counts_of(here).sum().item())
    assert inks[0] == 4 and inks[1] == 9 and inks == sorted(inks)
    for dots, ink in zip((4, 5, 6, 7), inks[2:]):
        assert ink == pytest.approx(torch.pi * dots**2 / 4, abs=dots)


def test_keys_move_the_pen_lower_it_and_lift_it(show):
    here = show(make())
    press(here, "Clear")
    fit(here, False)
    thickness(here, 2)
    here.page.locator(".pad").focus()
    assert here.page.locator(".pen").is_visible()
    here.page.keyboard.press("Shift+ArrowLeft")
    assert counts_of(here).sum() == 0, "the pen is up"
    here.page.keyboard.press("Space")
    assert here.page.locator(".pen").get_attribute("class") == "pen down"
    assert "the pen is down at column 13, row 17" in here.page.locator(".help").inner_text()
    here.page.keyboard.press("Shift+ArrowUp")
    here.page.keyboard.press("ArrowRight")
    assert counts_of(here).sum() == 4 + 4 * 2 + 2
    here.page.keyboard.press("Space")
    here.page.keyboard.press("Shift+ArrowDown")
    assert counts_of(here).sum() == 14, "lifted again"
    assert_is_right(here)
    for _ in range(12):
        here.page.keyboard.press("Shift+ArrowRight")
    assert "column 32, row 17" in here.page.locator(".help").inner_text(), "the pad ends there"


def test_a_finger_draws_and_does_not_scroll(show):
    here = show(make(), viewport={"width": 360, "height": 500}, has_touch=True)
    press(here, "Clear")
    left, top, dot = pad_box(here)
    touch = here.context.new_cdp_session(here.page)
    scrolled = here.page.evaluate("scrollY")
    for step in range(6):
        point = {"x": left + 16 * dot, "y": top + (4 + 4 * step) * dot}
        kind = "touchMove" if step else "touchStart"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert counts_of(here).sum() > 80
    assert here.page.evaluate("scrollY") == scrolled
    assert all(target.bounding_box()["height"] >= 44 for target in here.page.locator(".pick,button").all())


def test_a_small_drawing_is_stretched_to_the_frame_and_a_large_one_left_alone(show):
    here = show(make())
    press(here, "Clear")
    thickness(here, 2)
    for places in [((10, 12), (21, 12)), ((21, 12), (21, 20)), ((21, 20), (10, 20))]:
        stroke(here, *places)
    fit(here, False)
    plain = counts_of(here)
    assert (plain > 0).any(1).tolist() == [False, False, True, True, True, True, False, False]
    fit(here, True)
    stretched = counts_of(here)
    assert stretched[0].sum() > 0 and stretched[7].sum() > 0, "32 dots high"
    columns = (stretched > 0).any(0)
    assert columns.nonzero().flatten().tolist() == [1, 2, 3, 4, 5, 6], "22 dots wide, in the middle"
    assert stretched.sum() == pytest.approx(plain.sum().item() * (32 / 10) * (22 / 13), rel=0.15)
    assert_is_right(here)
    press(here, "Clear")
    stroke(here, (16, 10), (16, 21))
    upright = counts_of(here)
    assert (upright > 0).any(1).all()
    assert 2 <= (upright > 0).any(0).sum() <= 4, "an upright 1 may not become a wall"


def test_samples_follow_the_posterior_and_a_button_draws_new_ones(show):
    widget = make()
    here = show(widget)
    found = here.numbers()
    drawn = []
    for _ in range(60):
        press(here, "New samples")
        drawn += here.numbers()["codes"]
    again = here.numbers()
    assert again["mean"] == found["mean"] and again["elbo"] == found["elbo"] and again["codes"] != found["codes"]
    noise = (torch.tensor(drawn) - torch.tensor(found["mean"])) / torch.tensor(found["deviation"])
    assert noise.mean().abs() < 4 / noise.numel() ** 0.5
    assert noise.std(0).tolist() == pytest.approx([1, 1], abs=0.2)
    assert abs(torch.corrcoef(noise.T)[0, 1]) < 0.25


def test_the_drawing_is_ranked_among_the_held_out_digits(show):
    here = show(make())
    held_out = digits("counts")[0][1500:1530]
    rounded = [expected("counts", x.flatten().tolist())["elbo"] for x in held_out]
    found = here.numbers()
    assert found["average"] == pytest.approx(sum(rounded) / 30, abs=0.01)
    assert found["below"] == sum(value < found["elbo"] for value in rounded)
    words = f"{found['below']} of 30 held-out digits have a lower ELBO."
    assert here.page.locator(".verdict").inner_text().endswith(words)
    assert here.page.locator(".strip .one").count() == 30


def test_reset_brings_all_back(show):
    here = show(make(start=2))
    before = here.numbers()
    press(here, "Clear")
    press(here, "New samples")
    fit(here, False)
    thickness(here, 2)
    here.page.get_by_role("radio", name="erases").check()
    press(here, "Reset")
    assert here.numbers() == before
    assert here.page.get_by_label("fit to the frame").is_checked()
    assert here.page.get_by_role("slider", name="Thickness").input_value() == "5"
    assert here.page.get_by_role("radio", name="draws").is_checked()


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (768, "light"), (1400, "light")])
def test_words_stay_apart_and_inside(show, width, theme):
    here = show(make(), theme, viewport={"width": width, "height": 900})
    for name in (None, "Clear", "Example 2"):
        if name:
            press(here, name)
        assert here.untidy() == []
        assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    assert here.page.locator(".frame").get_attribute("data-dark") == str(theme == "dark").lower()


def test_changes_are_announced(show):
    here = show(make())
    press(here, "Clear")
    here.assert_says(re.compile("^" + re.escape("The pad is empty.")))


def test_without_script_and_in_print_there_is_the_picture(show):
    assert_still_stands_in(show, make(), "A digit, its reconstruction, and its place in the latent plane.")


def test_the_still_tells_the_numbers_as_they_are():
    widget = make(start=4)
    found = expected("counts", digits("counts")[0][4].flatten().tolist())
    said = f"rate {found['rate']:.2f}, distortion {found['distortion']:.2f} nats."
    assert said in widget.still().alt and said in widget.still().caption


def test_a_bitmap_has_as_many_dots_in_a_block_as_its_pixel_says():
    counts, _ = digits("counts")
    blocks = bitmaps(counts[:200]).reshape(200, 8, 4, 8, 4).sum((2, 4))
    assert np.array_equal(blocks, counts[:200, 0].numpy())


@pytest.mark.parametrize("form", ["counts", "binary"])
def test_the_quadrature_is_what_many_samples_say(form):
    vae, x = louder(form), digits(form)[0][1500:1504]
    _, distortion = rate_and_distortion(vae, x)
    posterior = vae.posterior(x)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        noise = torch.randn(20_000, 4, 2, generator=generator)
        sampled = -vae.likelihood.log_prob(x, vae.decode(posterior.mean + (posterior.log_var / 2).exp() * noise))
    off = (sampled.mean(0) - distortion).abs() / (sampled.std(0) / 20_000**0.5)
    assert off.max() < 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vae": mlp_vae((1, 8, 8), 3, Binomial(16))}, "vae was a model of data .* with 3 latent dimensions"),
        ({"vae": mlp_vae((1, 8, 4), 2, Binomial(16))}, "vae was a model of data"),
        ({"vae": mlp_vae((1, 8, 8), 2, Binomial(4))}, "vae.likelihood was Binomial"),
        ({"vae": mlp_vae((1, 8, 8), 2, Gaussian())}, "vae.likelihood was Gaussian"),
        ({"vae": mlp_vae((1, 8, 8), 2, Bernoulli(grey=True))}, "vae.likelihood was Bernoulli"),
        ({"vae": conv_vae(2, Binomial(16), (1, 8, 8), width=2)}, "Conv2d"),
        ({"vae": "vae"}, "vae was of type str"),
        ({"labels": None}, "labels was None"),
        ({"codes": torch.zeros(3, 3)}, r"codes was of shape \(3, 3\)"),
        ({"examples": torch.zeros(13, 1, 8, 8)}, r"examples was of shape \(13, 1, 8, 8\)"),
        ({"examples": torch.full((1, 1, 8, 8), 0.5)}, "x was not such counts"),
        ({"held_out": torch.zeros(2, 1, 8, 4)}, "x was of shape"),
        ({"start": 2}, "start was 2; expected an index of one of 2 examples"),
        ({"dtype": "int8"}, "dtype was 'int8'"),
        ({"seed": -1}, "seed was -1"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    usual = {"vae": louder("counts"), "codes": torch.zeros(3, 2), "labels": torch.arange(3)}
    usual |= {"examples": torch.zeros(2, 1, 8, 8), "held_out": torch.zeros(2, 1, 8, 8)}
    with pytest.raises(ValueError, match=message):
        EncodeYourOwn(**usual | change)


def test_rows_of_another_length_are_refused_later():
    widget = make()
    with pytest.raises(ValueError, match="rows was"):
        widget.rows = [0] * 31
