"""Class and style on a bare page opened from disk: one code moved by hand, every class compared with torch."""

import math
import re

import numpy as np
import pytest
import torch
from torch import nn
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib import plots
from vaelib.likelihoods import Bernoulli, Binomial, Gaussian
from vaelib.widgets import ClassAndStyle
from vaelib.widgets.export import with_rounded_weights

LIKELIHOODS = {"binary": Bernoulli(), "counts": Binomial(16)}
STEP = 0.01  # of the codes that travel


def untrained(classes: int = 10, *ends: nn.Module) -> nn.Sequential:
    """A conditional decoder that never learned anything, but has something to say."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        hidden = nn.Sequential(nn.Linear(2 + classes, 32), nn.SiLU())
        decoder = nn.Sequential(hidden, nn.Linear(32, 64), *ends)
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.mul_(3)
    return decoder


def upright_bars(classes: int) -> nn.Sequential:
    """A decoder of the same bar for every class, which z1 bends to its side."""
    rows, columns = np.divmod(np.arange(64), 8)
    decoder = nn.Sequential(nn.Linear(2 + classes, 64))
    with torch.no_grad():
        decoder[0].bias.copy_(torch.tensor(-((columns - 3.5) ** 2)))
        decoder[0].weight.zero_()
        decoder[0].weight[:, 0] = torch.tensor((3.5 - rows) * (columns - 3.5) / 2)
    return decoder


def spread_codes(classes: int = 10) -> tuple[torch.Tensor, torch.Tensor]:
    """Twenty codes of each class."""
    codes = torch.randn(20 * classes, 2, generator=torch.Generator().manual_seed(1)).clamp(-3, 3)
    return codes, torch.arange(20 * classes) % classes


def make(form: str = "counts", classes: int = 10, **options) -> ClassAndStyle:
    return ClassAndStyle(untrained(classes), LIKELIHOODS[form], *spread_codes(classes), **options)


def by_torch(decoder: nn.Sequential, z: list[float], classes: int = 10) -> torch.Tensor:
    """What every class looks like at z, in double precision, (classes, 64)."""
    rows = [[*z, *(float(i == label) for i in range(classes))] for label in range(classes)]
    inputs = torch.tensor(rows, dtype=torch.float64)
    return with_rounded_weights(decoder).double()(inputs).sigmoid().flatten(1).detach()


def degrees(picture: np.ndarray) -> float:
    """The lean of one picture by numpy's weighted least squares: column from row, upwards."""
    rows, columns = np.divmod(np.arange(64), 8)
    slope = np.polyfit(-rows, columns, 1, w=np.sqrt(picture))[0]
    return math.degrees(math.atan(slope))


def assert_is_right(here: Visit, classes: int = 10, *ends: nn.Module) -> dict:
    """The pictures are torch's, and the numbers those of the pictures."""
    found, decoder = here.numbers(), untrained(classes, *ends)
    expected = by_torch(decoder, found["z"], classes)
    assert expected.std(0).mean() > 0.05, "classes differ"
    assert torch.allclose(torch.tensor(found["pictures"]).double(), expected, rtol=0, atol=1e-5)
    turned = [degrees(a) - degrees(b) for a, b in zip(expected.numpy(), by_torch(decoder, [0, 0], classes).numpy())]
    assert found["turned"] == pytest.approx(turned, abs=1e-3)
    assert found["left"] == sum(round(10 * each) < 0 for each in found["turned"])
    assert found["right"] == sum(round(10 * each) > 0 for each in found["turned"])
    assert found["distance"] == pytest.approx(math.hypot(*found["z"]))
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(torch.tensor(found["z"], dtype=torch.float64))
    assert found["logPrior"] == pytest.approx(prior.sum().item(), abs=1e-6)
    return found


def readout(here: Visit, name: str) -> str:
    found = here.page.locator("dl div", has=here.page.get_by_text(name, exact=True))
    return found.locator("dd").inner_text().replace("\xa0", " ")


def handle(here: Visit):
    return here.page.get_by_role("slider", name="Code z, a point in the latent plane")


def tile(here: Visit, label: int | str):
    return here.page.get_by_role("radio", name=f"Class {label},")


