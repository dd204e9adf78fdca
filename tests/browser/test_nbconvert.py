"""A notebook exported by nbconvert, as the README says, has a live widget."""

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor
from traitlets.config import Config
from widget_pages import READY, Visit

SOURCE = """from vaelib.likelihoods import Binomial
from vaelib.models import mlp_vae
from vaelib.widgets import LatentExplorer
LatentExplorer(mlp_vae((1, 8, 8), 2, Binomial(16), hidden=(8,)))"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A notebook of one widget, run and exported with HTML preferred."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SOURCE)])
    ExecutePreprocessor(timeout=120).preprocess(notebook)
    priority = ["text/html", "image/png", "text/plain"]
    exporter = HTMLExporter(config=Config(NbConvertBase={"display_data_priority": priority}))
    path = tmp_path_factory.mktemp("nbconvert") / "page.html"
    path.write_text(exporter.from_notebook_node(notebook)[0])
    return path


def test_the_widget_is_alive_and_answers_the_keyboard(browser, exported):
    with Visit(browser, exported) as visit:
        before = visit.shown()["z"]
        visit.page.locator(f"{READY} .handle").first.focus()
        visit.page.keyboard.press("ArrowRight")
        after = visit.shown()["z"]
    assert after[0] > before[0] and after[1] == before[1]
