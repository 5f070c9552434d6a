"""What is drawn of weights that come and go."""

from phenoscope.atlas.dynamic_sparse.claims import (
    DENSE,
    EXPLORED,
    GRADIENT,
    LONG_GRADIENT,
    LONG_RANDOM,
    LONG_STATIC,
    PRUNED,
    RANDOM,
    SMALLEST,
    STATIC,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Lines, Panel, Scatter

ACCURACY = last_value(Measured("test accuracy"))


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Test accuracy", "A few percent of the weights, which come and go, or stay.",
            Measured("test accuracy"), "test accuracy", (GRADIENT, RANDOM, SMALLEST, STATIC, PRUNED, DENSE),
        ),
        Lines(
            "Three times as long", "The same for longer, the changes at the same distance.",
            Measured("test accuracy"), "test accuracy", (LONG_GRADIENT, LONG_RANDOM, LONG_STATIC),
        ),
        Lines("Trained at a time", "The share of weights that are not held at 0.", Measured("active share"),
              "share of the weights", (GRADIENT, STATIC, PRUNED)),
        Lines("Tried so far", "The share of weights that have been trained at some step.", Measured("explored share"),
              "share of the weights", (GRADIENT, RANDOM, SMALLEST, LONG_GRADIENT, LONG_RANDOM)),
        Scatter(
            "Trying and knowing", "Accuracy at the end against the share of weights that were tried.",
            EXPLORED, ACCURACY, "share of weights tried", "test accuracy",
            (GRADIENT, RANDOM, SMALLEST, STATIC, LONG_GRADIENT, LONG_RANDOM, LONG_STATIC), log=False,
        ),
    )  # fmt: skip
