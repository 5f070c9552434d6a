"""What is drawn of networks whose weights are chosen, and not trained."""

from phenoscope.atlas.supermasks.claims import (
    ACCURACY,
    CHANCE,
    CONSTANT,
    KEPT,
    LARGE,
    LARGE_START,
    NORMAL,
    SAME_SIGN,
    SIGNS,
    TRAINED,
    UNTRAINED,
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel, Scatter

SHARE = "share of the weights kept"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    masks = (SAME_SIGN, LARGE, LARGE_START, CHANCE)
    return (
        Scatter(
            "Masks from training on untrained weights", "A tenth is chance.",
            KEPT, UNTRAINED, SHARE, "test accuracy, untrained", masks, log=False,
        ),
        Scatter(
            "Chosen by descent", "All weights as they were drawn; the mask is what is learned.",
            KEPT, ACCURACY, SHARE, "test accuracy", (CONSTANT, NORMAL), log=False,
        ),
        Lines(
            "Choosing and training", "Descent on scores beside descent on weights.",
            Measured("test accuracy"), "test accuracy", (CONSTANT, NORMAL, TRAINED),
        ),
        Scatter(
            "Signs alone", "As the first figure, with every weight of a layer at one size.",
            KEPT, SIGNS, SHARE, "test accuracy, untrained", masks, log=False,
        ),
    )  # fmt: skip
