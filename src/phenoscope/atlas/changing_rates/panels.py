"""What is drawn of rates that change."""

from phenoscope.atlas.changing_rates.claims import (
    AFTER,
    AT_ONCE,
    DROP,
    FAR_BELOW,
    LOSS,
    RATIO,
    SHARPNESS,
    SMALL,
    WARMUP,
)
from phenoscope.claims import Measured, late_mean
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Sharpness after a drop of the rate", "It rises to the edge of the new rate.",
            SHARPNESS, "sharpness", (DROP,), theory=2 / AFTER, theory_label="2/η after the drop",
        ),
        Lines(
            "Sharpness in a warm-up", "The rising rate presses the curvature down; a small one leaves it as it is.",
            SHARPNESS, "sharpness", (WARMUP, SMALL), log_y=True,
        ),
        Lines(
            "Against the threshold of the moment", "Where the edge is met, the ratio stays near 1, whatever the rate.",
            RATIO, "sharpness / threshold", (WARMUP, DROP),
        ),
        Lines(
            "Controls", "Far below the edge a drop changes nothing but the pace.",
            RATIO, "sharpness / threshold", (FAR_BELOW,),
        ),
        Scatter(
            "Late sharpness against the new edge", "One point a seed and rate.",
            late_mean(2 / AFTER * SHARPNESS / SHARPNESS), late_mean(SHARPNESS), "2/η after the drop", "late sharpness",
            (DROP,), slope=1.0,
        ),
        Lines(
            "Training loss after a drop", "In as many steps a lower rate need not end lower.",
            LOSS, "loss", (DROP,), log_y=True,
        ),
        Lines(
            "Training loss with and without a warm-up", "From the same start, at the same full rate.",
            LOSS, "loss", (WARMUP, AT_ONCE, SMALL), log_y=True,
        ),
        Lines(
            "Test accuracy", "What the networks have learned meanwhile.",
            Measured("test accuracy"), "test accuracy", (WARMUP, DROP),
        ),
    )  # fmt: skip
