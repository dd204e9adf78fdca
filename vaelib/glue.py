"""Numbers for the text: `glue` names a value that a sentence of the same page then shows."""

from IPython.display import display


def glue(name: str, value: object) -> None:
    """Store `value` under `name` for the page's {glue:text} roles, and show nothing.

    The book reads the MIME type that papermill's `record` writes (MyST-NB's glue), so a notebook needs no
    Sphinx.
    Raises `ValueError` if `name` is no Python identifier.
    """
    if not name.isidentifier():
        raise ValueError(f"name was {name!r}; expected a Python identifier")
    shown = repr(value.item() if hasattr(value, "item") else value)
    display(
        {"application/papermill.record/text/plain": shown},
        metadata={"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}},
        raw=True,
    )
