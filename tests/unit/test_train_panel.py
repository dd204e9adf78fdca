"""The panel that trains, without a screen: its first run, its buttons, what stays when a run does not finish."""

import re
import threading
import time

import pytest
import torch

from vaelib.datasets import digits
from vaelib.likelihoods import Binomial, Gaussian
from vaelib.models import mlp_vae
from vaelib.training import fit
from vaelib.widgets import TrainPanel

IMAGES, LABELS = digits("binary")
X = IMAGES[:300]  # two batches an epoch


def press_train(panel: TrainPanel, beta: float = 1.0, latents: int = 2, epochs: int = 3) -> None:
    """Set the sliders, press Train and wait for the end of the run."""
    for slider, value in zip(panel._sliders, (beta, latents, epochs), strict=True):
        slider.value = value
    panel._train.click()
    wait(panel)


def wait(panel: TrainPanel) -> None:
    """Wait until Train can be pressed again."""
    give_up = time.monotonic() + 60
    while panel._train.disabled:
        assert time.monotonic() < give_up
        time.sleep(0.01)


def cancel_after(panel: TrainPanel, steps: int) -> list[bool]:
    """Press Cancel after so many more steps, once; return a list that grows by one with each step."""
    done, asked = [], panel._cancelled.is_set

    def is_set() -> bool:
        done.append(True)
        if len(done) == steps:
            panel._cancel.click()
        return asked()

    panel._cancelled.is_set = is_set
    return done


def weights(vae) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in vae.parameters()])


def trained_directly(beta: float, latents: int, epochs: int):
    vae = mlp_vae((1, 8, 8), latents, "bernoulli", (128,))
    return vae, fit(vae, X, steps=2 * epochs, beta=beta, progress=False)


def test_the_first_run_is_over_when_the_panel_is_there():
    panel = TrainPanel(X, LABELS[:300], epochs=3)
    vae, history = trained_directly(1.0, 2, 3)
    assert torch.equal(weights(panel.vae), weights(vae)) and panel.history == history and panel.beta == 1
    assert panel.children[-1] is panel.explorer and panel.explorer.spec["classes"] == list("0123456789")
    assert "Trained at β = 1 with 2 latents, after 6 of 6 steps. The last 50 steps: loss " in panel._status.value
    assert panel._bar.value == 1 and panel._cancel.disabled


def test_a_finished_run_takes_over():
    panel = TrainPanel(X, epochs=1)
    press_train(panel, 8.0, 4, 5)
    vae, history = trained_directly(8.0, 4, 5)
    assert torch.equal(weights(panel.vae), weights(vae)) and panel.history == history and panel.beta == 8
    assert panel.children[-1] is panel.explorer and panel.explorer.spec["latent_dim"] == 4
    assert torch.equal(weights(panel.explorer._vae), weights(vae)) and len(panel.explorer.z) == 4
    rate, distortion = (sum(values) / 10 for values in (history.rate, history.distortion))
    told = f"loss {distortion + 8 * rate:.2f} nats = distortion {distortion:.2f} + 8 × rate {rate:.2f}."
    assert told in panel._status.value and told in panel.still().caption


def test_a_cancelled_run_leaves_the_model_and_goes_on_to_the_weights_of_an_unbroken_one():
    panel = TrainPanel(X, epochs=1)
    before = panel.vae, panel.beta, panel.history, panel.explorer
    steps = cancel_after(panel, 7)
    press_train(panel, 0.5, 3, 10)
    assert "Cancelled after 7 of 20 steps: Train goes on" in panel._status.value
    assert (panel.vae, panel.beta, panel.history, panel.explorer) == before and panel.children[-1] is before[3]
    assert panel._bar.value == 7 / 20 and panel._cancel.disabled
    press_train(panel, 2.0, 3, 2)  # another run in between
    assert panel.beta == 2 and len(panel.history) == 4
    earlier = len(steps)
    press_train(panel, 0.5, 3, 10)
    assert len(steps) - earlier == 20 - 7, "it does not begin again"
    vae, history = trained_directly(0.5, 3, 10)
    assert torch.equal(weights(panel.vae), weights(vae)) and panel.history == history


def test_what_fails_is_said_and_changes_nothing():
    panel = TrainPanel(X, epochs=1)
    before = panel.vae, panel.beta, panel.history, panel.explorer
    panel._x = X * 3
    press_train(panel, 2.0)
    assert "Not trained: x was" in panel._status.value and "Below stays the earlier model." in panel._status.value
    assert (panel.vae, panel.beta, panel.history, panel.explorer) == before and panel.children[-1] is before[3]
    panel._x = X
    press_train(panel, 2.0)
    assert panel.beta == 2


def test_a_run_leaves_the_kernel_free_and_one_press_is_one_run():
    panel = TrainPanel(X, epochs=1)
    before, go_on, cancelled = panel.vae, threading.Event(), panel._cancelled.is_set
    panel._cancelled.is_set = lambda: not go_on.wait(10) or cancelled()
    panel._sliders[2].value, threads = 3, threading.active_count()
    panel._train.click()
    panel._train.click()
    assert panel._train.disabled and not panel._cancel.disabled and panel.vae is before
    assert threading.active_count() == threads + 1
    go_on.set()
    wait(panel)
    assert len(panel.history) == 6 and not panel._train.disabled and panel._cancel.disabled


def test_a_screen_hears_of_every_fiftieth_step():
    panel, seen = TrainPanel(X, epochs=1), []
    panel._bar.observe(lambda change: seen.append(change["new"]), "value")
    press_train(panel, epochs=60)
    assert seen == pytest.approx([50 / 120, 100 / 120, 1])


def test_no_output_is_a_list_of_parts():
    bundle = TrainPanel(X, epochs=1)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert bundle["text/plain"].startswith("Trained at β = 1 with 2 latents")
    assert not re.search(r"\w+\(children=", bundle["text/plain"] + bundle["text/html"])


def test_words_of_an_error_are_words_and_no_html():
    panel = TrainPanel(X, epochs=1)
    panel._say("x was <b>bold</b>")
    assert "x was &lt;b&gt;bold&lt;/b&gt;" in panel._status.value


OTHERS = [(Binomial(16), "counts"), (Gaussian(), "pixels"), ("gaussian", "pixels")]


@pytest.mark.parametrize(("likelihood", "form"), OTHERS)
def test_other_images_have_their_own_likelihood_fresh_for_each_model(likelihood, form):
    panel = TrainPanel(digits(form)[0][:300], likelihood=likelihood, epochs=2)
    first = panel.vae
    kept = weights(first.likelihood).clone() if list(first.likelihood.parameters()) else None
    press_train(panel, 4.0, epochs=3)
    assert panel.vae.likelihood is not first.likelihood
    assert kept is None or torch.equal(weights(first.likelihood), kept), "the earlier model keeps its noise"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": [[1.0]]}, "x was of type list"),
        ({"x": X * 2}, "x was not binary"),
        ({"x": X.flatten(1)}, "vae was a model of data"),
        ({"x": X, "labels": LABELS[:3]}, "labels was of shape"),
        ({"x": X, "likelihood": "cauchy"}, "likelihood was"),
        ({"x": X, "epochs": 0}, "epochs was 0"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TrainPanel(**{"epochs": 1} | arguments)
