"""The reduction bench on a bare page opened from disk: the loss that it shows, run by torch, has its beta."""

import itertools

import ipywidgets
import pytest
import torch
from torch.nn.functional import binary_cross_entropy
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib.linear import linear_vae_optimum
from vaelib.widgets import ReductionBench

CHOICES = {
    "over_pixels": "Over pixels",
    "error_batch": "R over the batch",
    "over_latents": "Over latents",
    "kl_batch": "K over the batch",
}
ERRORS = {"squared": "SE", "half": "½ SE", "gaussian": "SE/2σ²", "bce": "BCE"}
SMALL = {"data_dim": 6, "latents": 3, "batch": 5, "sigma2": 0.7, "weight": 2.5}
EVERY = [dict(zip(("error", *CHOICES), words)) for words in itertools.product(ERRORS, *[["sum", "mean"]] * 4)]


def by_autograd(code: list[str], error: str, sizes: dict[str, float]) -> tuple[float, float]:
    """What one nat of -ln p(x | z) and one nat of KL weigh in the loss that `code` computes, by its gradients."""
    generator = torch.Generator().manual_seed(0)
    x, y = 0.1 + 0.8 * torch.rand(2, sizes["batch"], sizes["data_dim"], generator=generator, dtype=torch.float64)
    kl = torch.rand(sizes["batch"], sizes["latents"], generator=generator, dtype=torch.float64)
    y.requires_grad_(), kl.requires_grad_()
    names = {"x": x, "y": y, "kl": kl, "sigma2": sizes["sigma2"]}
    names["bce"] = lambda x, y: binary_cross_entropy(y, x, reduction="none")
    for line in (*code[1:], code[0]):
        exec(line, {}, names)
    names["loss"].backward()
    nats = names["bce"](x, y) if error == "bce" else (x - y) ** 2 / (2 * sizes["sigma2"])
    ratio = y.grad / torch.autograd.grad(nats.sum(), y)[0]
    for same in (ratio, kl.grad):
        torch.testing.assert_close(same, same.flatten()[0].expand_as(same))
    return ratio[0, 0].item(), kl.grad[0, 0].item()


def assert_is_right(here: Visit) -> dict:
    """Compare the numbers on the screen with the gradients of the loss on the screen; return them."""
    found = here.numbers()
    shown = here.page.locator(".code").inner_text().split("\n")
    assert shown == found["code"]
    error, kl = by_autograd(shown, found["error"], {name: found[name] for name in SMALL})
    assert (found["errorNat"], found["klNat"]) == pytest.approx((error, kl), rel=1e-9)
    assert found["beta"] == pytest.approx(kl / error, rel=1e-9) and found["traitBeta"] == found["beta"]
    assert found["scale"] == pytest.approx(error * found["batch"])
    if found["error"] == "bce":
        assert found["tau"] is None and found["active"] is None
    else:
        assert found["tau"] == pytest.approx(found["beta"] * found["sigma2"])
    return found


def choose(here: Visit, group: str, name: str) -> None:
    here.page.get_by_role("group", name=group).get_by_role("radio", name=name, exact=True).check()


def size(here: Visit, name: str, value: object) -> None:
    here.page.get_by_role("spinbutton", name=name).fill(str(value))


@pytest.mark.parametrize("error", ERRORS)
def test_every_combination_has_the_beta_of_its_gradients(show, error):
    here = show(ReductionBench(**SMALL))
    choose(here, "Per pixel", ERRORS[error])
    seen = set()
    for state in EVERY[:16]:
        for name, label in CHOICES.items():
            choose(here, label, state[name])
        found = assert_is_right(here)
        assert {name: found[name] for name in state} == {**state, "error": error}
        seen.add(round(found["beta"], 9))
    assert len(seen) == 12, "a mean over the batch in both terms is a sum over it in both"


@pytest.mark.parametrize("state", EVERY)
def test_python_knows_the_same_beta(state):
    widget = ReductionBench(**SMALL, **state)
    code = {"squared": "(x - y) ** 2", "half": "0.5 * (x - y) ** 2", "gaussian": "(x - y) ** 2 / (2 * sigma2)"}
    pixels = f"R = ({code.get(state['error'], 'bce(x, y)')}).{state['over_pixels']}(1).{state['error_batch']}(0)"
    latents = f"K = kl.{state['over_latents']}(1).{state['kl_batch']}(0)"
    error, kl = by_autograd(["loss = R + 2.5 * K", pixels, latents], state["error"], SMALL)
    assert widget.weights() == pytest.approx((error, kl)) and widget.beta == pytest.approx(kl / error)


