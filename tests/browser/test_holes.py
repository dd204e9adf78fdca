"""Holes on a bare page opened from disk: moved and walked, its pictures and distances compared with torch."""

import math

import numpy as np
import pytest
import torch
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib import likelihoods
from vaelib.models import VAE, Autoencoder, conv_autoencoder, conv_vae, mlp_autoencoder, mlp_vae
from vaelib.widgets import Holes
from vaelib.widgets.export import with_rounded_weights

N = 60
SIDES = ("autoencoder", "vae")


def louder(model: VAE | Autoencoder) -> VAE | Autoencoder:
    """Return an untrained model whose decoder has something to say."""
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(2)
    return model


def noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def made(**options: object) -> Holes:
    """A widget of digits whose autoencoder has its codes far off the origin."""
    likelihood = likelihoods.Binomial(16)
    models = [louder(make((1, 8, 8), 2, likelihood, hidden=(24,))) for make in (mlp_autoencoder, mlp_vae)]
    inputs = (8 + 4 * noise(2, 4, 1, 8, 8)).round().clamp(0, 16)
    codes = [5 * noise(0, N, 2) + torch.tensor([20.0, -3.0]), noise(1, N, 2)]
    labels = torch.arange(N) % 3
    return Holes(*models, *codes, labels, inputs, label_names=["one", "two", "three"], **options)


@pytest.fixture(scope="module")
def holes() -> Holes:
    return made(start=1, end=3)


