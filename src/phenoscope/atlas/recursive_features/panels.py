"""What is drawn of recursive features."""

from phenoscope.atlas.recursive_features.claims import ERROR, LENGTH, PRODUCT, SHARE
from phenoscope.panels import Lines, Panel


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Test error by rounds", "Over the variance of the targets. Round 0 is the plain kernel; features help "
            "where there are some, and do harm where there are none.",
            ERROR, "error / variance", (PRODUCT, LENGTH), log_y=True, x_label="round",
        ),
        Lines(
            "What the metric sees", "The share of its trace that lies in the first two inputs, which alone make the "
            "product.",
            SHARE, "share", (PRODUCT, LENGTH), x_label="round",
        ),
    )  # fmt: skip
