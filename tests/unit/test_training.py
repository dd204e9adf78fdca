"""The training loop: it learns, repeats, stops when asked, and takes up a broken run exactly where it was."""

import math
import signal
import threading

import pytest
import torch
from tqdm import tqdm

from vaelib import gaussian, training
from vaelib.datasets import digits
from vaelib.likelihoods import Binomial, Gaussian
from vaelib.models import VAE, conv_vae, mlp_autoencoder, mlp_vae
from vaelib.training import History, fit, schedule

X = digits("counts")[0][:200]


def digit_vae(**options) -> VAE:
    return mlp_vae((1, 8, 8), 2, Binomial(16), hidden=(16,), **options)


def train(model, **options) -> History:
    settings = dict(steps=30, batch_size=60, progress=False)  # 3 batches an epoch, 20 examples left over
    return fit(model, X, **settings | options)


def same_weights(one, other) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def stop_at(last: int):
    return lambda step, history: step == last


def interrupt_at(last: int):
    return lambda step, history: signal.raise_signal(signal.SIGINT) if step == last else None


def test_training_raises_the_elbo_well_above_that_of_a_model_without_latents():
    vae = mlp_vae((1, 8, 8), 2, Binomial(16), hidden=(64,))
    history = train(vae, steps=300, learning_rate=1e-2).as_arrays()
    assert len(history["elbo"]) == 300 and history["step"][-1] == 300
    frequency = X.mean(0, keepdim=True) / 16
    without = Binomial(16).log_prob(X, torch.logit(frequency.clamp(1e-3, 1 - 1e-3)).expand_as(X)).mean()
    assert history["elbo"][-20:].mean() > without.item() + 30
    assert history["rate"][-20:].mean() > 1


def test_history_keeps_rate_distortion_and_elbo_of_every_step():
    history = train(digit_vae(), steps=5)
    arrays = history.as_arrays()
    assert len(history) == 5 and not history.stopped_early
    assert arrays["step"].tolist() == [1, 2, 3, 4, 5]
    assert arrays["elbo"].tolist() == [-(r + d) for r, d in zip(history.rate, history.distortion)]


def test_the_first_entry_is_the_untrained_model_on_the_whole_data_when_it_is_one_batch():
    vae = digit_vae()
    expected = vae.terms(X[:10])
    history = fit(vae, X[:10], steps=1, batch_size=128, progress=False)
    assert history.rate[0] == pytest.approx(expected.rate.mean().item(), rel=1e-5)


def test_the_same_call_gives_the_same_weights_and_another_seed_does_not():
    one, same, other = digit_vae(), digit_vae(), digit_vae()
    histories = train(one), train(same), train(other, seed=1)
    assert same_weights(one, same) and histories[0] == histories[1]
    assert not same_weights(one, other)


def test_training_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    train(digit_vae(), steps=4)
    assert torch.equal(before, torch.get_rng_state())


def test_an_epoch_shows_each_example_at_most_once_in_a_fresh_order():
    seen = []

    class Watching(VAE):
        def _terms(self, x, generator=None):
            seen.append(x)
            return super()._terms(x, generator)

    vae = digit_vae()
    watching = Watching(vae.encoder, vae.decoder, vae.likelihood, 2, (1, 8, 8))
    train(watching, steps=6)
    # Digits may coincide; these do not.
    assert len(torch.unique(X, dim=0)) == len(X)
    first, second = torch.cat(seen[:3]), torch.cat(seen[3:])
    assert len(torch.unique(first, dim=0)) == len(torch.unique(second, dim=0)) == 180
    assert not torch.equal(first, second)


def test_the_learning_rate_warms_up_then_falls_towards_zero():
    rates = [schedule(step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert max(rates) == rates[9] == 1
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert 0 < rates[-1] < 1e-3
    assert schedule(54, 100) == pytest.approx(0.5, abs=0.02)
    assert schedule(0, 1) == 1


def test_a_callback_sees_every_step_and_may_stop_the_run():
    steps = []

    def on_step(step, history):
        steps.append((step, len(history)))
        return step == 7

    history = train(digit_vae(), on_step=on_step)
    assert steps == [(step, step) for step in range(1, 8)]
    assert len(history) == 7 and history.stopped_early


def test_an_interrupt_ends_the_run_after_its_step():
    vae, before = digit_vae(), signal.getsignal(signal.SIGINT)
    history = train(vae, on_step=interrupt_at(5))
    assert len(history) == 5 and history.stopped_early
    assert torch.isfinite(vae.reconstruct(X)).all()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_interrupt_does_not_wait():
    def twice(_step, _history):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have told us to ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            train(digit_vae(), on_step=twice)
    finally:
        signal.signal(signal.SIGINT, usual)


def test_training_works_in_a_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(train(digit_vae(), steps=3)))
    thread.start()
    thread.join()
    assert len(results[0]) == 3


@pytest.mark.parametrize("last", [1, 14, 15])
def test_a_run_taken_up_again_ends_at_exactly_the_same_weights(tmp_path, last):
    unbroken, broken, path = digit_vae(), digit_vae(), tmp_path / "run.safetensors"
    expected = train(unbroken)
    assert train(broken, checkpoint=path, on_step=stop_at(last)).stopped_early
    taken_up = digit_vae(seed=99)
    history = train(taken_up, checkpoint=path)
    assert same_weights(taken_up, unbroken)
    assert history == expected


def test_an_interrupted_run_is_taken_up_exactly(tmp_path):
    unbroken, broken, path = digit_vae(), digit_vae(), tmp_path / "run.safetensors"
    train(unbroken)
    train(broken, checkpoint=path, on_step=interrupt_at(9))
    train(broken, checkpoint=path)
    assert same_weights(broken, unbroken)


def test_a_crash_loses_only_the_steps_since_the_last_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 10)
    unbroken, broken, path = digit_vae(), digit_vae(), tmp_path / "run.safetensors"
    train(unbroken)

    def crash(step, _history):
        if step == 17:
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="the power went"):
        train(broken, checkpoint=path, on_step=crash)
    steps = []
    train(broken, checkpoint=path, on_step=lambda step, _: steps.append(step))
    assert steps[0] == 11
    assert same_weights(broken, unbroken)


