"""What is drawn of the feature ansatz."""

from phenoscope.atlas.feature_ansatz.claims import (
    ALIGNED,
    CENTRED,
    DIGITS,
    DIGITS_STANDARD,
    LINEARISED,
    LOSS,
    SIZES_OF_START,
    SMALL,
    STANDARD,
    START,
)
from phenoscope.claims import last_value
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Weights and gradients", "Cosine of the first layer's WᵀW with the average gradient outer product of its "
            "input. All three networks fit their data, or could.",
            ALIGNED, "cosine", (SMALL, STANDARD, LINEARISED),
        ),
        Scatter(
            "Alignment at the end", "Against the size of the weights at the start, as a share of the usual one.",
            START, last_value(ALIGNED), "size of the weights", "cosine", (SIZES_OF_START,), log="x",
        ),
        Lines(
            "What the weights were changed by", "The same cosine for the weights less those at the start.",
            CENTRED, "cosine", (SMALL, STANDARD),
        ),
        Lines("Digits", "The same for the first layer of a classifier.", ALIGNED, "cosine", (DIGITS, DIGITS_STANDARD)),
        Lines("Loss", "With small weights it waits before it falls.", LOSS, "loss", (SMALL, STANDARD, LINEARISED),
              log_y=True),
    )  # fmt: skip
