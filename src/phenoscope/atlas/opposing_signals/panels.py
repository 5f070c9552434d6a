"""What is drawn of opposing signals."""

from phenoscope.atlas.opposing_signals.claims import (
    LOSS,
    OPPOSITE,
    PLANTED,
    RATIO,
    SHARE,
    SHARPNESS,
    SLOW,
    TOP,
    WITHOUT,
    WITHOUT_OTHERS,
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Sharpness with and without the planted examples", "In small steps: it is they that make the loss sharp.",
            SHARPNESS, "sharpness", (SLOW, WITHOUT, WITHOUT_OTHERS),
        ),
        Lines(
            "Who changes most", "The planted among the 4 % of examples whose losses change most; they are a tenth.",
            SHARE, "planted share", (PLANTED, SLOW),
        ),
        Lines(
            "In opposite directions", "1 where the losses of the two planted groups change in opposite directions.",
            OPPOSITE, "opposite changes", (PLANTED, SLOW),
        ),
        Lines(
            "At the edge", "With the larger rate the sharpness settles at 2/η.",
            RATIO, "sharpness / (2/η)", (PLANTED, SLOW),
        ),
        Lines(
            "How few bear the change", "The part of all changes of losses in a step that the top 4 % bear.",
            TOP, "share of change", (PLANTED, SLOW, WITHOUT),
        ),
        Lines(
            "Training loss", "The planted threes and eights can be told apart all the same.",
            LOSS, "loss", (PLANTED, SLOW, WITHOUT, WITHOUT_OTHERS), log_y=True,
        ),
        Lines(
            "Test accuracy", "On digits without a planted background.",
            Measured("test accuracy"), "test accuracy", (PLANTED, SLOW, WITHOUT, WITHOUT_OTHERS),
        ),
    )  # fmt: skip
