"""What is drawn of networks around the width at which they just fit their data."""

from phenoscope.atlas.double_descent.claims import (
    AT_PEAK,
    BEST,
    BEYOND,
    CLEAN,
    DECAY,
    ERROR,
    LOSS,
    NOISE,
    NOISY,
    SOME,
    UNFITTED,
    WIDTH,
)
from phenoscope.panels import Panel, Scatter

UNITS, NATS = "hidden units", "test loss (nats)"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Test loss against width",
            "It peaks where the labels can just be fitted, the higher the more of them are wrong; weight decay takes "
            "the peak away.",
            WIDTH, LOSS, UNITS, NATS, (NOISY, SOME, CLEAN, DECAY),
        ),
        Scatter(
            "Wrong answers", "The share of test examples given another class.",
            WIDTH, ERROR, UNITS, "test error", (NOISY, SOME, CLEAN, DECAY), log="x",
        ),
        Scatter(
            "What is not fitted", "The share of training labels that the network does not give.",
            WIDTH, UNFITTED, UNITS, "training error", (NOISY, SOME, CLEAN, DECAY), log="x",
        ),
        Scatter(
            "Stopped at the best step", "The smallest test loss along training.",
            WIDTH, BEST, UNITS, NATS, (NOISY, SOME, CLEAN),
        ),
        Scatter(
            "Wrong labels", "By the threshold and far beyond it.",
            NOISE, LOSS, "share of wrong labels", NATS, (AT_PEAK, BEYOND), log=False,
        ),
    )  # fmt: skip
