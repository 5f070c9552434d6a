"""What is drawn of progressive sharpening."""

from phenoscope.atlas.progressive_sharpening.claims import (
    CROSS_ENTROPY,
    DESCENT,
    HALF,
    LARGE,
    LINEARISED,
    LOSS,
    RATIO,
    SCALES_OF_START,
    SHARPNESS,
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Sharpness along training", "It rises, except where features are frozen.",
            SHARPNESS, "sharpness", (DESCENT, LINEARISED),
        ),
        Lines(
            "Against the threshold", "A small step stays far below its edge; eight times the step comes up to it.",
            RATIO, "sharpness / threshold", (DESCENT, HALF, LARGE), theory=RATIO / RATIO, theory_label="the edge",
        ),
        Lines(
            "Larger starts", "A start of larger weights is sharper to begin with, and sharpens less.",
            SHARPNESS, "sharpness", (SCALES_OF_START,), log_y=True,
        ),
        Lines(
            "Cross-entropy", "The sharpness rises first, and falls as the examples are fitted.",
            SHARPNESS, "sharpness", (CROSS_ENTROPY,), log_y=True,
        ),
        Lines("Training loss", "What is learned meanwhile.", LOSS, "loss", (DESCENT, CROSS_ENTROPY), log_y=True),
        Lines(
            "Test accuracy", "On examples that were not trained on.",
            Measured("test accuracy"), "test accuracy", (DESCENT, CROSS_ENTROPY),
        ),
    )  # fmt: skip
