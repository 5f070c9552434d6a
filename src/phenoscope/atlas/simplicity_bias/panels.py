"""What is drawn of the simplicity bias."""

from phenoscope.atlas.simplicity_bias.claims import (
    ACCURACY,
    ALONE,
    BOTH,
    DIGITS,
    DIGITS_ALONE,
    EASY_LOST,
    HARD_LOST,
    IMPERFECT,
    LAZY,
    LINEAR,
    LOSS,
    WIDE,
)
from phenoscope.claims import last_value
from phenoscope.panels import Lines, Panel, Scatter

ON_SLABS = (BOTH, ALONE, LINEAR, WIDE, LAZY, IMPERFECT)
ON_DIGITS = (DIGITS, DIGITS_ALONE)


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "What is left when a block is shuffled",
            "Areas under the ROC curve at the end: ½ is chance, 1 is no loss. At the bottom right only the easy block "
            "is used, at the top left only the hard one.",
            last_value(HARD_LOST), last_value(EASY_LOST), "area, hard block shuffled", "area, easy block shuffled",
            ON_SLABS, log=False,
        ),
        Scatter(
            "The same of two digits", "The digits that are easier to tell apart are the first block.",
            last_value(HARD_LOST), last_value(EASY_LOST), "area, hard digit shuffled", "area, easy digit shuffled",
            ON_DIGITS, log=False,
        ),
        Lines(
            "The easy block shuffled", "Where it is all that was learned, chance is left.",
            EASY_LOST, "area under the ROC curve", (BOTH, ALONE, WIDE, LAZY),
        ),
        Lines(
            "An imperfect easy block", "It comes first, and the hard block takes over: the easy one shuffled.",
            EASY_LOST, "area under the ROC curve", (BOTH, IMPERFECT, ALONE),
        ),
        Lines(
            "Two digits", "The easy digit shuffled among the test examples.",
            EASY_LOST, "area under the ROC curve", ON_DIGITS,
        ),
        Lines("Test accuracy", "As the examples are.", ACCURACY, "test accuracy", ON_SLABS),
        Lines("Training loss", "Of all training examples.", LOSS, "loss", ON_SLABS, log_y=True),
    )  # fmt: skip
