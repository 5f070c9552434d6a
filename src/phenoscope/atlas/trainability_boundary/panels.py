"""What is drawn of the boundary of trainability."""

from phenoscope.atlas.trainability_boundary.claims import DIMENSION, FROZEN, NETWORK
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Dimension of the boundary", "Of the whole picture (1) and of zooms on the boundary; a smooth line has 1.",
            DIMENSION, "box-counting dimension", (NETWORK, FROZEN), theory=DIMENSION / DIMENSION,
            theory_label="a smooth line",
        ),
        Lines(
            "Rates that train", "The share of each picture in which training succeeds.",
            Measured("trainable share"), "share of rates", (NETWORK, FROZEN),
        ),
    )  # fmt: skip