@pytest.mark.parametrize(("state", "beta", "tau"), [
    ({}, 1, 0.5),  # weight 1 on the squared error is a decoder of sigma^2 = 1/2
    ({"over_pixels": "mean", "data_dim": 784, "sigma2": 392}, 1, 392),  # F.mse_loss: sigma^2 = D / 2
    ({"over_pixels": "mean", "error": "gaussian", "data_dim": 784}, 784, 392),
    ({"over_latents": "mean", "error": "bce", "latents": 10}, 0.1, 0.05),
    ({"error_batch": "sum", "kl_batch": "sum"}, 1, 0.5),
    ({"kl_batch": "sum", "batch": 100}, 100, 50),
    ({"error": "half", "sigma2": 0.01, "weight": 4}, 400, 4),
])
def test_known_losses(state, beta, tau):
    widget = ReductionBench(**state)
    assert widget.beta == pytest.approx(beta) and widget.beta * widget.sigma2 == pytest.approx(tau)


def test_the_noise_at_which_a_loss_is_read_changes_beta_but_not_what_it_does(show):
    here = show(ReductionBench(latents=40))
    for label, at in [("Read at noise σ²", -2), ("Read at noise σ²", -1)]:
        here.page.get_by_role("slider", name=label).fill(str(at))
        found = assert_is_right(here)
        assert found["beta"] == pytest.approx(0.5 / 10**at) and found["tau"] == pytest.approx(0.5)
    choose(here, "Per pixel", "SE/2σ²")
    found = assert_is_right(here)
    assert (found["beta"], found["tau"]) == pytest.approx((1, 0.1)), "unless the noise stands in the loss"


def test_active_units_are_those_of_a_linear_vae_at_this_level(show):
    widget = ReductionBench(sigma2=0.05, error="gaussian", latents=40)
    here = show(widget)
    for weight, latents in [(0, 40), (-0.5, 40), (0.5, 40), (-1, 5)]:
        here.page.get_by_role("slider", name="Weight of K").fill(str(weight))
        size(here, "Latents k", latents)
        found = assert_is_right(here)
        best = linear_vae_optimum(widget.eigenvalues, 1, found["tau"], latents)
        assert found["active"] == (best.rate > 0).sum() > 0
        assert here.page.locator(".chart .bar-lit").count() == found["active"]
        assert f"keeps {found['active']} of {latents} latents active" in here.page.locator(".result").inner_text()


def test_a_cross_entropy_has_no_noise(show):
    here = show(ReductionBench(over_pixels="mean"))
    choose(here, "Per pixel", "BCE")
    found = assert_is_right(here)
    assert found["beta"] == 64
    assert here.page.get_by_role("slider", name="Read at noise σ²").is_disabled()
    assert not here.page.locator(".chart").is_visible()
    assert "has no σ²" in here.page.locator(".result").inner_text()


def test_sizes_are_typed_and_what_is_no_size_is_passed_over(show):
    here = show(ReductionBench(over_pixels="mean"))
    size(here, "Pixels D", 3072)
    assert assert_is_right(here)["data_dim"] == 3072
    for wrong in ("0", "", "1.5"):
        size(here, "Pixels D", wrong)
        assert here.numbers()["data_dim"] == 3072
        here.page.keyboard.press("Tab")
        here.settle()
        assert here.page.get_by_role("spinbutton", name="Pixels D").input_value() == "3072"
    here.page.get_by_role("spinbutton", name="Batch B").focus()
    here.page.keyboard.press("ArrowUp")
    assert assert_is_right(here)["batch"] == 129


