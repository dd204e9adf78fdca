"""A notebook on a running kernel, in JupyterLab, in a real browser: widgets go both ways between screen and Python."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, expect
from widget_pages import READY, drag_point

from vaelib.information import entropy
from vaelib.likelihoods import Binomial
from vaelib.models import mlp_vae

TOKEN = "a-test"
CELLS = [
    "from vaelib.likelihoods import Binomial",
    "from vaelib.models import mlp_vae\nfrom vaelib.widgets import LatentExplorer",
    "vae = mlp_vae((1, 8, 8), 2, Binomial(16), hidden=(16,))\nexplorer = LatentExplorer(vae)\nexplorer",
    'explorer.z = [1.25, -0.5]\nprint("set")',
    'print("now:", [round(number, 3) for number in explorer.z])',
    "from vaelib.widgets import EntropyBars\nbars = EntropyBars(p=[0.5, 0.25, 0.25], labels=list('abc'))\nbars",
    'print("now:", [round(number, 3) for number in bars.p])',
    'bars.labels = ["sunny", "rain"]\nbars.p = [0.75, 0.25]\nprint("set")',
]
SET, NOW, BARS_NOW, BARS_SET = 3, 4, 6, 7
# Pictures of 32 by 32 pixels, so that 500 epochs last long enough to be cancelled.
TRAIN_CELLS = [
    "import time\n\nfrom vaelib.datasets import digits\nfrom vaelib.widgets import TrainPanel",
    "x, labels = digits('binary')\nx = x[:1500].repeat_interleave(4, 2).repeat_interleave(4, 3)\n"
    "panel = TrainPanel(x, labels[:1500], epochs=2)\npanel",
    "print(panel.vae.latent_dim, round(panel.beta, 3), len(panel.history))",
    "give_up = time.monotonic() + 30\nwhile not (past := panel._cancelled.is_set()) and time.monotonic() < give_up:\n"
    "    time.sleep(0.05)\nprint('cancelled past a running cell:', past)",
    "print('now:', [round(number, 3) for number in panel.explorer.z])",
]
PANEL, MODEL, WAIT, EXPLORED = 1, 2, 3, 4
LINK_CELLS = [
    "import ipywidgets\n\nfrom vaelib.datasets import digits\nfrom vaelib.models import mlp_vae",
    "from vaelib.multirate import MultiRateVAE\nfrom vaelib.widgets import BetaSlider, ReductionBench",
    "x, labels = digits('binary')\nmodel = MultiRateVAE(mlp_vae((1, 8, 8), 2, 'bernoulli', (12,)))\n"
    "bench, slider = ReductionBench(error='bce', data_dim=4), BetaSlider(model, x[:60], labels[:60])\n"
    "link = ipywidgets.dlink((bench, 'beta'), (slider, 'beta'))\nipywidgets.VBox([bench, slider])",
    "print('beta:', slider.beta)",
]
PREDICTION = """:::{dropdown} How many bits has a coin of $2$ equal sides?
:answer: entropy([0.5, 0.5], base=2)
:unit: bit

