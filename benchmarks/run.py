"""Measure the book and print a table: `make bench`. Nothing here passes or fails; budgets stand beside the numbers."""

import gzip
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from jupyter_cache import get_cache
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.find_browser import ADVICE, find_browser  # noqa: E402
from vaelib.datasets import digits  # noqa: E402
from vaelib.fruits import fruits  # noqa: E402
from vaelib.likelihoods import Binomial, Gaussian  # noqa: E402
from vaelib.models import conv_vae, mlp_vae  # noqa: E402
from vaelib.training import fit  # noqa: E402

HTML = ROOT / "_build/html"
Row = tuple[str, str, str]

# Moves a widget's first slider 200 times and times each from the `input` event to the frame that draws the picture.
# The events come at odd moments, as a reader's do, not in step with the screen.
LATENCY = """async (slider) => {
  const times = [];
  const [low, high] = [Number(slider.min), Number(slider.max)];
  for (let i = 0; i < 200; i++) {
    await new Promise(done => setTimeout(done, 20 + (i * 7) % 16));
    slider.value = low + (high - low) * (i % 100) / 100;
    const start = performance.now();
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise(done => requestAnimationFrame(done));
    times.push(performance.now() - start);
  }
  return times;
}"""


def build_times() -> Iterator[Row]:
    """Time a build with every notebook, one with cached notebooks, and one with nothing to do."""
    for what, stale, budget in (
        ("build, every notebook run", ["_build/.code-stamp", "_build/html/.stamp"], "with the install ≤ 12 min"),
        ("build, notebooks cached", ["_build/html/.stamp"], ""),
        ("build, nothing changed", [], "≤ 60 s"),
    ):
        for name in stale:
            (ROOT / name).unlink(missing_ok=True)
        started = time.monotonic()
        command = [sys.executable, ROOT / "tools/build.py"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield what, f"{time.monotonic() - started:.1f} s", budget


def notebook_times() -> Iterator[Row]:
    """Read how long each page's cells took when they were last run."""
    for record in get_cache(ROOT / "_build/.jupyter_cache").list_cache_records():
        yield f"run {Path(record.uri).name}", f"{record.data['execution_seconds']:.1f} s", "≤ 60 s"


def page_weight(page: Page, path: Path) -> float:
    """Return what a page and all it loads weigh in KiB after gzip, pictures left out."""
    loaded = []
    page.on("response", lambda response: loaded.append(response))
    page.goto(path.as_uri(), wait_until="load")
    page.wait_for_timeout(500)
    bodies = [r.body() for r in loaded if r.request.resource_type != "image" and r.url.startswith("file:")]
    return sum(len(gzip.compress(body, 6)) for body in bodies) / 1024


def browser_rows() -> Iterator[Row]:
    """Measure every chapter's weight and, where it has a widget, the time from a move to the picture."""
    with sync_playwright() as playwright:
        executable = find_browser() or sys.exit(ADVICE)
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        for path in sorted((HTML / "book").rglob("*.html")):
            page = browser.new_page()
            name = path.relative_to(HTML / "book")
            yield f"weight {name}", f"{page_weight(page, path):.0f} KiB gzip", "≤ 450 KiB"
            for widget in page.locator("[data-vaelib-ready=true]").all():
                sliders = widget.locator("input[type=range]")
                if sliders.count():
                    sliders.first.scroll_into_view_if_needed()
                    latency = statistics.median(sliders.first.evaluate(LATENCY))
                    what = f"slider to pixels, {name.stem[:2]}, {widget.locator('.title').inner_text()}"
                    yield what, f"{latency:.1f} ms", "median of 200 ≤ 16 ms"
            page.close()


def training_rows() -> Iterator[Row]:
    """Measure steps a second of the two models that the chapters train, and pictures a second of the fruit stand."""
    started = time.perf_counter()
    pictures, _ = fruits(5000, seed=0)
    yield "fruits drawn", f"{5000 / (time.perf_counter() - started):,.0f} a second", "≥ 5,000"
    coloured = conv_vae(2, Gaussian(0.3, learned=True))
    for what, model, data, steps, batch in (
        ("digits, MLP, batch 128", mlp_vae((1, 8, 8), 2, Binomial(16)), digits("counts")[0], 500, 128),
        ("fruits, convolutions, batch 32", coloured, torch.from_numpy(pictures), 150, 32),
    ):
        started = time.perf_counter()
        fit(model, data, steps=steps, batch_size=batch, progress=False)
        yield f"training: {what}", f"{steps / (time.perf_counter() - started):,.0f} steps a second", ""


def main() -> None:
    threads = f"{platform.machine()}, {torch.get_num_threads()} threads"
    print(f"{threads}, Python {platform.python_version()}, torch {torch.__version__}\n")
    print(f"{'what':52}{'measured':>22}   budget")
    for rows in (build_times, notebook_times, browser_rows, training_rows):
        for what, measured, budget in rows():
            print(f"{what:52}{measured:>22}   {budget}", flush=True)


if __name__ == "__main__":
    main()
