"""Which of several runs of one phenomenon is shown first."""

from phenoscope.phenomenon import SCALES
from phenoscope.store import Experiment


def rank(experiment: Experiment) -> tuple[int, int, str]:
    """Larger is better: the largest scale, the most seeds, the newest."""
    scale = SCALES.index(experiment.scale) if experiment.scale in SCALES else -1
    return scale, len(experiment.seeds), experiment.created