def spacings(widget: Holes, name: str, z: list[float]) -> float:
    """The distance from z to the nearest code over the median distance from a code to its nearest neighbour."""
    codes = widget.shown_codes(name)
    apart = np.linalg.norm(codes[:, None] - codes, axis=-1)
    apart[np.diag_indices(len(codes))] = np.inf
    return np.linalg.norm(codes - z, axis=-1).min() / np.sort(apart.min(1))[(len(codes) - 1) // 2]


def decoded(model: VAE | Autoencoder, z: list[float]) -> torch.Tensor:
    output = with_rounded_weights(model.decoder)(torch.tensor([z], dtype=torch.float32))
    return model.likelihood.to_unit(model.likelihood.mean(output)).flatten().detach()


def assert_is_right(here: Visit, widget: Holes) -> dict:
    """Compare both pictures and both distances on the screen with torch's; return the numbers."""
    found = here.numbers()
    pixels = here.page.locator(READY).evaluate("el => el.vaelib.pixels.map(each => Array.from(each))")
    for name, shown in zip(SIDES, pixels):
        z = found[name]["z"]
        expected = decoded(widget._models[name], z)
        assert expected.std() > 0.01
        assert torch.allclose(torch.tensor(shown), expected, rtol=0, atol=1e-5)
        assert found[name]["spacings"] == pytest.approx(spacings(widget, name, z), rel=1e-6)
        codes = widget.shown_codes(name)
        nearest = np.linalg.norm(codes - z, axis=-1).argmin()
        label = np.frombuffer(widget.labels, "u1")[nearest]
        assert found[name]["class"] == widget.spec["classes"][label]
    return found


def walk_to(here: Visit, position: float) -> None:
    here.page.get_by_role("slider", name="On the way from A to B").fill(str(position))


def handle(here: Visit, name: str):
    return here.page.get_by_role("slider", name=f"Point in the plane of the {name}")


def test_it_starts_at_the_codes_of_the_first_picture(show, holes):
    here = show(holes)
    found = assert_is_right(here, holes)
    autoencoder, vae = (holes._models[name] for name in SIDES)
    inputs = (8 + 4 * noise(2, 4, 1, 8, 8)).round().clamp(0, 16)
    assert found["autoencoder"]["z"] == pytest.approx(autoencoder.encode(inputs)[1].tolist(), abs=1e-4)
    assert found["vae"]["z"] == pytest.approx(vae.posterior(inputs).mean[1].tolist(), abs=1e-4)
    assert not here.page.locator("figure").is_visible()


def test_one_slider_walks_both_planes_straight(show, holes):
    here = show(holes)
    ends = {name: [np.array(holes.spec[name]["inputs"][i]) for i in (1, 3)] for name in SIDES}
    for position in (0.25, 1, 0.6):
        walk_to(here, position)
        found = assert_is_right(here, holes)
        for name, (start, end) in ends.items():
            assert found[name]["z"] == pytest.approx(start + position * (end - start))
    here.page.get_by_label("Picture B").select_option("0")
    found = assert_is_right(here, holes)
    start, end = (np.array(holes.spec["vae"]["inputs"][i]) for i in (1, 0))
    assert (found["end"], found["vae"]["z"]) == (0, pytest.approx(start + 0.6 * (end - start)))


def test_strips_show_nine_pictures_of_either_decoder(show, holes):
    here = show(holes)
    here.page.wait_for_timeout(500)
    for strip, name in zip(here.page.locator(".strip").all(), SIDES):
        greys = strip.locator("canvas").evaluate_all(
            "all => all.map(each => each.getContext('2d').getImageData(2, 5, 1, 1).data[0])"
        )
        assert len(greys) == 9
        for k, grey in enumerate(greys):
            value = decoded(holes._models[name], holes.on_path(name, k / 8))[5 * 8 + 2].item()
            assert grey == pytest.approx(255 + (23 - 255) * value, abs=0.51)


def test_a_pointer_moves_one_point_and_leaves_the_other(show, holes):
    here = show(holes, viewport={"width": 1000, "height": 1200})
    before = here.numbers()
    box = handle(here, "Autoencoder").bounding_box()
    field = here.page.locator(".field").first.bounding_box()
    here.page.mouse.move(box["x"] + 22, box["y"] + 22)
    here.page.mouse.down()
    x, y = field["x"] + 0.3 * field["width"], field["y"] + 0.2 * field["height"]
    here.page.mouse.move(x, y, steps=4)
    here.page.mouse.up()
    found = assert_is_right(here, holes)
    plane = holes.spec["autoencoder"]
    places = [plane["centre"][i] + plane["reach"] * share for i, share in enumerate((-0.4, 0.6))]
    assert found["autoencoder"]["z"] == pytest.approx(places, abs=0.01 * plane["reach"])
    assert found["vae"] == before["vae"]
    field, reach = here.page.locator(".field").last.bounding_box(), holes.spec["vae"]["reach"]
    here.page.mouse.click(field["x"] + 0.25 * field["width"], field["y"] + 0.75 * field["height"])
    assert here.numbers()["vae"]["z"] == pytest.approx([-reach / 2, -reach / 2], abs=0.05)


def test_arrow_keys_move_a_point_and_home_goes_to_the_origin(show, holes):
    here = show(holes)
    handle(here, "VAE").focus()
    here.page.keyboard.press("Home")
    assert assert_is_right(here, holes)["vae"]["z"] == [0, 0]
    step = holes.spec["vae"]["reach"] / 75
    here.page.keyboard.press("Shift+ArrowRight")
    here.page.keyboard.press("ArrowDown")
    found = assert_is_right(here, holes)["vae"]
    assert found["z"] == pytest.approx([5 * step, -step])
    said = f"nearest code {found['spacings']:.1f} spacings away"
    assert said in handle(here, "VAE").get_attribute("aria-valuetext")
    for _ in range(40):
        here.page.keyboard.press("Shift+ArrowRight")
    plane = holes.spec["vae"]
    assert here.numbers()["vae"]["z"][0] == pytest.approx(plane["centre"][0] + plane["reach"])


def test_prior_draws_are_the_same_in_both_planes_seeded_and_standard_normal(show, holes):
    here = show(holes)
    button = here.page.get_by_role("button", name="Draw both from N(0, I)")
    button.click()
    first = assert_is_right(here, holes)
    assert first["autoencoder"]["z"] == first["vae"]["z"] and first["seed"] == 1
    drawn = here.page.locator(READY).evaluate(
        """async el => {
          const button = el.shadowRoot.querySelector(".draw");
          const drawn = [];
          for (let i = 0; i < 200; i++) {
            button.click();
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            drawn.push(...el.vaelib.numbers.vae.z);
          }
          return drawn;
        }"""
    )
    assert abs(np.mean(drawn)) < 4 / math.sqrt(400) and np.var(drawn) == pytest.approx(1, abs=0.3)
    here.page.get_by_role("button", name="Reset").click()
    found = here.numbers()
    assert found["seed"] == 0 and found["vae"]["z"] == pytest.approx(holes.vae_z)
    button.click()
    assert here.numbers() == first


def test_the_ground_is_greyest_far_from_every_code(show, holes):
    here = show(holes)
    here.settle()
    shades = here.page.locator(".field canvas").first.evaluate(
        """canvas => [0.03, 0.97].map(x => canvas.getContext("2d")
             .getImageData(x * canvas.width, 0.03 * canvas.height + 40, 1, 1).data[3])"""
    )
    plane, distances = holes.spec["autoencoder"], []
    for x in (-0.94, 0.94):
        height = here.page.locator(".field").first.bounding_box()["height"]
        up = 1 - 2 * (0.03 + 40 / height)
        z = [plane["centre"][i] + plane["reach"] * share for i, share in enumerate((x, up))]
        distances.append(spacings(holes, "autoencoder", z))
    expected = [255 * 0.42 * min(math.log1p(d) / math.log1p(100), 1) ** 1.5 for d in distances]
    assert shades == pytest.approx(expected, abs=4) and abs(distances[0] - distances[1]) > 5


def test_colour_pictures_of_a_convolution(show):
    models = [louder(make(2, likelihoods.ContinuousBernoulli(), (3, 32, 32), width=8))
              for make in (conv_autoencoder, conv_vae)]
    inputs = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    widget = Holes(*models, noise(0, N, 2), noise(1, N, 2), torch.arange(N) % 2, inputs)
    here = show(widget)
    walk_to(here, 0.5)
    assert_is_right(here, widget)
    assert here.page.locator(".hero canvas").first.get_attribute("width") == "32"


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1000, "light")])
def test_words_stay_apart_and_inside(show, holes, width, theme):
    here = show(holes, theme, viewport={"width": width, "height": 800})
    for position in (0, 0.5):
        walk_to(here, position)
        assert here.untidy() == []
    assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    fields = [field.bounding_box() for field in here.page.locator(".field").all()]
    stacked = fields[1]["y"] >= fields[0]["y"] + fields[0]["height"]
    assert stacked == (width == 360) and all(field["width"] > 250 for field in fields)