def test_a_finished_run_returns_at_once_with_its_weights_and_history(tmp_path):
    vae, again, path = digit_vae(), digit_vae(seed=5), tmp_path / "run.safetensors"
    history = train(vae, checkpoint=path)
    assert train(again, checkpoint=path, on_step=lambda *_: pytest.fail("it trained")) == history
    assert same_weights(vae, again)


def test_learned_sigma_and_beta_schedules_resume_too(tmp_path):
    def run(model, **options):
        ramp = lambda step: step / 20
        return fit(model, X / 16, steps=20, batch_size=50, beta=ramp, progress=False, **options)

    make = lambda: mlp_vae((1, 8, 8), 2, Gaussian(0.5, learned=True), hidden=(16,))
    unbroken, broken, path = make(), make(), tmp_path / "run.safetensors"
    run(unbroken)
    run(broken, checkpoint=path, on_step=stop_at(8))
    run(broken, checkpoint=path)
    assert same_weights(broken, unbroken)


def test_a_convolutional_run_is_taken_up_exactly(tmp_path):
    images = torch.rand(24, 2, 8, 16, generator=torch.Generator().manual_seed(0))
    run = lambda model, **options: fit(model, images, steps=12, batch_size=8, progress=False, **options)
    unbroken, broken, taken_up = (conv_vae(2, Gaussian(0.1), (2, 8, 16), width=3) for _ in range(3))
    path = tmp_path / "run.safetensors"
    run(unbroken)
    run(broken, checkpoint=path, on_step=stop_at(5))
    run(taken_up, checkpoint=path)
    assert same_weights(taken_up, unbroken)


@pytest.mark.parametrize("changed", [
    {"steps": 31}, {"batch_size": 50}, {"seed": 1}, {"beta": 2.0}, {"learning_rate": 1e-4},
    {"free_nats": 0.5},
])
def test_the_checkpoint_of_another_run_is_refused(tmp_path, changed):
    path = tmp_path / "run.safetensors"
    train(digit_vae(), checkpoint=path, on_step=stop_at(2))
    vae = digit_vae()
    (name,) = changed
    with pytest.raises(ValueError, match=f"checkpoint was .*run.safetensors, of another run.*{name}"):
        train(vae, checkpoint=path, **changed)
    assert same_weights(vae, digit_vae())


def test_the_checkpoint_of_another_model_or_other_data_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    train(digit_vae(), checkpoint=path, on_step=stop_at(2))
    with pytest.raises(ValueError, match="model differs"):
        train(mlp_vae((1, 8, 8), 3, Binomial(16), hidden=(16,)), checkpoint=path)
    with pytest.raises(ValueError, match="x differs"):
        fit(digit_vae(), X.flip(0), steps=30, batch_size=60, progress=False, checkpoint=path)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not weights")
    with pytest.raises(ValueError, match="path was .*notes.txt.*safetensors"):
        train(digit_vae(), checkpoint=path)
    assert path.read_text() == "not weights"


def test_an_autoencoder_trains_by_the_same_loop():
    model = mlp_autoencoder((1, 8, 8), 2, Binomial(16), hidden=(32,))
    history = train(model, steps=100, learning_rate=1e-2)
    assert history.rate == [0] * 100
    assert history.distortion[-1] < 0.7 * history.distortion[0]


def test_learned_sigma_goes_to_the_root_mean_squared_error():
    vae = mlp_vae((1, 8, 8), 2, Gaussian(1.0, learned=True), hidden=(32,))
    fit(vae, X / 16, steps=800, learning_rate=1e-2, progress=False)
    posterior = vae.posterior(X / 16)
    # Over samples of z, not at its mean: the blur of q is part of the error.
    z = gaussian.sample(*posterior, torch.Generator().manual_seed(0), n_samples=50)
    error = (vae.decode(z) - X / 16).square().mean().sqrt().item()
    assert vae.likelihood.sigma.item() == pytest.approx(error, rel=0.05)


