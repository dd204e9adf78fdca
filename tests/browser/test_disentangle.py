"""Disentangle on a bare page opened from disk: moved by pointer and keys, compared with torch, the sheet and vaelib."""

import io
from functools import cache

import numpy as np
import pytest
import torch
import traitlets
from PIL import Image
from scipy import stats
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib.disentanglement import information, mig
from vaelib.likelihoods import Bernoulli, Gaussian
from vaelib.models import VAE, mlp_vae
from vaelib.widgets import Disentangle
from vaelib.widgets.export import with_rounded_weights

BETAS, SEEDS, LATENTS, STEPS, LIVE = (0.5, 2.0, 8.0), 4, 3, 5, 1
FACTORS = ["shape", "size", "x", "rotation"]
DEAD = (1, 2, 0)  # the one dead latent: beta, seed, latent
FORMS = {"sprites": ((1, 8, 6), Bernoulli()), "fruits": ((3, 8, 8), Gaussian(0.1))}
DRAWN = f"{READY} [data-strips]"  # there once the sheet has been read


@cache
def trained(form: str, b: int, s: int) -> VAE:
    """A model of beta b and seed s with strong weights, so that its latents move something."""
    shape, likelihood = FORMS[form]
    vae = mlp_vae(shape, LATENTS, likelihood, hidden=(9,), seed=10 * b + s)
    with torch.no_grad():
        for parameter in vae.decoder.parameters():
            parameter.mul_(1.5)
    return vae


@cache
def sheet(form: str) -> np.ndarray:
    """The strips of every model, rows of tiles, as levels (height, width) or (height, width, 3)."""
    rows = []
    for b, s, j in np.ndindex(len(BETAS), SEEDS, LATENTS):
        codes = torch.zeros(STEPS, LATENTS)
        codes[:, j] = torch.linspace(-2, 2, STEPS)
        vae = with_rounded_weights(trained(form, b, s))
        tiles = vae.likelihood.to_unit(vae.decode_mean(codes)).detach().numpy().clip(0, 1)
        rows.append(np.concatenate(tiles.transpose(0, 2, 3, 1), 1))
    return np.round(255 * np.concatenate(rows)).astype("u1").squeeze()


def measured() -> dict[str, np.ndarray]:
    """A table in which every latent knows something, and rates, one of them next to nothing."""
    draw = np.random.default_rng(3)
    table = draw.uniform(0, 0.9, (len(BETAS), SEEDS, LATENTS, len(FACTORS)))
    rates = draw.uniform(0.02, 3, table.shape[:3])
    rates[DEAD] = 0.0099
    return {"information": table, "rates": rates}


def arguments(form: str = "sprites") -> dict:
    file = io.BytesIO()
    Image.fromarray(sheet(form)).save(file, "png")
    models = {beta: trained(form, b, LIVE) for b, beta in enumerate(BETAS)}
    return {"models": models, "strips": file.getvalue(), **measured(), "factors": FACTORS, "live_seed": LIVE}


def make(form: str = "sprites", **options) -> Disentangle:
    return Disentangle(**arguments(form) | options)


@pytest.fixture
def opened(show):
    """A function that shows the widget and waits until its stored pictures are there."""
    return lambda *given, **context: show(*given, wait_for=DRAWN, **context)


def radio(here: Visit, group: str, name: str):
    return here.page.get_by_role("group", name=group).get_by_role("radio", name=name, exact=True)


def latents(here: Visit):
    return here.page.get_by_role("radiogroup", name="Latent").get_by_role("radio")


def dial(here: Visit, name: str = "Value"):
    return here.page.get_by_role("slider", name=name)


def words(here: Visit, name: str) -> str:
    here.settle()
    return here.page.locator(f".{name}").inner_text()


def tile(form: str, b: int, s: int, j: int, step: int) -> np.ndarray:
    """A tile of the sheet from 0 to 1, (channels * height * width,)."""
    (_, high, wide), row = FORMS[form][0], (b * SEEDS + s) * LATENTS + j
    levels = sheet(form)[row * high :][:high, step * wide :][:, :wide]
    return np.moveaxis(np.atleast_3d(levels), 2, 0).ravel() / 255


