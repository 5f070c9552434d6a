"""What is drawn of a peak of the test loss that takes long training."""

from phenoscope.atlas.optimisation_limited_peak.claims import (
    AT,
    BEYOND,
    ENDLESS,
    ERROR,
    EXACT,
    FEATURES,
    LONG,
    LOSS,
    SHORT,
    TIME,
    TRAINING,
)
from phenoscope.panels import Panel, Scatter

COUNT, DISTANCE, SPAN = "features P", "squared distance from the true class", "time of training"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Test loss against features",
            "After few steps it only falls; the longer the training, the higher the peak.",
            FEATURES, LOSS, COUNT, DISTANCE, (SHORT, LONG, ENDLESS, EXACT),
        ),
        Scatter(
            "Test loss against the time of training",
            "At the threshold it falls for some hundred steps and then grows for as long as it trains; far beyond, it "
            "settles.",
            TIME, LOSS, SPAN, DISTANCE, (AT, BEYOND),
        ),
        Scatter(
            "What is not fitted", "The squared distance from the training labels, wrong ones among them.",
            FEATURES, TRAINING, COUNT, "training loss", (SHORT, LONG), log="x",
        ),
        Scatter(
            "Wrong answers", "The share of test examples given another class.",
            FEATURES, ERROR, COUNT, "test error", (SHORT, LONG, ENDLESS, EXACT), log="x",
        ),
    )  # fmt: skip
