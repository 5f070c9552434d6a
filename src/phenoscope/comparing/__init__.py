"""Two runs side by side: what came out in each, where they differ, and their series over each other; ways to prune."""

from phenoscope.comparing.differing import Differing
from phenoscope.comparing.matching import Match, PairedDifference
from phenoscope.comparing.pruners import PrunerComparison, PrunerGain, compare_pruners
from phenoscope.comparing.side_by_side import Side, SideBySide, compare

__all__ = [
    "Differing",
    "Match",
    "PairedDifference",
    "PrunerComparison",
    "PrunerGain",
    "Side",
    "SideBySide",
    "compare",
    "compare_pruners",
]
