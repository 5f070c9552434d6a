"""What is drawn of the edge of sharpness-aware minimisation, with the thresholds beside it."""

from phenoscope.atlas.sam_edge.claims import (
    DESCENT,
    LINEARISED,
    LOSS,
    LR,
    NORMALISED,
    RATIO,
    SHARPNESS,
    SMALL,
    THRESHOLD,
    UNNORMALISED,
)
from phenoscope.claims import Measured, late_mean
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Sharpness of unnormalised SAM", "At each radius it rises to its own threshold, below 2/η.",
            SHARPNESS, "sharpness", (UNNORMALISED, DESCENT), theory=2 / LR, theory_label="2/η, without an ascent",
        ),
        Lines(
            "Against the threshold", "Whatever the radius, the ratio settles near 1.",
            RATIO, "sharpness / threshold", (UNNORMALISED, NORMALISED), theory=LR / LR, theory_label="the edge",
        ),
        Lines(
            "Sharpness of SAM", "With an ascent of fixed length the threshold falls with the gradient.",
            SHARPNESS, "sharpness", (NORMALISED,), theory=2 / LR, theory_label="2/η, without an ascent",
        ),
        Lines(
            "Controls", "A small step stays far below its threshold; frozen features do not sharpen.",
            RATIO, "sharpness / threshold", (SMALL, LINEARISED),
        ),
        Scatter(
            "Late sharpness against the threshold", "One point a seed and radius.",
            late_mean(THRESHOLD), late_mean(SHARPNESS), "threshold", "late sharpness", (UNNORMALISED, NORMALISED),
            slope=1.0,
        ),
        Lines(
            "Training loss", "Every rule fits the examples.",
            LOSS, "loss", (UNNORMALISED, NORMALISED, DESCENT), log_y=True,
        ),
        Lines(
            "Test accuracy", "What the networks have learned meanwhile.",
            Measured("test accuracy"), "test accuracy", (UNNORMALISED, NORMALISED, DESCENT),
        ),
    )  # fmt: skip