@pytest.mark.parametrize("form", ["binary", "counts"])
def test_every_class_is_decoded_at_the_one_code(show, form):
    widget = make(form, z=(0.8, -0.6), chosen=3)
    here = show(widget)
    found = assert_is_right(here)
    assert (found["z"], found["chosen"]) == ([0.8, -0.6], 3)
    assert readout(here, "Code z") == "(0.80, −0.60)" and readout(here, "From centre") == "1.00 σ"
    assert readout(here, "ln p(z)") == f"{-math.log(2 * math.pi) - 0.5:.2f} nats".replace("-", "−")
    assert here.page.locator(".tile canvas").count() == 10 and not here.page.locator("figure").is_visible()
    drawn = widget.decode([0.8, -0.6]).double().flatten(1)
    assert torch.allclose(torch.tensor(found["pictures"]).double(), drawn, rtol=0, atol=1e-5)


def test_a_decoder_may_give_pictures_and_know_other_classes(show):
    ends = (nn.Unflatten(1, (1, 8, 8)),)
    widget = ClassAndStyle(untrained(2, *ends), Bernoulli(), label_names=["even", "odd"], z=(-1, 2.5), chosen=1)
    here = show(widget)
    assert_is_right(here, 2, *ends)
    assert tile(here, "odd").is_checked() and here.page.locator(".tile p").all_inner_texts()[0].startswith("even")
    assert here.page.get_by_text("Its codes").count() == 0


def test_the_pointer_moves_the_code_and_every_picture(show):
    widget = make()
    here = show(widget, viewport={"width": 1000, "height": 900})
    plane, box = (found.bounding_box() for found in (here.page.locator(".map"), handle(here)))
    here.page.mouse.move(box["x"] + 22, box["y"] + 22)
    here.page.mouse.down()
    here.page.mouse.move(plane["x"] + 0.8 * plane["width"], plane["y"] + 0.3 * plane["height"], steps=4)
    here.page.mouse.up()
    found = assert_is_right(here)
    assert found["z"] == pytest.approx([0.6 * 3.5, 0.4 * 3.5], abs=0.03)
    here.page.mouse.click(plane["x"] + 0.25 * plane["width"], plane["y"] + 0.75 * plane["height"])
    assert assert_is_right(here)["z"] == pytest.approx([-1.75, -1.75], abs=0.03)


def test_arrow_keys_move_the_code_as_far_as_the_plane_and_home_goes_to_the_centre(show):
    here = show(make(z=(1, 1)))
    handle(here).focus()
    for key in ("Home", "Shift+ArrowRight", "ArrowDown"):
        here.page.keyboard.press(key)
    assert assert_is_right(here)["z"] == pytest.approx([0.25, -0.05])
    assert handle(here).get_attribute("aria-valuetext") == "z1 0.25, z2 −0.05"
    for _ in range(20):
        here.page.keyboard.press("Shift+ArrowUp")
    assert assert_is_right(here)["z"] == pytest.approx([0.25, 3.5])
    here.page.keyboard.press("Home")
    found = assert_is_right(here)
    assert (found["z"], found["left"], found["right"]) == ([0, 0], 0, 0)
    assert here.page.locator(".verdict").inner_text() == "Here every class leans as at the centre."


def test_classes_are_chosen_by_pointer_and_by_keys_and_shown_large(show):
    here = show(make(z=(0.5, 1.5)))
    assert tile(here, 0).is_checked()
    here.page.locator(".tile").nth(7).click()
    here.settle()
    assert here.numbers()["chosen"] == 7
    here.page.keyboard.press("ArrowRight")
    found = assert_is_right(here)
    assert found["chosen"] == 8 and tile(here, 8).is_checked()
    hero = here.page.get_by_role("img", name="Class 8 at the code (0.50, 1.50), large")
    greys = hero.evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 8, 8).data].filter((_, i) => i % 4 == 0)"
    )
    assert greys == pytest.approx([255 + (23 - 255) * ink for ink in found["pictures"][8]], abs=0.51)
    large, small = (here.page.locator(name).first.bounding_box()["width"] for name in (".hero", ".tile"))
    assert large > 2 * small
    assert readout(here, "Lean here") == f"{degrees(np.array(found['pictures'][8])):+.1f}°".replace("-", "−")


def test_the_codes_of_the_chosen_class_stand_out(show):
    places = [[-2.0, 2.0], [2.0, 2.0], [0.0, -2.0]]
    widget = ClassAndStyle(untrained(3), Bernoulli(), torch.tensor(places), torch.arange(3))
    here = show(widget)

    def opacities() -> list[list[int]]:
        """The most opaque pixel near each code: of the faint layer, and of the one of the chosen class."""
        here.settle()
        return here.page.locator(".map").evaluate(
            """(map, places) => {
              const layers = [...map.querySelectorAll("canvas")];
              return [layers[0], layers.at(-1)].map(layer => places.map(([x, y]) => {
                const [across, up] = [x, -y].map(value => (value + 3.5) / 7 * layer.width);
                const { data } = layer.getContext("2d").getImageData(across - 5, up - 5, 10, 10);
                return Math.max(...data.filter((_, i) => i % 4 == 3));
              }));
            }""",
            places,
        )

    for chosen in (0, 2):
        here.page.locator(".tile").nth(chosen).click()
        faint, strong = opacities()
        assert [each > 100 for each in strong] == [label == chosen for label in range(3)]
        assert [0 < each < 100 for each in faint] == [label != chosen for label in range(3)]


