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
from playwright.sync_api import Browser, Page, expect
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
    """The address of a JupyterLab that serves one notebook, with settings of its own."""
    home = tmp_path_factory.mktemp("lab")
    work = home / "work"
    work.mkdir()
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(PREDICTION), *cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, work / "explore.ipynb")
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
        yield f"http://127.0.0.1:{port}/lab/tree/explore.ipynb?token={TOKEN}"
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


@pytest.fixture(scope="module")
def page(browser: Browser, lab: str) -> Iterator[Page]:
    """The notebook, open and run from top to bottom."""
    page = browser.new_page(viewport={"width": 1400, "height": 1800})
    page.set_default_timeout(60_000)
    page.goto(lab)
    page.locator(".jp-Notebook .jp-CodeCell").nth(len(CELLS) - 1).wait_for()
    page.get_by_text("Python 3", exact=False).first.wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    wait_for_run(page, len(CELLS) - 1)
    page.locator(READY).nth(1).wait_for()
    yield page
    page.close()


def wait_for_run(page: Page, index: int, count: str = "") -> None:
    """Wait until a cell shows an execution count other than `count`."""
    prompt = page.locator(".jp-Notebook .jp-CodeCell").nth(index).locator(".jp-InputPrompt")
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)
    expect(prompt).not_to_have_text(count, timeout=60_000)


def run_cell(page: Page, index: int) -> str:
    """Run one cell by the keyboard; return what it printed."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(index)
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    wait_for_run(page, index, before)
    return cell.locator(".jp-OutputArea-output").inner_text().strip()


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