def test_a_learned_sigma_moves_faster_than_the_networks():
    vae = mlp_vae((1, 8, 8), 2, Gaussian(1.0, learned=True), hidden=(16,))
    before = [parameter.detach().clone() for parameter in vae.parameters()]
    fit(vae, X / 16, steps=1, batch_size=60, learning_rate=1e-3, progress=False)
    moves = [(new - old).abs().max().item() for new, old in zip(vae.parameters(), before)]
    # Adam's first step has the size of the learning rate, whatever the gradient.
    assert moves[-1] == pytest.approx(1e-3 * training.LIKELIHOOD_PACE, rel=1e-3)
    assert max(moves[:-1]) == pytest.approx(1e-3, rel=1e-3)


def test_a_large_beta_removes_the_rate():
    free, pressed = (train(digit_vae(), steps=200, learning_rate=1e-2, beta=beta) for beta in (0.0, 1000.0))
    assert pressed.rate[-1] < 0.05 < 5 < free.rate[-1]


def test_free_nats_keep_every_latent_near_them_where_beta_would_empty_it():
    without, held = digit_vae(), digit_vae()
    for vae, free_nats in ((without, 0.0), (held, 0.5)):
        train(vae, steps=300, learning_rate=1e-2, beta=100.0, free_nats=free_nats)
    lost, kept = (vae.terms(X).rates.mean(0) for vae in (without, held))
    assert lost.max() < 0.01
    assert 0.3 < kept.min() and kept.max() < 0.6


def test_progress_is_a_bar_unless_it_is_turned_off(capfd):
    train(digit_vae(), steps=2)
    assert capfd.readouterr() == ("", "")
    train(digit_vae(), steps=2, progress=True)
    assert "2/2" in capfd.readouterr().err


def test_the_environment_may_turn_the_bar_off(monkeypatch):
    given = []

    class Bar(tqdm):
        def __init__(self, **options):
            given.append(options)
            super().__init__(**options)

    monkeypatch.setattr(training, "tqdm", Bar)
    train(digit_vae(), steps=2, progress=True)
    train(digit_vae(), steps=2, progress=False)
    # tqdm reads TQDM_DISABLE only where the caller says nothing.
    assert "disable" not in given[0] and given[1]["disable"] is True


def test_a_run_that_leaves_the_finite_numbers_says_where():
    with pytest.raises(FloatingPointError, match="at step .* smaller learning_rate"):
        train(digit_vae(), learning_rate=1e10)


@pytest.mark.parametrize("options, message", [
    ({"steps": 0}, "steps was 0"),
    ({"steps": 2.5}, "steps was 2.5"),
    ({"batch_size": 0}, "batch_size was 0"),
    ({"learning_rate": 0.0}, "learning_rate was 0.0"),
    ({"learning_rate": math.nan}, "learning_rate was nan"),
    ({"beta": -1.0}, "beta was -1.0"),
    ({"beta": math.nan}, "beta was nan"),
    ({"beta": lambda step: 1 - step}, "beta was -1"),
    ({"free_nats": -0.5}, "free_nats was -0.5"),
    ({"free_nats": None}, "free_nats was None"),
    ({"seed": -1}, "seed was -1"),
    ({"seed": 0.5}, "seed was 0.5"),
])
def test_bad_settings_are_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        train(digit_vae(), **options)


@pytest.mark.parametrize("x, message", [
    (X[:0], "x was empty"),
    (X.squeeze(1), "x was of shape"),
    (X / 16, "x was not such counts"),
    (X * math.nan, "x was partly NaN"),
])
def test_bad_data_is_refused_before_the_first_step(x, message):
    vae = digit_vae()
    with pytest.raises(ValueError, match=message):
        fit(vae, x, steps=3, progress=False)
    assert same_weights(vae, digit_vae())


@pytest.mark.parametrize("model", [None, torch.nn.Linear(2, 2)])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(ValueError, match="model was of type .*; expected a VAE or an Autoencoder"):
        train(model)


def test_a_checkpoint_that_could_not_be_written_is_refused_before_the_training(tmp_path):
    steps = []
    places = [(tmp_path / "none" / "run.safetensors", "folder that exists"), (tmp_path, "a folder")]
    for place, message in places:
        with pytest.raises(ValueError, match=f"checkpoint was .*{message}"):
            train(digit_vae(), checkpoint=place, on_step=lambda step, history: steps.append(step))
    assert not steps


def test_the_data_are_checked_once_and_not_in_every_step(monkeypatch):
    checked = []
    check = Binomial.check
    monkeypatch.setattr(Binomial, "check", lambda self, x: (checked.append(len(x)), check(self, x)))
    train(digit_vae(), steps=5)
    assert checked == [len(X)]
