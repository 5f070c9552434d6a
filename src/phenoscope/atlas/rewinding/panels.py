"""What is drawn of sparse networks that begin at steps of a dense training."""

from phenoscope.atlas.rewinding.claims import (
    ACCURACY,
    BARRIER,
    BEGUN,
    EARLY,
    ERRORS,
    LATE,
    LOSS,
    PAIRS,
    PARENT,
    SEARCH,
    SHUFFLED_PAIRS,
    START,
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel, Scatter

WHEN = "share of the dense training at which they begin"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Training loss by the step of the beginning", "After equally many steps, the mean of two orders.",
            BEGUN, LOSS, WHEN, "training loss", (PAIRS, SHUFFLED_PAIRS), log=False,
        ),
        Scatter(
            "Accuracy by the step of the beginning", "On test examples, the mean of two orders.",
            BEGUN, ACCURACY, WHEN, "test accuracy", (PAIRS, SHUFFLED_PAIRS), log=False,
        ),
        Scatter(
            "Barrier between two orders", "Below 0.02 nats they are said to have ended in one region.",
            BEGUN, BARRIER, WHEN, "barrier (nats of training loss)", (PAIRS, SHUFFLED_PAIRS), log=False,
        ),
        Scatter(
            "The same in wrong answers", "The largest share on the line less the mean of its ends.",
            BEGUN, ERRORS, WHEN, "error barrier", (PAIRS, SHUFFLED_PAIRS), log=False,
        ),
        Scatter("Stable and fit", "Each point is one seed and one step.", BARRIER, LOSS,
                "barrier (nats of training loss)", "training loss", (PAIRS,), log=False),
        Lines("Test accuracy", "Steps count from where they begin.", Measured("test accuracy"), "test accuracy",
              (START, EARLY, LATE, PARENT)),
        Lines("The search", "After each round the smallest weights go.", Measured("test accuracy"), "test accuracy",
              (SEARCH,)),
    )  # fmt: skip