def assert_is_right(here: Visit, form: str = "sprites") -> dict:
    """Compare everything that is measured with numpy, and the picture with torch or the sheet."""
    found = here.numbers()
    b, s, j = BETAS.index(found["beta"]), found["seed"], found["latent"]
    table, rates = measured().values()
    ordered = np.sort(table[b], 1)
    gaps = ordered[:, -1] - ordered[:, -2]
    np.testing.assert_allclose(found["table"], table[b, s], atol=1e-6)
    np.testing.assert_allclose(found["rates"], rates[b, s], atol=1e-6)
    np.testing.assert_allclose(found["mig"], gaps[s], atol=1e-6)
    assert found["meanMig"] == pytest.approx(gaps[s].mean(), abs=1e-6)
    assert found["dead"] == (rates[b, s] < 0.01).tolist()
    for one, values in zip(found["all"], np.column_stack([gaps, gaps.mean(1)]).T, strict=True):
        interval = stats.t.interval(0.95, SEEDS - 1, values.mean(), stats.sem(values))
        assert (one["middle"] - one["half"], one["middle"] + one["half"]) == pytest.approx(interval, abs=1e-6)
        np.testing.assert_allclose(one["values"], values, atol=1e-6)
    vae = with_rounded_weights(trained(form, b, LIVE)).double()
    code = torch.zeros(LATENTS).double()
    code[j] = found["value"]
    step = round((found["value"] + 2) / 4 * (STEPS - 1))
    stored = tile(form, b, s, j, step)
    picture = vae.likelihood.to_unit(vae.decode_mean(code)).detach().flatten() if s == LIVE else stored
    np.testing.assert_allclose(found["pixels"], picture, atol=1e-5)
    assert found["place"] == (found["value"] if s == LIVE else step * 4 / (STEPS - 1) - 2)
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("beta", BETAS)
def test_the_live_picture_is_torchs_at_every_beta_and_latent(opened, form, beta):
    here = opened(make(form, beta=beta))
    for j, value in enumerate((-2, 0.37, 1.5)):
        latents(here).nth(j).check()
        dial(here).fill(str(value))
        found = assert_is_right(here, form)
        assert (found["beta"], found["seed"], found["latent"], found["value"]) == (beta, LIVE, j, value)


@pytest.mark.parametrize("form", FORMS)
def test_of_other_seeds_the_nearest_stored_picture_is_shown(opened, form):
    here = opened(make(form, seed=3, latent=2, value=0.4, beta=8.0))
    for value, place in ((0.4, 0), (0.6, 1), (-1.6, -2), (2, 2)):
        dial(here).fill(str(value))
        assert assert_is_right(here, form)["place"] == place
        assert words(here, "hint") == (
            f"Stored picture at z₃ = {place:.2f}. Only pictures are stored of seed 3; seed 1 is live."
        ).replace("-", "−")
    radio(here, "Seed", "1, live").check(force=True)
    assert assert_is_right(here, form)["place"] == 2
    assert words(here, "hint") == "Decoded live at z₃ = 2.00, all other latents 0."


def test_live_and_stored_pictures_of_one_model_agree(opened):
    here = opened(make(beta=2.0, latent=0))
    for step in range(STEPS):
        dial(here).fill(str(step - 2))
        np.testing.assert_allclose(here.numbers()["pixels"], tile("sprites", 1, LIVE, 0, step), atol=0.51 / 255)


def test_the_gap_is_vaelibs(opened):
    """From the information of codes, as a share of the factors' entropies, the browser finds the same MIG."""
    draw = np.random.default_rng(0)
    factors = np.column_stack([draw.integers(0, 3, 900), draw.normal(size=(900, 3))])
    mixing = draw.normal(size=(len(BETAS), SEEDS, 4, LATENTS))
    codes = factors @ mixing + 0.5 * draw.normal(size=(len(BETAS), SEEDS, 900, LATENTS))
    entropies = information(factors, factors, categorical=(0,)).diagonal()  # of each factor about itself
    table = [[information(z, factors, categorical=(0,)) / entropies for z in row] for row in codes]
    here = opened(make(information=table, seed=0, beta=BETAS[0]))
    for s in range(SEEDS):
        radio(here, "Seed", f"{s}, live" if s == LIVE else str(s)).check(force=True)
        np.testing.assert_allclose(here.numbers()["mig"], mig(codes[0, s], factors, categorical=(0,)), atol=1e-6)


