"""Interactive pictures: real ipywidgets with a kernel, and just as alive on a page without one."""

from vaelib.widgets.base import SHARED_SCRIPT, Still, Widget, keep_first_of_each
from vaelib.widgets.cover_or_seek import CoverOrSeek
from vaelib.widgets.entropy_bars import EntropyBars
from vaelib.widgets.latent_explorer import LatentExplorer
from vaelib.widgets.sequence_race import SequenceRace
from vaelib.widgets.surprise_meter import SurpriseMeter
from vaelib.widgets.two_gaussians import TwoGaussians
from vaelib.widgets.wrong_code import WrongCode

__all__ = ["SHARED_SCRIPT", "CoverOrSeek", "EntropyBars", "LatentExplorer", "SequenceRace", "Still", "SurpriseMeter"]
__all__ += ["TwoGaussians", "Widget", "WrongCode", "keep_first_of_each"]
