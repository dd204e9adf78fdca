"""The training loop: minimise distortion + beta rate by Adam, with progress, cancel and exact resume."""

import json
import math
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import FrameType

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from vaelib.checks import non_negative, non_negative_integer, positive, positive_integer, require
from vaelib.models import LatentModel
from vaelib.storage import read_tensors, tensor_sha256, write_tensors

WARM_UP = 0.1
CHECKPOINT_EVERY = 500
# Adam moves a parameter by about the learning rate a step, whatever its gradient. A learned sigma has to
# follow the network's error down over a factor of ten, so the likelihood's own parameters move faster.
LIKELIHOOD_PACE = 10


@dataclass
class History:
    """What happened at every step: batch means in nats. Entry i belongs to step i + 1."""

    rate: list[float] = field(default_factory=list)
    distortion: list[float] = field(default_factory=list)
    stopped_early: bool = False

    @property
    def elbo(self) -> list[float]:
        """Batch means of the ELBO, -(distortion + rate), whatever beta was."""
        return [-(d + r) for d, r in zip(self.distortion, self.rate)]

    def __len__(self) -> int:
        return len(self.rate)

    def as_arrays(self) -> dict[str, np.ndarray]:
        """Return "step" (1, 2, ...), "rate", "distortion" and "elbo" as arrays of equal length."""
        values = {"rate": self.rate, "distortion": self.distortion, "elbo": self.elbo}
        return {"step": np.arange(1, len(self) + 1)} | {name: np.array(v) for name, v in values.items()}


def schedule(step: int, steps: int) -> float:
    """Return the learning rate of step 0, 1, ..., steps - 1 as a fraction of its peak.

    It rises linearly over the first tenth, then falls to 0 along half a cosine: the large steps find the
    region, the small ones settle in it (Loshchilov & Hutter 2017, arXiv 1608.03983, with a warm-up).
    """
    warm_up = max(1, round(WARM_UP * steps))
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step + 1 - warm_up) / (steps + 1 - warm_up)))


def fit(
    model: LatentModel,
    x: Tensor,
    *,
    steps: int,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
    beta: float | Callable[[int], float] = 1.0,
    free_nats: float = 0.0,
    seed: int = 0,
    progress: bool = True,
    on_step: Callable[[int, History], bool | None] | None = None,
    checkpoint: str | Path | None = None,
) -> History:
    """Train `model` (a VAE or an Autoencoder) on x (N, *data_shape), in place; return what happened.

    Each of the `steps` takes the next `batch_size` examples of a permutation, fresh every epoch (all of x if
    it has fewer), and descends `Terms.loss(beta, free_nats)`. `beta` may be a function of the step, 0 to
    steps - 1. With `free_nats` a latent's batch-mean rate costs nothing extra up to that many nats. The
    `learning_rate` is the peak of `schedule`. `seed` fixes order and noise: the same call on the same machine
    gives the same weights.

    `on_step(step, history)` is called after each step, counted from 1; if it returns True, training stops.
    So does an interrupt (Ctrl-C, the stop button), after the running step. Either way the model is usable,
    and the history's `stopped_early` is True. `progress` draws a tqdm bar.

    With a `checkpoint` path the run is saved there every 500 steps and at its end, and the same call takes it
    up where it was left, to exactly the weights of an unbroken run.

    Raises `ValueError` for bad arguments, for x that is not data for the model, for a checkpoint of another
    run, and for one whose folder does not exist; `FloatingPointError` if the loss leaves the finite numbers.
    """
    _check_place(checkpoint)
    run = _Run(model, x, steps, batch_size, learning_rate, beta, free_nats, seed)
    if checkpoint is not None and Path(checkpoint).exists():
        run.load(checkpoint)
    history, hidden = run.history, {} if progress else {"disable": True}  # absent, TQDM_DISABLE has its say
    with _Interrupt() as interrupt, tqdm(total=steps, initial=len(history), unit="step", **hidden) as bar:
        while len(history) < steps and not history.stopped_early:
            run.advance()
            bar.set_postfix_str(f"ELBO {-history.rate[-1] - history.distortion[-1]:.2f} nats", refresh=False)
            bar.update()
            asked = on_step is not None and on_step(len(history), history) is True
            history.stopped_early = (asked or interrupt.happened) and len(history) < steps
            if checkpoint is not None and len(history) % CHECKPOINT_EVERY == 0:
                run.save(checkpoint)
    if checkpoint is not None:
        run.save(checkpoint)
    return history