def test_a_finger_finds_large_targets(show, holes):
    here = show(holes, viewport={"width": 360, "height": 800}, has_touch=True)
    targets = here.page.locator(".handle,input[type=range],select,button")
    assert all(target.bounding_box()["height"] >= 44 for target in targets.all())


def test_changes_are_announced(show, holes):
    here = show(holes)
    walk_to(here, 0.5)
    found = here.numbers()
    words = "; ".join(
        f"{holes.spec[name]['name']}: {found[name]['spacings']:.1f} spacings from a code" for name in SIDES
    )
    here.assert_says(f"{words}.")


def test_without_script_and_in_print_there_is_the_picture(show, holes):
    assert_still_stands_in(show, holes, "a straight line from a picture of class")
    path = np.array([holes.on_path("vae", k / 8) for k in range(9)])
    far = max(spacings(holes, "vae", z) for z in path)
    assert f"{far:.1f} in the plane of the VAE." in holes.still().alt


def test_many_codes_are_thinned_and_the_rest_is_counted():
    """Distances are then to the codes that are shown."""
    likelihood = likelihoods.Binomial(16)
    models = [make((1, 8, 8), 2, likelihood, hidden=(8,)) for make in (mlp_autoencoder, mlp_vae)]
    inputs = torch.zeros(2, 1, 8, 8)
    widget = Holes(*models, noise(0, 900, 2), noise(1, 900, 2), torch.arange(900) % 5, inputs)
    assert widget.shown_codes("vae").shape == (400, 2) and "400 of 900" in widget.caption
    assert np.bincount(np.frombuffer(widget.labels, "u1")).tolist() == [80] * 5


@pytest.mark.parametrize(("change", "message"), [
    ({0: "vae"}, "autoencoder was of type VAE"),
    ({1: "autoencoder"}, "vae was of type Autoencoder"),
    ({0: "wide"}, "autoencoder was a model of 3 latent dimensions; expected 2"),
    ({0: "other"}, "autoencoder was of .*Bernoulli"),
    ({2: torch.zeros(N, 3)}, r"autoencoder_codes was of shape \(60, 3\)"),
    ({2: noise(0, N - 1, 2)}, "autoencoder_codes was 59 codes; expected 60"),
    ({2: torch.zeros(N, 2)}, "autoencoder_codes was one code, or mostly the same one"),
    ({3: torch.full((N, 2), 400.0)}, "vae_codes was as large as 400"),
    ({4: torch.zeros(N)}, "labels was float32"),
    ({5: torch.zeros(1, 1, 8, 8)}, "inputs was 1 pictures; expected 2 to 40"),
    ({"start": 4}, "start was 4; expected an index of one of 4 inputs"),
    ({"path_position": 2}, "path_position was 2"),
])
def test_what_does_not_fit_is_refused(change, message):
    likelihood = likelihoods.Binomial(16)
    vae = mlp_vae((1, 8, 8), 2, likelihood, hidden=(8,))
    autoencoder = mlp_autoencoder((1, 8, 8), 2, likelihood, hidden=(8,))
    other = {
        "vae": vae,
        "autoencoder": autoencoder,
        "wide": mlp_autoencoder((1, 8, 8), 3, likelihood, hidden=(8,)),
        "other": mlp_autoencoder((1, 8, 8), 2, "bernoulli", hidden=(8,)),
    }
    given = [autoencoder, vae, noise(0, N, 2), noise(1, N, 2), torch.arange(N) % 3, torch.zeros(4, 1, 8, 8)]
    options = {}
    for key, value in change.items():
        if isinstance(key, int):
            given[key] = other[value] if isinstance(value, str) else value
        else:
            options[key] = value
    with pytest.raises(ValueError, match=message):
        Holes(*given, **options)


def test_later_changes_are_checked_too(holes):
    widget = made()
    for name, value, message in [
        ("end", 4, "end was 4"), ("vae_z", [0, 301], "vae_z was"), ("autoencoder_z", [0], "autoencoder_z was")
    ]:
        before = getattr(widget, name)
        with pytest.raises(ValueError, match=message):
            setattr(widget, name, value)
        assert getattr(widget, name) == before