def test_the_codes_of_the_chosen_class_are_summed_up(show):
    codes, labels = spread_codes()
    here = show(make())
    for label in (0, 4):
        here.page.locator(".tile").nth(label).click()
        here.settle()
        own = (codes[labels == label].double() / STEP).round() * STEP
        for name, value in (("mean", own.mean(0)), ("sd", own.std(0, correction=0))):
            said = f"({value[0]:.2f}, {value[1]:.2f})".replace("-", "−")
            assert readout(here, f"Its codes: {name}") == said


def test_the_verdict_counts_who_leans_which_way(show):
    here = show(ClassAndStyle(upright_bars(3), Bernoulli(), z=(0, 1)))
    said = here.page.locator(".verdict")
    assert said.inner_text() == "Here every class leans as at the centre."
    handle(here).focus()
    for key, side in (("ArrowRight", "right"), ("Home", ""), ("ArrowLeft", "left")):
        here.page.keyboard.press(key)
        found = here.numbers()
        if side:
            most = abs(found["turned"][0])
            assert most > 0.5 and said.inner_text() == (
                f"All 3 lean further {side} than at the centre, by {most:.1f}° to {most:.1f}°."
            )


def test_words_count_both_sides(show):
    here = show(make(z=(1, 1.5)))
    found = assert_is_right(here)
    assert 0 < found["left"] < 10 and found["left"] + found["right"] <= 10
    assert here.page.locator(".verdict").inner_text() == (
        f"Of 10, {found['left']} lean further left than at the centre, {found['right']} further right."
    )


def test_draws_from_the_prior_are_seeded_and_standard_normal_and_reset_brings_all_back(show):
    here = show(make(z=(1, 2), chosen=5, seed=3))
    draw = here.page.get_by_role("button", name="Draw z from the prior")
    draw.click()
    first = assert_is_right(here)
    assert first["seed"] == 4 and first["z"] != [1, 2]
    drawn = here.page.locator(READY).evaluate(
        """async el => {
          const button = el.shadowRoot.querySelector(".place button");
          const drawn = [];
          for (let i = 0; i < 200; i++) {
            button.click();
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            drawn.push(...el.vaelib.numbers.z);
          }
          return drawn;
        }"""
    )
    assert abs(np.mean(drawn)) < 4 / math.sqrt(400) and np.var(drawn) == pytest.approx(1, abs=0.3)
    here.page.locator(".tile").nth(1).click()
    here.page.get_by_role("button", name="Reset").click()
    found = here.numbers()
    assert (found["z"], found["chosen"], found["seed"]) == ([1, 2], 5, 3) and tile(here, 5).is_checked()
    draw.click()
    assert here.numbers()["z"] == first["z"]


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (700, "light"), (1280, "light")])
def test_words_stay_apart_and_inside(show, width, theme):
    widget = ClassAndStyle(upright_bars(10), Bernoulli(), *spread_codes(), z=(-2, -2.5))
    here = show(widget, theme, viewport={"width": width, "height": 800})
    for keys in (["Home"], ["Shift+ArrowLeft"] * 9):
        handle(here).focus()
        for key in keys:
            here.page.keyboard.press(key)
        assert here.untidy() == []
    assert min(here.numbers()["turned"]) < -10, "the longest words there are"
    fits = here.page.locator(".tile p").evaluate_all("all => all.map(each => each.scrollWidth <= each.clientWidth)")
    assert fits == [True] * 10
    assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    plane, classes = (here.page.locator(name).bounding_box() for name in (".map", ".classes"))
    assert (plane["y"] + plane["height"] <= classes["y"]) == (width == 360)


def test_a_finger_finds_large_targets_and_taps_move_the_code(show):
    here = show(make(), viewport={"width": 360, "height": 900}, has_touch=True)
    targets = here.page.locator(".handle,.tile,button")
    assert all(min(target.bounding_box()["height"], target.bounding_box()["width"]) >= 44 for target in targets.all())
    plane = here.page.locator(".map").bounding_box()
    here.page.touchscreen.tap(plane["x"] + 0.75 * plane["width"], plane["y"] + 0.25 * plane["height"])
    assert assert_is_right(here)["z"] == pytest.approx([1.75, 1.75], abs=0.05)


