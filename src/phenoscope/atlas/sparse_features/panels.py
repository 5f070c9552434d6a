"""What is drawn of sparse features."""

from phenoscope.atlas.sparse_features.claims import (
    ERROR,
    F1,
    LINEAR,
    LINEAR_FULL,
    LINEAR_FULL_FOUND,
    LINEAR_LARGE_FOUND,
    LINEAR_SMALL_FOUND,
    RATE,
    RELU,
    RELU_FULL,
    RELU_LARGE,
    RELU_LONG,
)
from phenoscope.claims import Measured, Setting, first_value, last_value
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Active units", "The larger the rate, the fewer entries of the features stay above 0.",
            Measured("active share"), "active share", (RELU, RELU_FULL),
        ),
        Lines(
            "Active units over as long a way", "Sixteen times the steps at the small rate do not leave as few active.",
            Measured("active share"), "active share", (RELU_LARGE, RELU_LONG),
        ),
        Lines(
            "Training loss of the ReLU network", "Noisy while the rate is large; it falls where that drops.",
            Measured("loss"), "loss", (RELU, RELU_FULL), log_y=True,
        ),
        Lines(
            "Test loss of the ReLU network", "After the drop, lower the larger the rate was.",
            Measured("test loss"), "test loss", (RELU, RELU_FULL), log_y=True,
        ),
        Lines(
            "Rank of the features", "Principal components that hold 99 % of the variance.",
            Measured("feature rank"), "feature rank", (RELU, RELU_FULL),
        ),
        Lines(
            "Test loss of the linear network", "Without mini-batches a large rate finds what a small one finds.",
            Measured("test loss"), "test loss", (LINEAR, LINEAR_FULL), log_y=True,
        ),
        Lines(
            "Training loss of the linear network", "Every rate fits the examples in the end.",
            Measured("loss"), "loss", (LINEAR, LINEAR_FULL), log_y=True,
        ),
        Scatter(
            "What the linear network found", "F1 of the support, and the test loss against the other network's.",
            first_value(Measured(F1)), first_value(Measured(ERROR)), F1, ERROR,
            (LINEAR_LARGE_FOUND, LINEAR_SMALL_FOUND, LINEAR_FULL_FOUND),
        ),
        Scatter(
            "Rate and test loss of the linear network", "One point a seed and rate.",
            Setting(RATE), last_value(Measured("test loss")), "rate before the drop", "test loss", (LINEAR,),
        ),
    )  # fmt: skip
