"""What is drawn of steps and potentials of different geometry."""

from phenoscope.atlas.geometry_decides.claims import (
    ADAM,
    COORDINATE,
    EUCLIDEAN,
    HYPERBOLIC,
    POWER,
    SIGN,
    STEEPEST,
    distance,
    share,
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel, Scatter

RULES = (COORDINATE, STEEPEST, SIGN, ADAM)
MIRRORS = (EUCLIDEAN, POWER, HYPERBOLIC)
DOUBLINGS = "doublings of the steps"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Margins in two norms", "Each at the end, over the largest there is: what one rule maximises, another one "
            "leaves.",
            share("l1"), share("linf"), "l1 margin / largest", "l∞ margin / largest", RULES, log=False,
        ),
        *(
            Lines(
                f"Margin in the {norm} norm", caption, Measured(f"{series} share"), "margin / largest margin", RULES,
                x_label=DOUBLINGS,
            )
            for norm, series, caption in (
                ("l1", "l1", "Coordinate descent comes to the largest one."),
                ("l2", "l2", "Gradient descent comes to the largest one."),
                ("l∞", "linf", "Sign descent and Adam come to the largest one."),
            )
        ),
        Scatter(
            "Solutions of a regression", "Each potential ends where theory puts it, and not where it puts another.",
            distance("euclidean"), distance("power"), "distance from that of squares",
            "distance from that of powers of 1.5", MIRRORS,
        ),
        Lines(
            "Loss of the regression", "All fit; they differ in what they fit with.",
            Measured("relative loss"), "loss / that of zero coefficients", MIRRORS, log_y=True,
            x_label=DOUBLINGS,
        ),
    )  # fmt: skip
