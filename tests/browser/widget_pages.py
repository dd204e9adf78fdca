"""Pages that hold nothing but widgets, opened from disk by a browser that can reach nothing else."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from vaelib.widgets import Widget, keep_first_of_each

# The element that carries `.vaelib`: what the widget shows, for tests to read.
READY = '[data-vaelib-ready="true"]'
COLOURS = {"light": "#ffffff", "dark": "#14181e"}


def write_page(path: Path, *widgets: Widget, theme: str = "light", once: bool = True) -> Path:
    """Write a page that holds the widgets and return its path. `once` drops repeated scripts."""
    body = "\n".join(widget.static_html() for widget in widgets)
    body = keep_first_of_each(body) if once else body
    path.write_text(
        f'<!DOCTYPE html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        '<title>Widgets</title><meta name="viewport" content="width=device-width">'
        f"<style>body{{background:{COLOURS[theme]};margin:16px}}</style></head><body>{body}</body></html>",
        encoding="utf-8",
    )
    return path


def drag_point(page: Page, dx: int, dy: int) -> None:
    """Drag the first explorer's point by so many pixels, right and down, and let it settle."""
    handle = page.locator(f"{READY} .handle").first
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=5)
    page.mouse.up()


# Words that lie over each other or outside the frame; words of one text may touch themselves.
UNTIDY = """el => {
  const frame = el.shadowRoot.querySelector(".frame").getBoundingClientRect();
  const texts = [...el.shadowRoot.querySelectorAll("text,th,td,dt,dd,output,label span,legend,button,p")]
    .filter(node => node.textContent && !node.firstElementChild && node.checkVisibility({visibilityProperty: true}))
    .map(node => {
      const range = document.createRange();
      range.selectNodeContents(node);
      return [node.textContent, range.getBoundingClientRect()];
    });
  const outside = texts.filter(([, box]) => box.left < frame.left || box.right > frame.right);
  const over = texts.flatMap(([one, a], i) => texts.slice(i + 1).filter(([, b]) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4).map(([other]) => [one, other]));
  return [...outside.map(([text]) => text), ...over];
}"""


class Visit:
    """A page opened from disk, with everything it logged as an error and every request it made."""

    def __init__(self, browser: Browser, path: Path, wait_for: str = READY, **context: object) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.context = browser.new_context(offline=True, **context)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector(wait_for, timeout=10_000)

    def __enter__(self) -> "Visit":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    @property
    def outside(self) -> list[str]:
        """Requests for anything but this file and what the page itself holds."""
        return [
            url for url in self.requests if not url.startswith(("blob:", "data:")) and url != self.page.url
        ]

    def settle(self) -> None:
        """Wait until the frame after the next has been drawn."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def shown(self) -> dict:
        """What the first widget shows, once drawn: its hook, with arrays as lists."""
        self.settle()
        return self.page.locator(READY).first.evaluate(
            """el => Object.fromEntries(
                 Object.entries(el.vaelib).map(([name, value]) => [name, Array.from(value)]))"""
        )

    def numbers(self) -> dict:
        """The numbers that the first widget shows, once drawn."""
        self.settle()
        return self.page.locator(READY).first.evaluate("el => el.vaelib.numbers")

    def assert_says(self, said: str | re.Pattern[str]) -> None:
        """The first widget announces this, all of it or what the pattern finds, within ten seconds."""
        expect(self.page.locator(f"{READY} [aria-live]").first).to_have_text(said, timeout=10_000)

    def untidy(self) -> list:
        """Words of the first widget that lie outside its frame, and pairs of words that lie over each other."""
        self.settle()
        return self.page.locator(READY).first.evaluate(UNTIDY)


def assert_still_stands_in(opened: Callable[..., Visit], what: Path | Widget, said: str) -> None:
    """Without script and in print there must be the picture, and its words hold `said`.

    `opened` is one of the fixtures `visit` (of a page) and `show` (of a widget).
    """
    here = opened(what, wait_for="figure", java_script_enabled=False)
    assert here.page.get_by_role("img", name=said).is_visible()
    printed = opened(what)
    printed.page.emulate_media(media="print")
    assert printed.page.locator("figure").is_visible()
    assert not printed.page.locator(READY).is_visible()
