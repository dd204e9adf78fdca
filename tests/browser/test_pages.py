"""Every page of the built book, opened with the network cut, from a local server and from disk."""

import re
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

import vaelib.widgets

WIDGETS = [name for name, thing in vars(vaelib.widgets).items() if isinstance(thing, type)]


def chapters(html: Path) -> list[str]:
    return sorted(path.relative_to(html).as_posix() for path in (html / "book").rglob("*.html"))


@pytest.fixture(scope="module")
def soups(html: Path) -> dict[Path, BeautifulSoup]:
    """Every page parsed, chapters and generated pages alike."""
    return {path: BeautifulSoup(path.read_text("utf8"), "html.parser") for path in html.rglob("*.html")
            if "_static" not in path.parts}


def test_pages_open_without_errors_or_outside_requests(html, origin, open_page):
    for name in [*chapters(html), "search.html", "genindex.html"]:
        page, watch = open_page(f"{origin}/{name}", origin)
        page.wait_for_timeout(300)
        assert not watch.errors, f"{name}: {watch.errors}"
        assert not watch.outside, f"{name}: {watch.outside}"
        assert not watch.missing, f"{name}: {watch.missing}"
        page.context.close()


def test_search_finds_a_word_from_disk_and_from_a_server(html, origin, open_page):
    page, watch = open_page(f"{origin}/search.html?q=posterior", origin)
    page.wait_for_selector("#search-results li a", timeout=10_000)
    assert page.locator("#search-results li").count() >= 1
    assert not watch.errors


def test_a_chapters_search_field_leads_to_the_search_page_which_alone_loads_the_index(html, origin, open_page, soups):
    page, watch = open_page(f"{origin}/{chapters(html)[0]}", origin, viewport={"width": 1280, "height": 800})
    button = page.locator(".search-button-field:visible, .search-button:visible")
    if button.count():
        button.first.click()
    field = page.locator("input[name=q]:visible").first
    field.fill("posterior")
    field.press("Enter")
    page.wait_for_selector("#search-results li a", timeout=10_000)
    assert not watch.errors
    loads = [path.name for path, soup in soups.items() if soup.select("script[src$='searchindex.js']")]
    assert loads == ["search.html"]


def test_formulas_are_set_at_build_time(soups):
    formulas = 0
    for path, soup in soups.items():
        assert not soup.select(".katex-error"), path
        for node in soup.select(".math"):
            assert node.select_one(".katex"), f"{path}: an unset formula {node.get_text()[:60]!r}"
            formulas += 1
    assert formulas > 0


def test_formulas_are_drawn_with_their_own_fonts(html, soups, origin, open_page):
    name = next(name for name in chapters(html) if soups[html / name].select(".katex"))
    page, _ = open_page(f"{origin}/{name}", origin)
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate("[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)")
    assert any("KaTeX" in family for family in loaded)
    assert any("Font Awesome" in family for family in loaded)


def test_every_icon_in_use_is_in_its_font(html, server, open_page):
    fonts = [TTFont(path) for path in (html / "_static/vendor/fontawesome/webfonts").glob("*.woff2")]
    known = {code for font in fonts for code in font.getBestCmap()}
    page, _ = open_page(f"{server}/{chapters(html)[0]}", server)
    content = """[...document.querySelectorAll('*')]
      .flatMap(el => ['::before', '::after'].map(which => getComputedStyle(el, which)))
      .filter(style => style.fontFamily.includes('Font Awesome')).map(style => style.content)"""
    used = {char for text in page.evaluate(content) for char in text if ord(char) > 0x2000}
    assert len(used) >= 8
    assert {ord(char) for char in used} <= known


def test_every_internal_link_and_anchor_resolves(soups):
    for path, soup in soups.items():
        for link in soup.select("a[href]"):
            address, anchor = urldefrag(unquote(link["href"]))
            if re.match(r"[a-z]+:", address):
                continue
            target = (path.parent / address).resolve() if address else path
            assert target.exists(), f"{path.name}: {link['href']}"
            if anchor and target.suffix == ".html":
                assert soups[target].find(id=anchor), f"{path.name}: no anchor {link['href']}"


def test_every_picture_says_what_it_shows(html, soups):
    for path, soup in soups.items():
        for image in soup.select("main img"):
            alt = image.get("alt", "")
            assert len(alt) >= 8 and not re.search(r"\.(png|svg|jpg)$|^[0-9a-f]{16,}", alt), f"{path.name}: alt {alt!r}"
            if not image["src"].startswith("data:"):
                assert (path.parent / unquote(image["src"])).resolve().exists(), f"{path.name}: {image['src']}"


def test_launch_buttons_lead_notebooks_to_binder_and_colab_and_stand_on_no_other_page(root, html, soups):
    for path, soup in soups.items():
        links = [link["href"] for link in soup.select(".header-article-items a[href]")]
        launchers = [link for link in links if "mybinder.org" in link or "colab" in link]
        notebook = root / path.relative_to(html).with_suffix(".ipynb")
        assert len(launchers) == (2 if notebook.exists() else 0), f"{path.name}: {launchers}"
        assert all(link.endswith(f"{path.stem}.ipynb") for link in launchers)


def test_no_page_holds_dead_widget_text(soups):
    dead = re.compile(rf"\b({'|'.join(['VBox', 'HBox', 'interactive', *WIDGETS])})\(")
    for path, soup in soups.items():
        for output in soup.select(".cell_output"):
            assert not dead.search(output.get_text()), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out_sideways(html, server, open_page, scheme, width):
    for name in chapters(html):
        size = {"width": width, "height": 800}
        page, _ = open_page(f"{server}/{name}", server, viewport=size, color_scheme=scheme)
        page.wait_for_timeout(200)
        inner = page.evaluate("document.documentElement.scrollWidth")
        assert inner <= width + 1, f"{name} is {inner} px wide on a screen of {width}"
        page.context.close()


def test_the_theme_follows_the_reader(server, open_page):
    colours = []
    for scheme in ("light", "dark"):
        page, _ = open_page(f"{server}/book/index.html", server, color_scheme=scheme)
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours[0] != colours[1]