One toss, one bit.
:::"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[str]:
    """The address, up to a notebook's name, of a JupyterLab that serves these notebooks, with settings of its own."""
    home = tmp_path_factory.mktemp("lab")
    work = home / "work"
    work.mkdir()
    for name, sources in (("explore", CELLS), ("train", TRAIN_CELLS), ("link", LINK_CELLS)):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(PREDICTION), *cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, work / f"{name}.ipynb")
    port = free_port()
    options = [f"--port={port}", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={work}",
               "--no-browser", "--allow-root", "--LabApp.news_url=None",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    own = {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "RUNTIME", "DATA")}
    with open(home / "log", "w") as log:
        command = [Path(sys.executable).with_name("jupyter"), "lab", *options]
        server = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", home / "log")
        yield f"http://127.0.0.1:{port}/lab/workspaces/{{0}}/tree/{{0}}.ipynb?token={TOKEN}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(address: str, log: Path, seconds: float = 60) -> None:
    """Wait until a server answers, or fail with what it logged."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5)
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def open_notebook(browser: Browser, address: str, cells: list[str]) -> Page:
    """Open a notebook with these code cells, and wait for its kernel."""
    page = browser.new_page(viewport={"width": 1400, "height": 3000})
    page.set_default_timeout(60_000)
    page.goto(address)
    code_cell(page, len(cells) - 1).wait_for()
    page.locator(".jp-NotebookPanel-toolbar").get_by_text("Python 3").first.wait_for()
    return page


def run_all(page: Page) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


@pytest.fixture(scope="module")
def page(browser: Browser, lab: str) -> Iterator[Page]:
    """The notebook, open and run from top to bottom."""
    page = open_notebook(browser, lab.format("explore"), CELLS)
    run_all(page)
    wait_for_run(page, len(CELLS) - 1)
    page.locator(READY).nth(1).wait_for()
    yield page
    page.close()


def code_cell(page: Page, index: int) -> Locator:
    return page.locator(".jp-Notebook .jp-CodeCell").nth(index)


def wait_for_run(page: Page, index: int, count: str = "") -> None:
    """Wait until a cell shows an execution count other than `count`."""
    prompt = code_cell(page, index).locator(".jp-InputPrompt")
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)
    expect(prompt).not_to_have_text(count, timeout=60_000)


def start_cell(page: Page, index: int) -> None:
    """Run one cell by the keyboard, without waiting for it."""
    code_cell(page, index).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")


def printed(page: Page, index: int) -> str:
    return code_cell(page, index).locator(".jp-OutputArea-output").inner_text().strip()


def run_cell(page: Page, index: int) -> str:
    """Run one cell by the keyboard; return what it printed."""
    before = code_cell(page, index).locator(".jp-InputPrompt").inner_text()
    start_cell(page, index)
    wait_for_run(page, index, before)
    return printed(page, index)


def shown(page: Page) -> dict:
    arrays = "el => ({z: Array.from(el.vaelib.z), pixels: Array.from(el.vaelib.pixels)})"
    return page.locator(READY).first.evaluate(arrays)


def test_dragging_the_point_changes_the_trait_in_python(page):
    start = shown(page)["z"]
    drag_point(page, -40, -30)
    page.wait_for_timeout(500)
    z = shown(page)["z"]
    assert z[0] < start[0] - 0.1 and z[1] > start[1] + 0.1
    assert run_cell(page, NOW) == f"now: {[round(number, 3) for number in z]}"


def test_setting_the_trait_in_python_moves_the_picture(page):
    before = shown(page)
    assert before["z"] != [1.25, -0.5]
    assert run_cell(page, SET) == "set"
    page.wait_for_function("([s, z]) => document.querySelector(s).vaelib.z[0] == z", arg=[READY, 1.25])
    page.wait_for_timeout(200)
    after = shown(page)
    assert after["z"] == [1.25, -0.5]
    assert after["pixels"] != before["pixels"]
    vae = mlp_vae((1, 8, 8), 2, Binomial(16), hidden=(16,))
    expected = vae.likelihood.to_unit(vae.decode_mean(torch.tensor([[1.25, -0.5]]))).flatten()
    assert torch.allclose(torch.tensor(after["pixels"]), expected, atol=2e-3)  # the weights travel as float16


def test_dragging_a_bar_changes_the_distribution_in_python(page):
    assert run_cell(page, BARS_NOW) == "now: [0.75, 0.25]"  # the last cell changed the labels, too
    page.get_by_role("slider", name="Probabilities p: sunny").fill("0.6")
    page.wait_for_timeout(500)
    assert run_cell(page, BARS_NOW) == "now: [0.6, 0.4]"


def test_setting_labels_and_distribution_in_python_moves_the_bars(page):
    assert run_cell(page, BARS_SET) == "set"
    page.get_by_role("slider", name="Probabilities p: rain").wait_for()
    numbers = page.locator(READY).nth(1).evaluate("el => el.vaelib.numbers")
    assert numbers["entropy"] == pytest.approx(entropy([0.75, 0.25]), abs=1e-9)


def test_a_prediction_shows_its_question_on_a_fold(page):
    fold = page.locator(".jp-MarkdownCell details")
    expect(fold.locator("summary")).to_contain_text("How many bits has a coin of")
    assert not fold.get_by_text("One toss, one bit.").is_visible()
    fold.locator("summary").click()
    expect(fold.get_by_text("One toss, one bit.")).to_be_visible()


@pytest.fixture
def panel(browser: Browser, lab: str) -> Iterator[Page]:
    """A notebook with the panel that trains, after its first run."""
    page = open_notebook(browser, lab.format("train"), TRAIN_CELLS)
    for index in range(PANEL + 1):
        start_cell(page, index)
        wait_for_run(page, index)
    page.locator(READY).wait_for()
    yield page
    page.close()


def set_slider(page: Page, name: str, value: str) -> None:
    """Type a value into the number beside a slider."""
    row = code_cell(page, PANEL).locator(".widget-slider").filter(has_text=name)
    row.locator(".widget-readout").fill(value)
    row.locator(".widget-readout").press("Enter")


def button(page: Page, name: str) -> Locator:
    return code_cell(page, PANEL).get_by_role("button", name=name)


def assert_says(page: Page, words: str) -> None:
    """The panel's line says this, within the time that a busy computer needs."""
    expect(code_cell(page, PANEL).locator(".widget-html [role=status]")).to_contain_text(words, timeout=30_000)


