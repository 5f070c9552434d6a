"""What is drawn of the catapult."""

from phenoscope.atlas.catapult.claims import BEYOND, CATAPULT, DEAD, END, FAR, FROZEN, LAZY, LOSS, RATIO, RELU, TIMES
from phenoscope.claims import Measured, first_value, last_value
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    at = first_value(TIMES * LOSS / LOSS)
    return (
        Lines(
            "The loss of a linear network", "Between 2 and 4 it grows first and then falls; below 2 it only falls.",
            LOSS, "loss", (CATAPULT, LAZY), log_y=True,
        ),
        Lines(
            "Its curvature in units of 2/η", "It starts above 1, and the catapult throws it below.",
            RATIO, "sharpness / (2/η)", (CATAPULT,), theory=TIMES / TIMES, theory_label="the edge",
        ),
        Lines(
            "What diverges", "Frozen features above 2, linear networks above 4, within a few steps.",
            LOSS, "loss", (FROZEN, BEYOND), log_y=True,
        ),
        Lines(
            "The loss of a ReLU network", "It bears steps at which the linear one diverges.",
            LOSS, "loss", (RELU, FAR), log_y=True,
        ),
        Scatter(
            "Where it ends", "The last loss over the first, one point a seed and rate; above 1 the step was too large.",
            at, END, "η λ₀", "last loss / first loss", (LAZY, CATAPULT, BEYOND, FROZEN, RELU, FAR),
        ),
        Scatter(
            "Dead units", "The larger the step, the more units are zero on all examples at the end.",
            at, last_value(DEAD), "η λ₀", "share of dead units", (RELU, FAR), log=False,
        ),
        Lines(
            "Test accuracy", "What the networks have learned meanwhile.",
            Measured("test accuracy"), "test accuracy", (CATAPULT, RELU, FAR),
        ),
    )  # fmt: skip