def test_keys_and_pointer_move_everything(opened):
    here = opened(make(beta=2.0, latent=0), viewport={"width": 1000, "height": 900})
    seen = [assert_is_right(here)]

    def press(*keys: str) -> dict:
        for key in keys:
            here.page.keyboard.press(key)
        seen.append(assert_is_right(here))
        return seen[-1]

    dial(here, "β").focus()
    assert press("ArrowRight")["beta"] == 8 and dial(here, "β").get_attribute("aria-valuetext") == "8"
    assert press("Home")["beta"] == 0.5
    latents(here).nth(0).focus()
    assert press("ArrowDown")["latent"] == 1
    assert press("ArrowUp", "ArrowUp")["latent"] == 2
    dial(here).focus()
    assert press("End")["value"] == 2 and dial(here).get_attribute("aria-valuetext") == "z₃ = 2.00"
    assert press("ArrowLeft")["value"] == 1.99
    radio(here, "Seed", "1, live").focus()
    assert press("ArrowRight")["seed"] == 2
    radio(here, "Show", "One model").focus()
    assert press("ArrowRight")["view"] == "all seeds"
    assert len({str(each) for each in seen}) == len(seen)


def test_a_strip_is_dragged_along_and_its_mark_follows(opened):
    here = opened(make(beta=2.0, latent=0), viewport={"width": 1000, "height": 900})
    strip = here.page.locator(".strip").nth(1)
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    gap = box["width"] / (STEPS * 6 + STEPS - 1)  # a pixel of a tile, six to a tile, and one between tiles
    centre = lambda step: box["x"] + gap * (3 + 7 * step)  # noqa: E731
    y = box["y"] + box["height"] / 2
    here.page.mouse.move(centre(1), y)
    here.page.mouse.down()
    assert assert_is_right(here)["latent"] == 1
    for step, value in ((1, -1), (2.5, 0.5), (4, 2)):
        here.page.mouse.move(centre(step), y, steps=3)
        assert assert_is_right(here)["value"] == pytest.approx(value, abs=0.02)
        mark = here.page.locator(".mark:not([hidden])")
        assert mark.count() == 1 and mark.bounding_box()["x"] == pytest.approx(centre(step), abs=1)
    here.page.mouse.up()
    here.page.mouse.move(centre(0), y)
    assert here.numbers()["value"] == pytest.approx(2, abs=0.02)
    radio(here, "Seed", "0").check(force=True)
    dial(here).fill("-0.9")
    here.settle()
    assert here.page.locator(".mark:not([hidden])").bounding_box()["x"] == pytest.approx(centre(1), abs=1)


def painted(here: Visit, where: str) -> np.ndarray:
    """What a canvas holds, (height, width, 4)."""
    here.settle()
    pixels, size = here.page.locator(f"{where} canvas").evaluate(
        """canvas => [Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data),
             [canvas.height, canvas.width, 4]]"""
    )
    return np.reshape(pixels, size)


def expected(form: str, b: int, s: int, first: int, last: int, theme: str) -> np.ndarray:
    """Rows of the sheet in the colours of the theme, with gaps of one pixel, nothing in them."""
    (channels, high, wide), from_row = FORMS[form][0], (b * SEEDS + s) * LATENTS
    paper, ink = {"light": ((255,) * 3, (23, 32, 46)), "dark": ((16, 20, 26), (238, 242, 246))}[theme]
    rows = [sheet(form)[(from_row + j) * high :][:high] for j in range(first, last)]
    out = np.zeros(((high + 1) * len(rows) - 1, (wide + 1) * STEPS - 1, 4))
    for r, step in np.ndindex(len(rows), STEPS):
        levels = np.atleast_3d(rows[r][:, step * wide :][:, :wide]) / 255
        colours = 255 * levels if channels == 3 else np.array(paper) + levels * (np.array(ink) - paper)
        out[r * (high + 1) :, step * (wide + 1) :][:high, :wide] = np.dstack([colours, np.full((high, wide), 255)])
    return out


