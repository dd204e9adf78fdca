"""The base of every widget: one front end for a live kernel and for a page without one.

A kernel's front end (JupyterLab, Notebook) shows the widget through anywidget. Beside that, every widget
writes itself down as HTML that needs nothing else: a static picture, its state, its JavaScript, its weights.
A page may repeat the shared parts; whoever puts pages together drops the repeats by `keep_first_of_each`.
"""

import base64
import hashlib
import html
import io
import json
import re
from functools import cache
from importlib import resources
from typing import NamedTuple

import anywidget
import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import traitlets
from anywidget.widget import AnyWidget
from matplotlib.figure import Figure
from PIL import Image

# Groups: what it is, and its hash. Two scripts with the same two are the same; all but the first can go.
SHARED_SCRIPT = re.compile(
    r'<script type="text/(?:plain|javascript)" data-vaelib-(module|blob|host)="([0-9a-f]{16})">.*?</script>',
    re.DOTALL,
)


class Still(NamedTuple):
    """What print and pages without script show: a picture and its words.

    `picture` is pixels (height, width[, 3]) in [0, 1], or a figure. `caption` stands below it; `alt` tells
    readers who do not see it what it shows.
    """

    picture: np.ndarray | Figure
    caption: str
    alt: str


class Widget(anywidget.AnyWidget):
    """A widget with a title, a one-line task and a caption, alive with a kernel and without.

    A subclass names its `scripts`, files of the folder `js`, the last one its own. After `core.js` they are
    joined into one module: from a blob's URL, no import finds another file. Its own traits, tagged
    `sync=True`, are its state: numbers, texts, lists and dictionaries travel as JSON, a `traitlets.Bytes` as
    a block shared by its hash.
    """

    _modules: tuple[str, ...] = ()

    title = traitlets.Unicode("").tag(sync=True)
    task = traitlets.Unicode("").tag(sync=True)
    caption = traitlets.Unicode("").tag(sync=True)

    def __init_subclass__(cls, scripts: tuple[str, ...] = (), **options: object) -> None:
        if scripts:
            cls._modules = tuple(read_js(name) for name in ("core.js", *scripts))
            cls._esm = "\n".join(cls._modules)
        super().__init_subclass__(**options)

    def __init__(self, **traits: object) -> None:
        for name in traits.keys() - self.trait_names():
            raise TypeError(f"{type(self).__name__} has no argument {name!r}")
        super().__init__(**_labels_first(traits))

    def set_state(self, sync_data: dict) -> None:
        """Take what the screen sends."""
        super().set_state(_labels_first(sync_data))

    def still(self) -> Still:
        """Return the picture that stands in where nothing moves."""
        raise NotImplementedError

    def static_html(self) -> str:
        """Return HTML that shows the widget on a bare page, from server or disk, with or without script."""
        inherited = AnyWidget.class_traits(sync=True)
        own = [name for name in self.trait_names(sync=True) if name not in inherited and name[0] != "_"]
        state = {name: getattr(self, name) for name in own}
        blobs = {name: value for name, value in state.items() if isinstance(value, bytes)}
        record = {name: value for name, value in state.items() if name not in blobs}
        record["blobs"] = {name: digest(value) for name, value in blobs.items()}
        modules = " ".join(digest(text.encode()) for text in self._modules)
        parts = [
            f'<div class="vaelib-widget" data-vaelib-widget="{modules}">',
            self._figure(),
            f'<script type="application/json" data-vaelib-state>{as_json(record)}</script></div>',
            *(script("plain", "module", text) for text in self._modules),
            *(script("plain", "blob", as_base64(value), digest(value)) for value in blobs.values()),
            script("javascript", "host", read_js("static_host.js")),
        ]
        return "\n".join(dict.fromkeys(parts))

    def _figure(self) -> str:
        picture, caption, alt = self.still()
        kind, content = picture_file(picture)
        source = as_base64(content)
        grey = isinstance(picture, np.ndarray) and picture.ndim == 2
        widest = 26 if isinstance(picture, np.ndarray) else round(7 * picture.get_figwidth())
        look = f"width:100%;max-width:{widest}rem;image-rendering:{'pixelated' if grey else 'auto'}"
        image = f'<img src="data:{kind};base64,{source}" alt="{html.escape(alt)}" style="{look}">'
        words = html.escape(f"{self.title}. {caption}" if self.title else caption)
        return f'<figure class="vaelib-fallback">{image}<figcaption>{words}</figcaption></figure>'

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0]["text/html"] = self.static_html()
        return bundle


def _labels_first(traits: dict) -> dict:
    """Return the traits in the order of setting: a distribution is checked against the labels."""
    return dict(sorted(traits.items(), key=lambda item: item[0] != "labels"))


def keep_first_of_each(html: str) -> str:
    """Return a page without the repeats of its shared scripts: the first of each stays, in its place."""
    seen: set[tuple[str, ...]] = set()

    def once(match: re.Match[str]) -> str:
        again = match.groups() in seen
        seen.add(match.groups())
        return "" if again else match.group()

    return SHARED_SCRIPT.sub(once, html)


@cache
def read_js(name: str) -> str:
    """Return a JavaScript file of this package."""
    return resources.files(__package__).joinpath("js", name).read_text(encoding="utf-8")


def digest(content: bytes) -> str:
    """Return the name of shared content, 16 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:16]


def script(kind: str, what: str, text: str, name: str | None = None) -> str:
    """Return a script element that `SHARED_SCRIPT` finds, named by its hash.

    `</script` and `<!--` would end or change the element, so they get a backslash, which means nothing in a
    JavaScript string.
    """
    name = name or digest(text.encode())
    text = re.sub(r"<(?=/script|!--)", r"<\\", text, flags=re.IGNORECASE)
    return f'<script type="text/{kind}" data-vaelib-{what}="{name}">{text}</script>'


def as_base64(content: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(content).decode()


def as_json(record: dict) -> str:
    """Return JSON that can stand in a script element. Raises ValueError for NaN and infinities."""
    return json.dumps(record, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def picture_file(picture: np.ndarray | Figure) -> tuple[str, bytes]:
    """Return a figure, or pixels with values in [0, 1], as a file: its type and its bytes.

    A figure becomes a PNG of 64 colours, which is small; grey pixels (height, width) a PNG, every level kept
    to 1/255; colour (height, width, 3) a JPEG, a third of the size.
    """
    buffer = io.BytesIO()
    if isinstance(picture, Figure):
        picture.savefig(buffer, format="png", dpi=110, facecolor="white")
        plt.close(picture)
        small = io.BytesIO()
        Image.open(buffer).convert("RGB").quantize(64).save(small, format="png", optimize=True)
        return "image/png", small.getvalue()
    levels = np.round(picture * 255).astype(np.uint8)
    kind, options = ("png", {}) if picture.ndim == 2 else ("jpeg", {"quality": 88})
    if picture.ndim == 2:
        levels = np.repeat(levels[..., None], 3, axis=-1)
    matplotlib.image.imsave(buffer, levels, format=kind, pil_kwargs=options)
    return f"image/{kind}", buffer.getvalue()
