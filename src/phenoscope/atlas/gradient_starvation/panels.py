"""What is drawn of gradient starvation."""

from phenoscope.atlas.gradient_starvation.claims import (
    AREA,
    DECAY,
    DIGITS,
    DIGITS_APART,
    DIGITS_PENALTY,
    LINEAR_APART,
    LINEAR_PENALTY,
    LINEAR_SQUARED,
    PREDICTED,
    SCAN_STRENGTH,
    STRENGTH,
    WEAK,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Lines, Panel, Scatter

LINEAR = (DECAY, LINEAR_PENALTY, LINEAR_APART, LINEAR_SQUARED)
NETWORKS = (DIGITS, DIGITS_PENALTY, DIGITS_APART)


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "What is left of the weak feature",
            "A linear model; lines are the minimum, as the dual has it, averaged over the seeds.",
            STRENGTH, WEAK, "strength of the other feature", "response of the weak one", LINEAR, theory=PREDICTED,
            theory_label="at the minimum",
        ),
        Scatter(
            "What is left of the weak scan", "Told by the second scan alone, the first one being blank; ½ is chance.",
            SCAN_STRENGTH, AREA, "strength of the first scan", "area under the ROC curve", NETWORKS, log="x",
        ),
        Scatter(
            "The strong feature", "It grows meanwhile; with a penalty on the answers it does not.",
            STRENGTH, last_value(Measured("strong response")), "its strength", "its response", LINEAR,
        ),
        Lines("Training loss", "Of the networks, penalty included.", Measured("loss"), "loss", NETWORKS, log_y=True),
    )  # fmt: skip
