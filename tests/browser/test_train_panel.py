"""The panel that trains, where no kernel runs: a picture of a finished run, a way to a kernel, the model alive."""

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from playwright.sync_api import Locator
from tools.notebooks import opening_cells
from traitlets.config import Config
from widget_pages import READY, Visit, assert_still_stands_in

from vaelib.datasets import digits
from vaelib.widgets import TrainPanel

CHAPTER = "book/4-beta/12-beta-and-rate-distortion"


@pytest.fixture(scope="module")
def panel() -> TrainPanel:
    x, labels = digits("binary")[:2]
    return TrainPanel(x[:300], labels[:300], epochs=2)


def picture(here: Visit) -> Locator:
    return here.page.get_by_role("img", name="A finished run. Trained at β = 1 with 2 latents, after 4 of 4 steps.")


def test_a_page_shows_a_finished_run_where_to_go_and_a_model_that_answers(show, panel):
    here = show(panel, viewport={"width": 360, "height": 800})
    assert picture(here).is_visible() and "10 inputs" in picture(here).get_attribute("alt")
    assert here.page.get_by_role("link", name="run this notebook").is_visible()
    before = here.shown()["z"]
    here.page.locator(f"{READY} .handle").focus()
    here.page.keyboard.press("ArrowRight")
    assert here.shown()["z"][0] > before[0]
    assert here.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_script_and_in_print_there_is_the_picture(show, panel):
    here = show(panel, wait_for="figure", java_script_enabled=False)
    assert picture(here).is_visible() and here.page.get_by_role("link").is_visible()
    assert_still_stands_in(show, panel.explorer, "Images decoded from a grid")


def test_an_exported_notebook_shows_the_picture_and_leads_to_the_book(browser, root, panel, tmp_path):
    first = opening_cells(root / f"{CHAPTER}.ipynb")[0]
    output = nbformat.v4.new_output("execute_result", data=panel._repr_mimebundle_(), execution_count=1)
    cells = [first, nbformat.v4.new_code_cell("panel", outputs=[output], execution_count=1)]
    priority = ["text/html", "image/png", "text/plain"]
    exporter = HTMLExporter(config=Config(NbConvertBase={"display_data_priority": priority}))
    path = tmp_path / "page.html"
    path.write_text(exporter.from_notebook_node(nbformat.v4.new_notebook(cells=cells))[0])
    with Visit(browser, path) as here:
        assert picture(here).is_visible()
        target = here.page.get_by_role("link", name="run this notebook").get_attribute("href")
        cell = here.page.locator(f'[id="{target.removeprefix("#")}"]')
        assert cell.get_by_role("link").first.get_attribute("href").endswith(f"{CHAPTER}.html")


def test_a_page_with_launch_buttons_gives_their_links_to_the_panel(panel):
    from book._ext.bits_book import link_panels

    places = {"Binder": "https://one.example/?a=1&b=2", "Colab": "https://two.example"}
    buttons = [{"text": name, "url": address} for name, address in places.items()]
    context = {"body": panel.static_html(), "header_buttons": [{"label": "launch-buttons", "buttons": buttons}]}
    link_panels(None, "page", None, context, None)
    links = BeautifulSoup(context["body"], "html.parser").select(".vaelib-panel a")
    assert {link.text: link["href"] for link in links} == places
    alone = {"body": panel.static_html(), "header_buttons": []}
    link_panels(None, "page", None, alone, None)
    assert alone["body"] == panel.static_html()


def test_the_chapters_panel_leads_to_binder_and_colab(html):
    page = BeautifulSoup((html / f"{CHAPTER}.html").read_text("utf8"), "html.parser")
    links = [link["href"] for link in page.select(".cell_output .vaelib-panel a")]
    assert ["mybinder.org" in links[0], "colab" in links[1]] == [True, True]
    assert len(links) == 2 and all(link.endswith(f"{CHAPTER.split('/')[-1]}.ipynb") for link in links)
    assert page.select_one(".vaelib-panel img")["alt"].startswith("A finished run. Trained at β = ")
