"""What is drawn of the adaptive edge, with the thresholds beside it."""

from phenoscope.atlas.adaptive_edge.claims import (
    ADAM,
    ADAM_EDGE,
    EFFECTIVE,
    LINEARISED,
    LOSS,
    LR,
    RATIO,
    RMSPROP,
    SMALL,
    SMALL_RMSPROP,
)
from phenoscope.claims import Measured, late_mean
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Effective sharpness of Adam", "At each momentum it rises to its own threshold and stays there.",
            EFFECTIVE, "effective sharpness", (ADAM,), theory=ADAM_EDGE, theory_label="(2 + 2β₁)/((1 - β₁)η)",
            log_y=True,
        ),
        Lines(
            "Effective sharpness of RMSProp", "Without momentum the threshold is 2/η.",
            EFFECTIVE, "effective sharpness", (RMSPROP,), theory=2 / LR, theory_label="2/η", log_y=True,
        ),
        Lines(
            "Controls", "A small step stays far below 1; frozen features do not.",
            RATIO, "effective sharpness / threshold", (SMALL, SMALL_RMSPROP, LINEARISED),
        ),
        Lines(
            "Training loss", "At the edge the loss goes up and down, and falls over many steps.",
            LOSS, "loss", (ADAM, SMALL), log_y=True,
        ),
        Scatter(
            "Late effective sharpness against the threshold", "One point a seed and momentum.",
            late_mean(EFFECTIVE / EFFECTIVE * ADAM_EDGE), late_mean(EFFECTIVE), "(2 + 2β₁)/((1 - β₁)η)",
            "late effective sharpness", (ADAM,), slope=1.0,
        ),
        Lines(
            "Test accuracy", "What the networks have learned meanwhile.",
            Measured("test accuracy"), "test accuracy", (ADAM, RMSPROP, SMALL),
        ),
    )  # fmt: skip
