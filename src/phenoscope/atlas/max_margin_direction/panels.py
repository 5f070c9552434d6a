"""What is drawn of descent on data that can be separated."""

from phenoscope.atlas.max_margin_direction.claims import DECAYED, DESCENT, FEW, FEWER, FLIPPED, FLOW, NORMALISED
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel

DOUBLINGS = "doublings of time"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Margin", "Over the largest margin: steps that are divided by the loss reach it, plain ones are on their "
            "way, and with weight decay they stop.",
            Measured("margin share"), "margin / largest margin", (DESCENT, NORMALISED, DECAYED),
            x_label=DOUBLINGS,
        ),
        Lines(
            "Norm in the long run", "It grows in proportion to the logarithm of time, at the rate and from the place "
            "that theory gives.",
            Measured("norm"), "‖w‖", (FLOW,), theory=Measured("foretold norm"), theory_label="foretold, first seed",
            x_label=DOUBLINGS,
        ),
        Lines(
            "Angle in the long run", "It falls like one over the logarithm of time; early on, examples off the margin "
            "still pull.",
            Measured("angle"), "angle to the largest margin (radian)", (FLOW,), theory=Measured("foretold angle"),
            theory_label="foretold, first seed", log_y=True, x_label=DOUBLINGS,
        ),
        Lines(
            "Norm", "Without decay and wrong labels there is no end to it.",
            Measured("norm"), "‖w‖", (DESCENT, DECAYED, FEW, FLIPPED), x_label=DOUBLINGS,
        ),
        Lines(
            "Error", "Zero early on, and no sign of what goes on after that.",
            Measured("error"), "share of examples on the wrong side", (DESCENT, NORMALISED, FEW, FLIPPED),
            x_label=DOUBLINGS,
        ),
        Lines(
            "Growth of the norm", "Per unit of log t, times the largest margin: 1 in any number of dimensions.",
            Measured("norm growth"), "γ d‖w‖ / d log t", (FLOW, FEWER), x_label=DOUBLINGS,
        ),
    )  # fmt: skip
