"""What is drawn of pruning before training, up to the largest compression."""

from phenoscope.atlas.layer_collapse.claims import (
    GRASP,
    MAGNITUDE,
    RANDOM,
    REACH,
    SNIP,
    SNIP_ROUNDS,
    SPREAD,
    SYNFLOW,
    SYNFLOW_ONCE,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Panel, Scatter

COMPRESSION = last_value(Measured("log compression"))
KEPT = "log₁₀ of weights / weights kept"
ARMS = (SYNFLOW, SYNFLOW_ONCE, MAGNITUDE, SNIP, SNIP_ROUNDS, GRASP, RANDOM)


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Weights that lie on a path", "Where it falls to 0, nothing passes through the network any more.",
            COMPRESSION, last_value(Measured("live share")), KEPT, "share of kept weights on a path",
            ARMS, log=False,
        ),
        Scatter(
            "How far each score gets", "The logarithm of the compression over that of the largest; 0 without a path.",
            COMPRESSION, last_value(REACH), KEPT, "log compression / log largest", ARMS, log=False,
        ),
        Scatter(
            "The emptiest layer", "A layer without weights is one way to collapse; weights that do not meet, another.",
            COMPRESSION, last_value(Measured("emptiest layer")), KEPT, "weights of the emptiest layer",
            ARMS, log=False,
        ),
        Scatter(
            "Conservation", "How far apart the layers' total scores are; for SynFlow that is rounding.",
            COMPRESSION, last_value(SPREAD), KEPT, "(largest − smallest) / largest",
            (SYNFLOW, SYNFLOW_ONCE, MAGNITUDE, SNIP), log=False,
        ),
    )  # fmt: skip
