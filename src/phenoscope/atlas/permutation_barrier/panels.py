"""What is drawn of barriers modulo permutation."""

from phenoscope.atlas.permutation_barrier.claims import (
    DEEP,
    DEEP_FIRST,
    DEPTH,
    FIRST,
    LEFT,
    LEFT_BY_ACTIVATIONS,
    LEFT_EARLY,
    MATCHED,
    NAIVE,
    WIDE,
    WIDTH,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Lines, Panel, Scatter

SHARE = "share of the barrier that is left"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    errors, matched = (last_value(Measured(f"{order} error barrier")) for order in ("naive", "weights"))
    return (
        Scatter(
            "What matching leaves, by width", "The barrier with units matched by weights, over that without.",
            WIDTH, LEFT, "units in each hidden layer", SHARE, (WIDE,),
        ),
        Scatter(
            "What matching leaves, by depth", "The same with more hidden layers.",
            DEPTH, LEFT, "hidden layers", SHARE, (DEEP,), log=False,
        ),
        Scatter(
            "Before and after", "On the line, matching would leave the barrier as it is.",
            NAIVE, MATCHED, "barrier as trained (nats)", "matched by weights (nats)", (WIDE, DEEP),
            slope=1.0, theory_label="nothing removed",
        ),
        Scatter(
            "The same in wrong answers", "The largest share on the line less the mean of its ends.",
            errors, matched, "error barrier as trained", "matched by weights", (WIDE, DEEP),
            slope=1.0, theory_label="nothing removed", log=False,
        ),
        Scatter(
            "Weights or activations", "What is left by both ways of matching.",
            LEFT, LEFT_BY_ACTIVATIONS, f"{SHARE} by weights", "by activations", (WIDE, DEEP),
            slope=1.0, theory_label="equal",
        ),
        Scatter(
            "Matched before training", "Units in the order in which their initial values match.",
            WIDTH, LEFT_EARLY, "units in each hidden layer", SHARE, (WIDE,),
        ),
        Lines("Training loss", "It is fitted at all sizes.", Measured("loss"), "loss", (FIRST, DEEP_FIRST), log_y=True),
    )  # fmt: skip