def progress(page: Page) -> float:
    """How much of the bar is full."""
    return page.locator(".progress-bar").evaluate("bar => parseFloat(bar.style.width)")


def test_the_panel_trains_cancels_past_a_running_cell_and_hands_the_model_on(panel):
    assert_says(panel, "Trained at β = 1 with 2 latents, after 22 of 22 steps.")
    set_slider(panel, "price", "8")
    set_slider(panel, "epochs", "500")
    button(panel, "Train").click()
    assert_says(panel, " of 5,500. The last 50 steps: loss ")
    early = progress(panel)
    assert run_cell(panel, MODEL) == "2 1.0 22", "a cell runs meanwhile; the model is still the one before"
    bar = "before => parseFloat(document.querySelector('.progress-bar').style.width) > before"
    panel.wait_for_function(bar, arg=early)
    assert 0 < early < progress(panel) < 100
    start_cell(panel, WAIT)
    button(panel, "Cancel").click()
    assert_says(panel, "Cancelled after")
    wait_for_run(panel, WAIT)
    assert printed(panel, WAIT) == "cancelled past a running cell: True"
    assert run_cell(panel, MODEL) == "2 1.0 22"
    set_slider(panel, "price", "0.25")
    set_slider(panel, "latent", "3")
    set_slider(panel, "epochs", "4")
    button(panel, "Train").click()
    assert_says(panel, "Trained at β = 0.25 with 3 latents, after 44 of 44 steps.")
    assert progress(panel) == 100
    assert run_cell(panel, MODEL) == "3 0.25 44"
    expect(code_cell(panel, PANEL).get_by_role("slider", name=re.compile("^Latent dimension \\d$"))).to_have_count(3)
    drag_point(panel, -40, -30)
    panel.wait_for_timeout(500)
    z = shown(panel)["z"]
    assert len(z) == 3 and z[0] < -0.1 and z[1] > 0.1 and z[2] == 0
    assert run_cell(panel, EXPLORED) == f"now: {[round(float(number), 3) for number in z]}"


def test_the_reduction_bench_turns_the_beta_slider(browser, lab):
    page = open_notebook(browser, lab.format("link"), LINK_CELLS)
    run_all(page)
    page.locator(READY).nth(1).wait_for()
    price = page.get_by_role("slider", name="β", exact=True)
    expect(price).to_have_attribute("aria-valuetext", "1")
    page.locator(READY).first.get_by_label("mean").first.check()
    expect(price).to_have_attribute("aria-valuetext", "4")
    assert run_cell(page, len(LINK_CELLS) - 1) == "beta: 4.0"
    page.close()
