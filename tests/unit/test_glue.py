"""Glue: a value that the page's text can show."""

import pytest
import torch

from vaelib import glue as module
from vaelib.glue import glue

VALUES = [(1.5, "1.5"), (torch.tensor(2.0), "2.0"), (3, "3"), ("four", "'four'")]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_glue_records_the_value_under_its_name(monkeypatch, value, text):
    calls = []
    monkeypatch.setattr(module, "display", lambda data, metadata, raw: calls.append((data, metadata)))
    glue("answer", value)
    data, metadata = calls[0]
    assert data == {"application/papermill.record/text/plain": text}
    assert metadata["scrapbook"]["name"] == "answer"


@pytest.mark.parametrize("name", ["", "two words", "1st"])
def test_a_name_that_is_no_identifier_is_refused(name):
    with pytest.raises(ValueError, match="name was"):
        glue(name, 1.0)
