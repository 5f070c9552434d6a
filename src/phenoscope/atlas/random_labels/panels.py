"""What is drawn of random labels."""

from phenoscope.atlas.random_labels.claims import (
    CORRUPTED,
    DECAYED,
    GAUSSIAN,
    HEAVY,
    LINEAR,
    ONE_ORDER,
    OWN_ORDER,
    RANDOM,
    SHARE,
    TEST,
    TIME,
    TRAIN,
    TRUE,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Lines, Panel, Scatter

DATA = (TRUE, RANDOM, OWN_ORDER, GAUSSIAN, ONE_ORDER)


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines("Fitting anything", "The share of training examples that are right.", TRAIN, "train accuracy", DATA),
        Lines("What is left for the test", "Test labels and inputs are of the same kind.", TEST, "test accuracy", DATA),
        Scatter(
            "Time to fit", "Steps until 99 % of the training examples are right.",
            SHARE, TIME, "share of labels replaced", "steps", (CORRUPTED,), log=False,
        ),
        Scatter(
            "Test accuracy against wrong labels", "At the end, all of them fitted; test labels are true.",
            SHARE, last_value(TEST), "share of labels replaced", "test accuracy", (CORRUPTED,), log=False,
        ),
        Lines(
            "With weight decay", "Random labels; a linear function cannot fit them.",
            TRAIN, "train accuracy", (RANDOM, DECAYED, HEAVY, LINEAR),
        ),
        Lines("Training loss", "On all training examples.", Measured("loss"), "loss", DATA, log_y=True),
    )  # fmt: skip
