"""What is drawn of the edge of stability, with the stability threshold beside it."""

from phenoscope.atlas.edge_of_stability.claims import (
    ALONG_FIRST,
    DESCENT,
    LINEARISED,
    LOSS,
    LR,
    MOMENTUM,
    ONWARDS,
    QUADRATIC,
    SHARPNESS,
    SMALL,
)
from phenoscope.claims import Measured, first_value, late_mean
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Sharpness along training", "At each rate the sharpness rises to its own threshold 2/η and stays there.",
            SHARPNESS, "sharpness", (DESCENT,), theory=2 / LR, theory_label="2/η",
        ),
        Lines(
            "Training loss", "At the edge the loss goes up and down from step to step, and falls over many.",
            LOSS, "loss", (DESCENT, SMALL), log_y=True,
        ),
        Scatter(
            "Late sharpness against 1/η", "The mean over the last third of training, one point a seed and rate.",
            first_value(1 / LR * SHARPNESS / SHARPNESS), late_mean(SHARPNESS), "1/η", "late sharpness", (DESCENT,),
            slope=2.0, theory_label="2/η",
        ),
        Lines(
            "Heavy ball", "With momentum β the threshold is (2 + 2β)/η.",
            SHARPNESS, "sharpness", ("heavy ball",), theory=(2 + 2 * MOMENTUM) / LR, theory_label="(2 + 2β)/η",
        ),
        Lines(
            "Cross-entropy", "The sharpness meets the threshold, and falls away once the examples are fitted.",
            SHARPNESS, "sharpness", ("cross-entropy",), theory=2 / LR, theory_label="2/η",
        ),
        Lines(
            "Controls", "Frozen features do not sharpen; a small step stays far below its threshold.",
            SHARPNESS, "sharpness", (LINEARISED, SMALL),
        ),
        Lines(
            "From one point above the edge",
            "Along the top eigenvector the quadratic model grows; the network does not.",
            ALONG_FIRST * ALONG_FIRST, "(gradient along first top eigenvector)²", (QUADRATIC, ONWARDS), log_y=True,
        ),
        Lines(
            "Test accuracy", "What the networks have learned meanwhile.",
            Measured("test accuracy"), "test accuracy", (DESCENT, SMALL),
        ),
    )  # fmt: skip
