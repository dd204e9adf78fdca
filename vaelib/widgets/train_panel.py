"""The kernel's panel: it trains a VAE at the reader's own beta, latent dimension and epochs."""

import contextvars
import html
import threading
from copy import deepcopy
from tempfile import TemporaryDirectory

import ipywidgets
import torch
from torch import Tensor

from vaelib import plots
from vaelib.checks import positive_integer, require
from vaelib.likelihoods import Likelihood
from vaelib.models import mlp_vae
from vaelib.training import History, fit
from vaelib.widgets.base import Still, Widget
from vaelib.widgets.latent_explorer import LatentExplorer

# For pages without a kernel. The book puts its links to Binder and Colab in place of this one; in a notebook
# exported by other means, the first cell leads to the book.
LINK = '<p>To train at your own β, <a class="vaelib-launch" href="#cell-id=live-page">run this notebook</a>.</p>'


class TrainPanel(ipywidgets.VBox):
    """Sliders for beta, latent dimension and epochs, buttons to train and to cancel, and a latent explorer.

    Arguments:
        x, labels: (N, 1 or 3, height, width), the data, and their classes (N,), whole numbers, if any.
        likelihood: one for x, or its name.
        epochs: a whole number >= 1, where its slider starts.

    Models are those of `mlp_vae` with 128 hidden units, trained from seed 0. The first run, at beta 1 with 2
    latents, is over when the panel is there. `vae`, `beta`, `history` and `explorer` are those of the last
    finished run: a run that is cancelled or fails leaves them alone. Runs are kept while the panel lives. One
    that is started again, with the same settings, goes on from where it was cancelled, to exactly the weights
    of an unbroken run; if it was finished, it is there at once.

    A run has a thread of its own, so that cells run meanwhile. (An asyncio task would share a thread with the
    cells, and stand still during each.) The thread works in the context of the press on the button, by which
    kernel and JupyterLab route their messages past a running cell.

    Raises ValueError for arguments that do not fit. What goes wrong later, the panel says.
    """

    title = "Train a VAE"
    _figure = Widget._figure

    def __init__(
        self, x: Tensor, labels: Tensor | None = None, likelihood: Likelihood | str = "bernoulli", epochs: int = 100
    ) -> None:
        require(isinstance(x, Tensor), "x", f"of type {type(x).__name__}", "a torch.Tensor")
        most = max(500, positive_integer("epochs", epochs))
        look = {"style": {"description_width": "9em"}, "layout": {"width": "100%", "max_width": "36em"}}
        price = {"base": 2, "min": -5, "max": 4, "step": 1 / 16, "readout_format": ".3g", "description": "price β"}
        self._sliders = (
            ipywidgets.FloatLogSlider(1, **price, **look),
            ipywidgets.IntSlider(2, min=2, max=8, description="latent dimension", **look),
            ipywidgets.IntSlider(epochs, min=1, max=most, description="epochs", **look),
        )
        self._train = ipywidgets.Button(description="Train", button_style="primary")
        self._cancel = ipywidgets.Button(description="Cancel", disabled=True)
        self._train.on_click(lambda _: self._train.disabled or self._begin())  # a second click may be quicker
        self._cancel.on_click(lambda _: self._cancelled.set())
        self._bar = ipywidgets.FloatProgress(description="progress", max=1, **look)
        self._status, self._cancelled, self._runs = ipywidgets.HTML(), threading.Event(), TemporaryDirectory()
        self._x, self._labels, self._likelihood = x, labels, likelihood
        self._run(*(slider.value for slider in self._sliders))
        below = ipywidgets.HBox([self._train, self._cancel]), self._bar, self._status, self.explorer
        super().__init__([*self._sliders, *below])

    def still(self) -> Still:
        """Return ten examples with their reconstructions by the model of the last finished run."""
        shown, unit = self._x[:10], self.vae.likelihood.to_unit
        sheet = plots.montage(torch.cat([unit(shown), unit(self.vae.reconstruct(shown))]), len(shown))
        caption = f"{self._finished} Above {len(shown)} inputs, below their reconstructions."
        return Still(sheet, caption, f"A finished run. {caption}")

    def static_html(self) -> str:
        """Return HTML for a page without a kernel: the picture, a link to run it, and the live explorer."""
        return f'<div class="vaelib-panel">{self._figure()}{LINK}</div>\n{self.explorer.static_html()}'

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        return super()._repr_mimebundle_(**kwargs) | {"text/plain": self._finished, "text/html": self.static_html()}

    def _say(self, words: str) -> None:
        self._status.value = f'<span role="status">{html.escape(words)}</span>'

    def _begin(self) -> None:
        self._train.disabled, self._cancel.disabled = True, False
        self._cancelled.clear()
        work = self._work, *(slider.value for slider in self._sliders)
        threading.Thread(target=contextvars.copy_context().run, args=work, daemon=True).start()

    def _work(self, *settings: float) -> None:
        try:
            self._run(*settings)
            self.children = (*self.children[:-1], self.explorer)
        except Exception as error:  # whatever it is: nobody else would hear of it
            self._say(f"Not trained: {error}. Below stays the earlier model.")
        self._train.disabled, self._cancel.disabled = False, True

    def _run(self, beta: float, latents: int, epochs: int) -> None:
        """Train, or train on; keep the model if it is finished."""
        vae = mlp_vae(tuple(self._x.shape[1:]), latents, deepcopy(self._likelihood), (128,))
        place = f"{self._runs.name}/{beta}-{latents}-{epochs}"
        steps = epochs * max(1, len(self._x) // 128)  # the batches of `fit`

        def tell(step: int, history: History) -> bool:
            if step % 50 == 0:  # a message for each step would drown the screen
                self._bar.value = step / steps
                self._say(f"Step {step:,} of {steps:,}. {_nats(history, beta)}")
            return self._cancelled.is_set()

        history = fit(vae, self._x, steps=steps, beta=beta, progress=False, on_step=tell, checkpoint=place)
        self._bar.value, done = len(history) / steps, f"after {len(history):,} of {steps:,} steps"
        if history.stopped_early and self._cancelled.is_set():
            return self._say(f"Cancelled {done}: Train goes on from there. Below stays the earlier model.")
        self.explorer = LatentExplorer(vae, vae.posterior(self._x).mean, self._labels)
        self.vae, self.beta, self.history = vae, beta, history
        self._finished = f"Trained at β = {beta:.3g} with {latents} latents, {done}. {_nats(history, beta)}"
        self._say(self._finished)


def _nats(history: History, beta: float) -> str:
    """Say what the last fifty steps cost."""
    rate, distortion = (sum(values[-50:]) / len(values[-50:]) for values in (history.rate, history.distortion))
    loss = distortion + beta * rate
    return f"The last 50 steps: loss {loss:.2f} nats = distortion {distortion:.2f} + {beta:.3g} × rate {rate:.2f}."