@pytest.mark.parametrize(("form", "theme"), [("sprites", "light"), ("sprites", "dark"), ("fruits", "dark")])
def test_strips_are_the_stored_pictures_in_the_colours_of_the_page(opened, form, theme):
    here = opened(make(form, beta=8.0, seed=2), theme)
    for j in range(LATENTS):
        found = painted(here, f".line:nth-child({j + 1})")
        np.testing.assert_allclose(found, expected(form, 2, 2, j, j + 1, theme), atol=0.6)
    radio(here, "Show", "All seeds").check(force=True)
    dial(here, "β").press("Home")
    for s in range(SEEDS):
        found = painted(here, f".block:nth-child({s + 1})")
        np.testing.assert_allclose(found, expected(form, 0, s, 0, LATENTS, theme), atol=0.6)


def test_the_table_marks_the_two_latents_of_each_gap(opened):
    here = opened(make(beta=0.5, seed=0, latent=1))
    table = measured()["information"][0, 0]
    here.settle()
    shown = here.page.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('span')].map(cell => [cell.textContent, cell.className]))"
    )
    for f, column in enumerate(np.array(shown).transpose(1, 2, 0)):
        order = table[:, f].argsort()
        assert column[0].tolist() == [f"{share:.2f}" for share in table[:, f]]
        assert [column[1][j] for j in order[::-1]] == ["first", "second", ""]
    assert here.page.locator("thead th").all_inner_texts() == FACTORS
    gaps = np.diff(np.sort(table, 0)[-2:], axis=0)[0]
    assert here.page.locator("tfoot td").all_inner_texts() == [f"{gap:.2f}" for gap in gaps]
    assert here.page.locator("tbody tr.chosen").inner_text().startswith("z₂")


def test_a_latent_of_no_rate_is_called_dead(opened):
    here = opened(make(beta=2.0, seed=2, latent=0))
    assert here.page.locator(".line.dead").count() == 1
    assert here.page.locator(".line.dead label").inner_text().split("\n")[0].startswith("z₁, dead")
    table = measured()["information"][1, 2, 0]
    knows = f"Its mean code tells most about {FACTORS[table.argmax()]} ({table.max():.2f})."
    assert words(here, "verdict").endswith(f"z₁ is dead (0.01\u00a0nats): its strip stands still. {knows}")
    latents(here).nth(1).check()
    assert "dead" not in words(here, "verdict")
    radio(here, "Seed", "1, live").check(force=True)
    here.settle()
    assert here.page.locator(".line.dead").count() == 0


def test_words_tell_what_the_chosen_latent_knows(opened):
    here = opened(make(beta=2.0, seed=0, latent=2))
    table, rates = (values[1, 0] for values in measured().values())
    gap = np.diff(np.sort(table, 0)[-2:], axis=0).mean()
    second, first = table[2].argsort()[-2:]
    assert words(here, "verdict") == (
        f"β = 2, seed 0: MIG {gap:.2f}. z₃ ({rates[2]:.2f}\u00a0nats) tells most about {FACTORS[first]} "
        f"({table[2, first]:.2f}), then {FACTORS[second]} ({table[2, second]:.2f})."
    )
    radio(here, "Show", "All seeds").check(force=True)
    values = np.diff(np.sort(measured()["information"][1], 1)[:, -2:], axis=1).mean((1, 2))
    half = stats.sem(values) * stats.t.ppf(0.975, SEEDS - 1)
    assert words(here, "verdict") == (
        f"β = 2, {SEEDS} seeds: MIG {values.mean():.2f} ± {half:.2f}, from {values.min():.2f} "
        f"(seed {values.argmin()}) to {values.max():.2f} (seed {values.argmax()})."
    )


