"""What is drawn of the ways between two solutions."""

from phenoscope.atlas.mode_connectivity.claims import (
    ALIGNED,
    BAND,
    CHAIN,
    CURVE,
    HEIGHT,
    LENGTH,
    LINE,
    PROFILE,
    REORDERED,
    SHUFFLED,
)
from phenoscope.atlas.pairs import OTHER, SOLUTION
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Lines, Panel, Scatter

PLACE = "place along the way (hundredths)"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    profile = Measured(PROFILE)
    return (
        Lines(
            "From one solution to another", "The straight line goes over; the curves go round.",
            profile, "training loss", (LINE, CURVE, BAND), log_y=True, x_label=PLACE,
        ),
        Lines(
            "The same function", "The line to another solution, and the line to the network's own copy, whose units "
            "stand in another order.",
            profile, "training loss", (LINE, SHUFFLED), x_label=PLACE,
        ),
        Lines(
            "Aligned first", "Curves trained for as many steps: to the other network as it is, with its units matched "
            "to the first one's, and with its units in a random order.",
            profile, "training loss", (CURVE, ALIGNED, REORDERED), x_label=PLACE,
        ),
        Scatter(
            "How long, how high", "One point a pair; the straight line has length 1.",
            last_value(Measured(LENGTH)), last_value(Measured(HEIGHT)), "length / distance of the ends", "barrier",
            (LINE, CURVE, CHAIN, BAND, ALIGNED),
        ),
        Lines(
            "Training loss", "Both networks on their own training examples.",
            Measured("loss"), "training loss", (SOLUTION, OTHER), log_y=True,
        ),
        Lines(
            "Test accuracy", "What they have learned.",
            Measured("test accuracy"), "test accuracy", (SOLUTION, OTHER),
        ),
    )  # fmt: skip
