"""What is drawn of the solutions that rules come to."""

from phenoscope.atlas.optimizer_interpolants.claims import (
    ADAM,
    DESCENT,
    DISTANCE,
    HEAVY,
    MANY,
    NATURAL,
    RMSPROP,
    SAMPLE,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Lines, Panel, Scatter

DOUBLINGS = "doublings of the updates"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Distance from the nearest solution", "Momentum gets there, adaptive rules and other metrics do not.",
            Measured("distance"), "distance / that of the start", (DESCENT, HEAVY, ADAM, RMSPROP, NATURAL),
            x_label=DOUBLINGS,
        ),
        Lines(
            "Off the span of the examples", "The share of the way that no combination of training inputs makes.",
            Measured("outside"), "share of the way", (HEAVY, ADAM, RMSPROP, NATURAL, SAMPLE), x_label=DOUBLINGS,
        ),
        Lines(
            "Loss", "All of them fit.", Measured("relative loss"), "loss / that of zero weights",
            (DESCENT, ADAM, NATURAL), log_y=True, x_label=DOUBLINGS,
        ),
        Lines(
            "Many examples", "With a single solution Adam comes to it, too.",
            Measured("distance"), "distance / that of the start", (ADAM, MANY), x_label=DOUBLINGS,
        ),
        Scatter(
            "Error", "On test examples, over that of the solution nearest to the start.",
            DISTANCE, last_value(Measured("error ratio")), "distance / that of the start", "ratio of test errors",
            (HEAVY, ADAM, RMSPROP, NATURAL), log=False,
        ),
    )  # fmt: skip