class _Run:
    """One training run: its settings, and all the state that a checkpoint holds."""

    def __init__(
        self,
        model: LatentModel,
        x: Tensor,
        steps: int,
        batch_size: int,
        learning_rate: float,
        beta: float | Callable[[int], float],
        free_nats: float,
        seed: int,
    ) -> None:
        is_model = isinstance(model, LatentModel)
        require(is_model, "model", f"of type {type(model).__name__}", "a VAE or an Autoencoder")
        model.check(x)
        self.model, self.x = model, x.to(next(model.parameters()).device)
        self.steps, self.seed = positive_integer("steps", steps), non_negative_integer("seed", seed)
        self.batch_size = min(positive_integer("batch_size", batch_size), len(x))
        self.learning_rate = positive("learning_rate", learning_rate)
        self.betas = [non_negative("beta", beta(step) if callable(beta) else beta) for step in range(steps)]
        self.free_nats = non_negative("free_nats", free_nats)
        self.optimizer = torch.optim.Adam(_parameter_groups(model), lr=self.learning_rate, fused=True)
        self.generator = torch.Generator().manual_seed(self.seed)
        self.history = History()
        self.epoch, self.order = -1, torch.empty(0)

    def advance(self) -> None:
        """Take one step. Raise `FloatingPointError`, before the weights change, if the loss is not finite."""
        step = len(self.history)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * group["pace"] * schedule(step, self.steps)
        terms = self.model._terms(self._batch(step), self.generator)
        rate, distortion = torch.stack([terms.rate.mean(), terms.distortion.mean()]).tolist()
        if not math.isfinite(rate + distortion):
            raise FloatingPointError(
                f"at step {step + 1} rate was {rate} and distortion {distortion}; try a smaller learning_rate"
            )
        self.optimizer.zero_grad()
        terms.loss(self.betas[step], self.free_nats).backward()
        self.optimizer.step()
        self.history.rate.append(rate)
        self.history.distortion.append(distortion)

    def save(self, path: str | Path) -> None:
        """Write the state and the settings of this run to `path`."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in state.items()}
        tensors["generator"] = self.generator.get_state()
        tensors["history"] = torch.tensor([self.history.rate, self.history.distortion], dtype=torch.float64)
        write_tensors(path, tensors, {"settings": json.dumps(self._settings)})

    def load(self, path: str | Path) -> None:
        """Take up the state at `path`. Raise `ValueError` if it is that of another run."""
        tensors, metadata = read_tensors(path)
        other = _differences(json.loads(metadata.get("settings", "{}")), self._settings)
        require(not other, "checkpoint", f"{path}, of another run ({other})", "one of this run or a new path")
        self.model.load_state_dict(_below("model.", tensors))
        state: dict[int, dict[str, Tensor]] = {}
        weights = list(self.model.parameters())
        for key, tensor in _below("optimizer.", tensors).items():
            index, name = key.split(".")
            # Fused Adam walks memory in order: its state must lie there as the (channels-last) weights do.
            laid_out = tensor if name == "step" else torch.empty_like(weights[int(index)]).copy_(tensor)
            state.setdefault(int(index), {})[name] = laid_out
        self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": state})
        self.generator.set_state(tensors["generator"])
        self.history.rate, self.history.distortion = tensors["history"].tolist()

    def _batch(self, step: int) -> Tensor:
        epoch, index = divmod(step, len(self.x) // self.batch_size)
        if epoch != self.epoch:
            # A function of seed and epoch alone, so that a checkpoint need not hold it.
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.x))
            self.epoch, self.order = epoch, torch.from_numpy(order).to(self.x.device)
        return self.x[self.order[index * self.batch_size:][:self.batch_size]]

    @cached_property
    def _settings(self) -> dict[str, object]:
        """What must agree for a run to be taken up: only then are the weights those of an unbroken run."""
        return {
            "steps": self.steps,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "beta": self.betas[0] if len(set(self.betas)) == 1 else self.betas,
            "free_nats": self.free_nats,
            "seed": self.seed,
            "x": tensor_sha256(self.x),
            "model": repr(self.model),
        }


class _Interrupt:
    """Turns the first interrupt inside its `with` block into a flag, so that no step is torn in two."""

    def __enter__(self) -> "_Interrupt":
        self.happened = False
        self.handles = threading.current_thread() is threading.main_thread()  # no other thread may
        if self.handles:
            self.previous = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self.handles:
            signal.signal(signal.SIGINT, self.previous)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self.happened = True
        signal.signal(signal.SIGINT, self.previous)  # a second one does not wait for the step


def _check_place(checkpoint: str | Path | None) -> None:
    """Raise `ValueError` unless a file can stand at `checkpoint`: better now than after the training."""
    if checkpoint is not None:
        require(Path(checkpoint).parent.is_dir(), "checkpoint", checkpoint, "a path in a folder that exists")
        require(not Path(checkpoint).is_dir(), "checkpoint", f"{checkpoint}, a folder", "the path of a file")


def _parameter_groups(model: LatentModel) -> list[dict[str, object]]:
    """Return Adam's groups: the two networks, and the likelihood's own parameters where it has any."""
    own = list(model.likelihood.parameters())
    networks = [*model.encoder.parameters(), *model.decoder.parameters()]
    return [{"params": networks, "pace": 1}] + [{"params": own, "pace": LIKELIHOOD_PACE}] * bool(own)


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _differences(there: dict[str, object], here: dict[str, object]) -> str:
    """Say which settings differ, with their values where these are short."""
    found = []
    for name, now in here.items():
        was = there.get(name)
        if was != now:
            short = len(f"{was}{now}") < 60
            found.append(f"{name} {was} there, {now} here" if short else f"{name} differs")
    return "; ".join(found)
