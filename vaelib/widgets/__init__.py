"""Interactive pictures: real ipywidgets with a kernel, and just as alive on a page without one."""

from vaelib.widgets.base import SHARED_SCRIPT, Still, Widget, keep_first_of_each
from vaelib.widgets.latent_explorer import LatentExplorer

__all__ = ["SHARED_SCRIPT", "LatentExplorer", "Still", "Widget", "keep_first_of_each"]
