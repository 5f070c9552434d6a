"""What is drawn of children of one run."""

from phenoscope.atlas.spawning.claims import (
    AT_SMALL_RATE,
    BARRIER,
    CHILDREN,
    DISTANCE,
    ERRORS,
    FIRST,
    FROM_START,
    PARENT,
    SECOND,
    SHARE,
    STRANGERS,
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel, Scatter

WHEN = "share of the training at which they part"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Barrier between two children", "Below 0.02 nats they are said to have ended in one region.",
            SHARE, BARRIER, WHEN, "barrier (nats of training loss)", (CHILDREN,), log=False,
        ),
        Scatter(
            "The same in wrong answers", "The largest share on the line less the mean of its ends.",
            SHARE, ERRORS, WHEN, "error barrier", (CHILDREN,), log=False,
        ),
        Scatter(
            "They end apart all the same", "Distance of their ends over the mean way of each since they parted.",
            SHARE, DISTANCE, WHEN, "relative distance", (CHILDREN,), log=False,
        ),
        Scatter(
            "Distance and barrier", "Two initialisations end no further apart than two orders, in units of their ways, "
            "and a higher barrier lies between them.",
            DISTANCE, BARRIER, "relative distance", "barrier (nats)", (FROM_START, STRANGERS, AT_SMALL_RATE), log=False,
        ),
        Lines("Training loss", "Of the parent.", Measured("loss"), "loss", (PARENT,), log_y=True),
        Lines(
            "Test accuracy", "Of parent and children, whose steps count from where they part.",
            Measured("test accuracy"), "test accuracy", (PARENT, FIRST, SECOND),
        ),
    )  # fmt: skip
