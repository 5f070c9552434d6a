"""What is drawn of sharpness and generalisation: each model once, every measure against the gap."""

from phenoscope.atlas.sharpness_generalisation.claims import (
    GAP,
    MODELS,
    RESCALED_SCALED,
    RESCALED_SHARPNESS,
    SCALED,
    SHARPNESS,
    TRACE,
    UNDER_NOISE,
)
from phenoscope.claims import Measured, first_value
from phenoscope.panels import Panel, Scatter

GAP_LABEL = "train less test accuracy"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Sharpness and the gap", "One point a model; colours tell the learning rate.",
            SHARPNESS, GAP, "sharpness", GAP_LABEL, (MODELS,), by="lr",
        ),
        Scatter(
            "After rescaling", "The same functions, their layers rescaled at random: the order is gone.",
            RESCALED_SHARPNESS, GAP, "sharpness of the rescaled copy", GAP_LABEL, (MODELS,), by="lr",
        ),
        Scatter(
            "Noise in proportion to each weight", "A measure that rescaling leaves as it is.",
            SCALED, GAP, "rise of the loss under scaled noise", GAP_LABEL, (MODELS,), by="lr",
        ),
        Scatter(
            "Across widths", "Noise of one size hurts wide networks more, and they generalise better.",
            UNDER_NOISE, GAP, "rise of the loss under noise", GAP_LABEL, (MODELS,), by="model.width",
        ),
        Scatter(
            "Scaled sharpness before and after rescaling", "On the line: the copy is the same to this measure.",
            SCALED, RESCALED_SCALED, "before", "after", (MODELS,), slope=1.0, theory_label="unchanged", by="lr",
        ),
        Scatter(
            "Sharpness before and after rescaling", "No copy is as flat as its model where scales differ.",
            SHARPNESS, RESCALED_SHARPNESS, "before", "after", (MODELS,), slope=1.0, theory_label="unchanged", by="lr",
        ),
        Scatter(
            "Trace and the gap", "The sum of all curvatures in place of the largest.",
            TRACE, GAP, "trace", GAP_LABEL, (MODELS,), by="lr",
        ),
        Scatter(
            "Gradient noise and the gap", "The noise scale of the gradient at the same models.",
            first_value(Measured("noise scale")), GAP, "noise scale (examples)", GAP_LABEL, (MODELS,), by="lr",
        ),
    )  # fmt: skip
