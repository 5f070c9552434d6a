"""What is drawn of descent that is stopped."""

from phenoscope.atlas.early_stopping_path.claims import CLASSIFIER, MISMATCHED, OTHER_RATES, REGRESSION
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel

DOUBLINGS = "doublings of the time"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Test error", "It falls, and rises again as noise is fitted: by time as by one over the penalty.",
            Measured("test risk"), "mean square error", (REGRESSION,), theory=Measured("ridge test risk"),
            theory_label="ridge with the penalty 1/t, first seed", log_y=True, x_label=DOUBLINGS,
        ),
        Lines(
            "Length of the weights", "Stopping caps it as a penalty does.",
            Measured("norm"), "root mean square ‖β‖", (REGRESSION,), theory=Measured("ridge norm"),
            theory_label="ridge with the penalty 1/t, first seed", log_y=True, x_label=DOUBLINGS,
        ),
        Lines(
            "Risk over that of ridge", "At most 1.69 with the penalty 1/t, more with ten times that.",
            Measured("risk ratio"), "risk / risk of ridge", (REGRESSION, MISMATCHED), x_label=DOUBLINGS,
        ),
        Lines(
            "Angle from the least loss", "Flow follows the directions of an l2 penalty; other rates go elsewhere.",
            Measured("angle"), "angle (radian)", (CLASSIFIER, OTHER_RATES), x_label=DOUBLINGS,
        ),
        Lines(
            "Loss of the classifier", "Beside it the least that a classifier of its length has.",
            Measured("log loss"), "log of the loss", (CLASSIFIER,), theory=Measured("least log loss"),
            theory_label="least loss at that length, first seed", x_label=DOUBLINGS,
        ),
    )  # fmt: skip