def test_dots_and_intervals_stand_where_the_numbers_say(opened):
    here = opened(make(view="all seeds", seed=1))
    found = here.numbers()["all"]
    dots, bars, labels, end = here.page.locator(READY).evaluate(
        """el => { const chart = el.shadowRoot.querySelector(".chart");
          return [[...chart.querySelectorAll("circle")].map(dot => [dot.getAttribute("class"),
              Number(dot.getAttribute("cx")), Number(dot.getAttribute("cy"))]),
            [...chart.querySelectorAll(".interval")].map(path => path.getAttribute("d").match(/[\\d.]+/g).map(Number)),
            [...chart.querySelectorAll("text")].map(text => text.textContent), chart.clientWidth - 14]; }"""
    )
    assert len(dots) == SEEDS * len(found) and len(bars) == len(found)
    values = [row["values"][s] for row in found for s in (0, 2, 3, 1)]  # the chosen seed is drawn over the others
    scale, start = np.polyfit(values, [x for _, x, _ in dots], 1)
    assert [x for _, x, _ in dots] == pytest.approx([start + scale * value for value in values], abs=0.01)
    assert ["chosen" in name for name, _, _ in dots] == [False, False, False, True] * len(found)
    for (left, _, right, middle, *_), row in zip(bars, found, strict=True):
        ends = [start + scale * (row["middle"] + side * row["half"]) for side in (-1, 0, 1)]
        assert [left, middle, right] == pytest.approx([max(ends[0], start), ends[1], min(ends[2], end)], abs=0.01)
    for name, row in zip([*FACTORS, "mean"], found, strict=True):
        assert name in labels and f"{row['middle']:.2f} ± {row['half']:.2f}" in labels


def test_a_block_of_pictures_chooses_its_seed(opened):
    here = opened(make(view="all seeds", beta=2.0))
    blocks = here.page.locator(".block")
    assert [block.get_attribute("aria-pressed") for block in blocks.all()] == ["false", "true", "false", "false"]
    blocks.nth(3).click()
    found = assert_is_right(here)
    assert found["seed"] == 3 and found["view"] == "all seeds"
    assert blocks.nth(3).get_attribute("aria-pressed") == "true"
    assert blocks.nth(3).inner_text().split("\n") == ["Seed 3", f"MIG {found['meanMig']:.2f}"]
    blocks.nth(0).press("Enter")
    assert here.numbers()["seed"] == 0


def test_reset_brings_all_back(opened):
    here = opened(make(beta=2.0, seed=3, latent=2, value=-1.0))
    before = here.numbers()
    dial(here, "β").press("End")
    dial(here).fill("1.5")
    latents(here).nth(0).check()
    radio(here, "Seed", "0").check(force=True)
    radio(here, "Show", "All seeds").check(force=True)
    assert here.numbers() != before
    here.page.get_by_role("button", name="Reset").click()
    assert here.numbers() == before


def test_changes_are_announced(opened):
    here = opened(make(beta=2.0))
    dial(here, "β").press("End")
    said = words(here, "verdict")
    assert said.startswith("β = 8, seed 1: MIG ")
    here.assert_says(said)


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (760, "light"), (1280, "light")])
def test_words_stay_apart_and_inside(opened, width, theme):
    here = opened(make(beta=2.0, seed=2, latent=0), theme, viewport={"width": width, "height": 800})
    for view in ("One model", "All seeds"):
        radio(here, "Show", view).check(force=True)
        assert here.untidy() == []
        assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    radio(here, "Show", "One model").check(force=True)
    here.settle()
    for line in here.page.locator(".line").all():
        ends = [node.bounding_box() for node in (line.locator(".rate"), line.locator(".strip"))]
        along, size = ("y", "height") if width == 360 else ("x", "width")  # words above the strip, or beside it
        assert ends[0][along] + ends[0][size] <= ends[1][along]
        aspect = line.locator("canvas").evaluate("canvas => canvas.width / canvas.height")
        box = line.locator("canvas").bounding_box()
        assert box["width"] / box["height"] == pytest.approx(aspect, rel=0.02)
    if width > 600:
        rows = zip(here.page.locator(".line").all(), here.page.locator("tbody tr").all(), strict=True)
        assert all(abs(line.bounding_box()["y"] - row.bounding_box()["y"]) < 3 for line, row in rows)


def test_a_finger_finds_large_targets(opened):
    here = opened(make(), viewport={"width": 360, "height": 800}, has_touch=True)
    targets = here.page.locator("input[type=range],button:visible,.choice label,.line label,.strip")
    assert targets.count() > 12
    assert all(target.bounding_box()["height"] >= 44 for target in targets.all())
    here.page.locator(".strip").nth(2).tap()
    assert here.numbers()["latent"] == 2


