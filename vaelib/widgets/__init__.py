"""Interactive pictures: real ipywidgets with a kernel, and just as alive on a page without one."""

from vaelib.widgets.base import SHARED_SCRIPT, Still, Widget, keep_first_of_each
from vaelib.widgets.beta_slider import BetaSlider
from vaelib.widgets.class_and_style import ClassAndStyle
from vaelib.widgets.collapse import Collapse
from vaelib.widgets.cover_or_seek import CoverOrSeek
from vaelib.widgets.disentangle import Disentangle
from vaelib.widgets.encode_your_own import EncodeYourOwn
from vaelib.widgets.entropy_bars import EntropyBars
from vaelib.widgets.evidence_estimator import EvidenceEstimator
from vaelib.widgets.holes import Holes
from vaelib.widgets.latent_explorer import LatentExplorer
from vaelib.widgets.reduction_bench import ReductionBench
from vaelib.widgets.repair import Repair
from vaelib.widgets.sequence_race import SequenceRace
from vaelib.widgets.surprise_meter import SurpriseMeter
from vaelib.widgets.the_gap import TheGap
from vaelib.widgets.train_panel import TrainPanel
from vaelib.widgets.two_gaussians import TwoGaussians
from vaelib.widgets.two_gradients import TwoGradients
from vaelib.widgets.wrong_code import WrongCode

__all__ = ["SHARED_SCRIPT", "BetaSlider", "ClassAndStyle", "Collapse", "CoverOrSeek", "Disentangle"]
__all__ += ["EncodeYourOwn", "EntropyBars", "EvidenceEstimator", "Holes", "LatentExplorer", "ReductionBench"]
__all__ += ["Repair", "SequenceRace", "Still", "SurpriseMeter", "TheGap", "TrainPanel"]
__all__ += ["TwoGaussians", "TwoGradients", "Widget", "WrongCode", "keep_first_of_each"]