def test_formula_and_keys_and_reset(show):
    here = show(ReductionBench())
    formula = here.page.locator(".formula")
    assert formula.inner_text().split("\n") == [
        "loss = R + K", "R = 1/128 Σₙ Σᵢ (xₙᵢ − x̂ₙᵢ)²", "K = 1/128 Σₙ Σⱼ KLₙⱼ"
    ]
    assert "This is the ELBO of a decoder with σ² = 0.50" in here.page.locator(".result").inner_text()
    here.page.get_by_role("group", name="Over pixels").get_by_role("radio", name="sum").focus()
    here.page.keyboard.press("ArrowRight")
    here.page.get_by_role("slider", name="Weight of K").focus()
    here.page.keyboard.press("Home")
    found = assert_is_right(here)
    assert (found["over_pixels"], found["weight"]) == ("mean", 0.0001)
    choose(here, "K over the batch", "sum")
    here.settle()
    assert formula.inner_text().split("\n") == [
        "loss = R + 1.0\u00a0×\u00a010⁻⁴ · K", "R = 1/128 Σₙ 1/64 Σᵢ (xₙᵢ − x̂ₙᵢ)²", "K = Σₙ Σⱼ KLₙⱼ"
    ]
    here.page.get_by_role("button", name="Reset").click()
    found = assert_is_right(here)
    assert (found["beta"], found["over_pixels"], found["kl_batch"]) == (1, "sum", "mean")


def test_beta_keeps_up_and_drives_another_widget():
    widget, slider = ReductionBench(), ipywidgets.FloatText()
    ipywidgets.dlink((widget, "beta"), (slider, "value"))
    widget.over_pixels = "mean"
    assert slider.value == 64
    widget.set_state({"latents": 4, "over_latents": "mean", "beta": 16.0})  # as the screen sends it
    assert slider.value == widget.beta == 16


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1000, "light")])
def test_words_stay_apart_and_inside(show, width, theme):
    large = {"data_dim": 1_000_000, "latents": 1000, "batch": 100_000, "weight": 0.00123, "sigma2": 0.00123}
    for state in ({}, EVERY[0], EVERY[-1], {**EVERY[15], **large}, {**EVERY[40], **large}):
        here = show(ReductionBench(**state), theme, viewport={"width": width, "height": 800})
        assert here.untidy() == []
        assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    assert here.page.locator(".frame").get_attribute("data-dark") == str(theme == "dark").lower()


def test_a_finger_finds_large_targets(show):
    here = show(ReductionBench(), viewport={"width": 360, "height": 800}, has_touch=True)
    targets = here.page.locator("input[type=range],input[type=number],.choice label,button")
    assert all(target.bounding_box()["height"] >= 44 for target in targets.all())


def test_changes_are_announced(show):
    here = show(ReductionBench())
    choose(here, "Over pixels", "mean")
    here.assert_says(
        "β = 64.0 at σ² = 0.50. The same as β = 1 at σ² = 32.0: a linear VAE keeps 0 of 16 latents active."
    )


def test_without_script_and_in_print_there_is_the_picture(show):
    assert_still_stands_in(show, ReductionBench(), "Bars, the eigenvalues.")


@pytest.mark.parametrize("error", ERRORS)
def test_the_still_tells_the_numbers_as_they_are(error):
    caption = ReductionBench(error=error, over_pixels="mean", data_dim=10, sigma2=0.02).still().caption
    beta = {"squared": 250, "half": 500, "gaussian": 10, "bce": 10}[error]
    assert f"the KL, the mean over the batch: β = {beta}" in caption
    assert ("linear VAE" in caption) == (error != "bce")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("error", "l1", "error was 'l1'; expected one of squared, half, gaussian, bce"),
        ("over_pixels", "none", "over_pixels was 'none'; expected one of sum, mean"),
        ("data_dim", 0, "data_dim was 0"),
        ("latents", 1.5, "latents was 1.5"),
        ("weight", 0, "weight was 0"),
        ("sigma2", -1, "sigma2 was -1"),
        ("eigenvalues", [1, -1], "eigenvalues was"),
        ("beta", 3, "beta was 3.*; expected 1, which follows from the loss"),
    ],
)
def test_what_does_not_fit_is_refused_at_once_and_later(name, value, message):
    with pytest.raises(ValueError, match=message):
        ReductionBench(**{name: value})
    widget = ReductionBench()
    before = getattr(widget, name)
    with pytest.raises(ValueError, match=message):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_other_eigenvalues_may_be_given(show):
    here = show(ReductionBench(eigenvalues=[3, 1, 0.1], sigma2=0.5, latents=3))
    found = assert_is_right(here)
    assert found["active"] == 2 and here.page.locator(READY).count() == 1