def test_without_script_and_in_print_there_is_the_picture(show):
    assert_still_stands_in(show, make(), "What the latents of a model move, and the MIG of many models.")


def test_the_still_tells_the_range_of_the_gap_over_seeds():
    gaps = np.diff(np.sort(measured()["information"], 2)[:, :, -2:], axis=2).mean((2, 3))
    caption = make().still().caption
    assert caption.startswith("Left: a row for each latent, from −2 to 2. MIG over 4 seeds: ")
    for beta, row in zip(BETAS, gaps, strict=True):
        assert f"{row.min():.2f} to {row.max():.2f} at β = {beta:g}" in caption


@pytest.mark.parametrize("form", FORMS)
def test_the_still_shows_the_strips_of_the_chosen_model(form):
    widget, (_, high, _) = make(form), FORMS[form][0]
    for b, s in ((1, LIVE), (2, 3)):
        widget.beta, widget.seed = BETAS[b], s
        block = sheet(form)[(b * SEEDS + s) * LATENTS * high :][: LATENTS * high]
        axes = widget.still().picture.axes[0]
        drawn = axes.images[0].get_array()
        np.testing.assert_array_equal(drawn, block if form == "fruits" else np.dstack([255 - block] * 3))
        assert axes.get_title() == f"β = {BETAS[b]:g}, seed {s}"


def test_traits_go_both_ways():
    widget, other = make(), make()
    assert (widget.beta, widget.seed, widget.latent, widget.value) == (2.0, LIVE, measured()["rates"][2, 1].argmax(), 0)
    changed = {"beta": np.float64(8), "seed": np.int64(3), "latent": 2, "value": -1.5, "view": "all seeds"}
    for name, value in changed.items():
        traitlets.link((widget, name), (other, name))
        setattr(widget, name, value)
        assert getattr(other, name) == value and type(getattr(other, name)) in (float, int, str)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"beta": 3.0}, r"beta was 3.0; expected one of 0.5, 2.0, 8.0"),
        ({"beta": "2"}, "beta was '2'"),
        ({"beta": [2.0]}, "beta was"),
        ({"seed": 4}, "seed was 4; expected one of 0, 1, 2, 3"),
        ({"latent": -1}, "latent was -1; expected one of 0, 1, 2"),
        ({"latent": 0.5}, "latent was 0.5"),
        ({"live_seed": 4}, "live_seed was 4; expected one of 0, 1, 2, 3"),
        ({"value": 2.1}, "value was 2.1; expected a number from -2 to 2"),
        ({"view": "both"}, "view was 'both'"),
        ({"models": {}}, r"models was for \[\]"),
        ({"models": {0.0: trained("sprites", 0, 1)}}, "models was 0.0; expected a finite number > 0"),
        ({"models": {2.0: trained("sprites", 0, 1), 0.5: trained("sprites", 1, 1), 8.0: trained("sprites", 2, 1)}},
         r"models was for \[2.0, 0.5, 8.0\]; expected rising betas, alike models"),
        ({"models": {0.5: trained("sprites", 0, 1), 2.0: trained("fruits", 0, 1)}}, "models was for"),
        ({"models": {0.5: mlp_vae((6,), 3, "bernoulli")}}, "expected images"),
        ({"rates": measured()["rates"][:, :1]}, r"rates was of shape \(3, 1, 3\); expected nats >= 0 of shape"),
        ({"rates": -measured()["rates"]}, "rates was"),
        ({"rates": np.zeros(3)}, r"rates was of shape \(3,\)"),
        ({"information": measured()["information"][:, :3]}, r"information was of shape \(3, 3, 3, 4\)"),
        ({"information": 2 * measured()["information"]}, "information was"),
        ({"factors": ["x"]}, "information was"),
        ({"strips": b"RIFF"}, "strips was no image; expected a file's bytes"),
        ({"strips": arguments("fruits")["strips"]}, r"strips was of \(288, 40\) pixels; expected 288 high"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        make(**change)