def test_changes_are_announced(show):
    here = show(make())
    handle(here).focus()
    here.page.keyboard.press("Shift+ArrowRight")
    here.assert_says(re.compile(r"^z1 0\.25, z2 0\.00\. Class 0\. (Of 10|All 10)"))


def test_classes_keep_their_colours_in_the_dark(show):
    here = show(make(), "dark")
    here.settle()
    for label in (0, 8):
        red, green, blue = (int(plots.COLOURS[label][i : i + 2], 16) for i in (1, 3, 5))
        lighter = [round(value + 0.35 * (255 - value)) for value in (red, green, blue)]
        colour = here.page.locator(".tile b").nth(label).evaluate("node => getComputedStyle(node).color")
        assert [int(value) for value in re.findall(r"\d+", colour)] == pytest.approx(lighter, abs=1)


def test_without_script_and_in_print_there_is_the_picture(show):
    widget = make()
    assert_still_stands_in(show, widget, "A column for each class: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9.")
    picture, _, alt = widget.still()
    assert picture.shape == (5 * 9 - 1, 10 * 9 - 1)
    expected = by_torch(untrained(), [1.5, 0.0])[4].reshape(8, 8).float()
    assert picture[18:26, 36:44] == pytest.approx(1 - expected.numpy(), abs=1e-5)
    assert "from the top: (0, 0); (−1.5, 0); (1.5, 0); (0, −1.5); (0, 1.5)." in alt


@pytest.mark.parametrize(("change", "message"), [
    ({"decoder": nn.Linear(12, 64)}, "decoder was of type Linear; expected an nn.Sequential"),
    ({"decoder": nn.Sequential(nn.Linear(2, 64))}, "decoder was a network of 2 inputs and 64 outputs"),
    ({"decoder": nn.Sequential(nn.Linear(13, 64))}, "expected 4 to 12 inputs, the code and the one-hot class"),
    ({"decoder": nn.Sequential(nn.Linear(12, 784))}, "784 outputs; .* 64 outputs"),
    ({"decoder": nn.Sequential(nn.Linear(12, 8), nn.Linear(9, 64))}, r"layer 1 \(Linear\) was given shape \(8,\)"),
    ({"decoder": nn.Sequential(nn.Linear(12, 64), nn.Softmax(1))}, r"layer 1 \(Softmax\)"),
    ({"likelihood": Gaussian(1.0)}, "likelihood was Gaussian"),
    ({"likelihood": Bernoulli(grey=True)}, "likelihood was"),
    ({"codes": torch.zeros(200, 3)}, r"codes was of shape \(200, 3\)"),
    ({"codes": torch.full((200, 2), math.nan)}, "codes was as large as nan"),
    ({"labels": None}, "labels was None; expected the class of each code"),
    ({"codes": None}, "labels was given without codes"),
    ({"labels": torch.arange(200) % 11}, "labels was too large for the decoder; expected less than 10"),
    ({"labels": torch.zeros(200)}, "labels was float32"),
    ({"label_names": ["zero", "one"]}, "label_names was 2 names; expected 10, one for each class"),
    ({"z": (1, 2, 3)}, "z was"),
    ({"z": (math.nan, 0)}, "z was"),
    ({"chosen": 10}, "chosen was 10"),
    ({"chosen": 1.5}, "chosen was 1.5"),
    ({"seed": -1}, "seed was -1"),
    ({"dtype": "int8"}, "dtype was 'int8'"),
])
def test_what_does_not_fit_is_refused(change, message):
    codes, labels = spread_codes()
    given = {"decoder": untrained(), "likelihood": Bernoulli(), "codes": codes, "labels": labels} | change
    with pytest.raises(ValueError, match=message):
        ClassAndStyle(**given)


def test_later_changes_are_checked_too():
    widget = make(classes=3)
    for name, value, message in [("z", [0], "z was"), ("chosen", 3, "chosen was 3; expected a class from 0 to 2")]:
        before = getattr(widget, name)
        with pytest.raises(ValueError, match=message):
            setattr(widget, name, value)
        assert getattr(widget, name) == before


def test_a_double_precision_decoder_that_trains_stays_as_it_was():
    decoder = untrained().double().train()
    before = {name: value.clone() for name, value in decoder.state_dict().items()}
    widget = ClassAndStyle(decoder, Bernoulli())
    assert widget.decode([0.3, 0.1]).dtype == torch.float32 and decoder.training
    assert all(torch.equal(value, before[name]) for name, value in decoder.state_dict().items())
