"""How nbval reads the book's notebooks."""

# What `vaelib.glue` hands to the text, seconds and trained numbers among it, differs between machines.
GLUED = "application/papermill.record/text/plain"


def pytest_collectstart(collector) -> None:
    """Leave glued values out of the comparison with the stored outputs."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += (GLUED,)
