"""A browser without a network, and the built book in it: from a local server and from disk."""

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from widget_pages import Visit, write_page

from vaelib.widgets import Widget

@dataclass
class Watch:
    """What a page did that a reader should never meet."""

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def html(root: Path) -> Path:
    """The folder of the built book."""
    folder = root / "_build/html"
    if not (folder / "book/index.html").exists():
        pytest.fail("The book is not built. Run `make book` first.")
    return folder


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line in the log for each."""

    def log_message(self, *_args) -> None:
        pass


@pytest.fixture(scope="session")
def server(html: Path) -> Iterator[str]:
    """The address of the built book on a local server."""
    handler = functools.partial(QuietHandler, directory=str(html))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()


@pytest.fixture(params=["http", "file"])
def origin(request: pytest.FixtureRequest, html: Path) -> str:
    """The two places a reader opens the book from."""
    return request.getfixturevalue("server") if request.param == "http" else html.as_uri()


@pytest.fixture
def open_page(browser: Browser):
    """Open an address in a fresh context that refuses all other origins; returns the page and what it did."""
    contexts = []

    def opener(url: str, own: str, **options) -> tuple[Page, Watch]:
        context = browser.new_context(**options)
        contexts.append(context)
        watch = Watch()

        def gate(route) -> None:
            address = route.request.url
            if address.startswith((own, "data:", "blob:")):
                route.continue_()
            else:
                watch.outside.append(address)
                route.abort()

        context.route("**/*", gate)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and watch.errors.append(message.text))
        page.on("pageerror", lambda error: watch.errors.append(str(error)))
        page.on("requestfailed", lambda request: watch.missing.append(request.url))
        page.goto(url, wait_until="load")
        return page, watch

    yield opener
    for context in contexts:
        context.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """A function that opens a page of widgets from disk; at the end nothing may have gone wrong or been asked for."""
    visits = []

    def opened(path: Path, **context) -> Visit:
        visits.append(Visit(browser, path, **context))
        return visits[-1]

    yield opened
    for visit in visits:
        visit.context.close()
        assert visit.errors == [] and visit.outside == []


@pytest.fixture
def show(visit: Callable[..., Visit], tmp_path: Path) -> Callable[..., Visit]:
    """A function that shows one widget on a page of its own, in a light or dark theme."""

    def shown(widget: Widget, theme: str = "light", **context) -> Visit:
        pages = len(list(tmp_path.glob("*.html")))
        return visit(write_page(tmp_path / f"{pages}.html", widget, theme=theme), **context)

    return shown
