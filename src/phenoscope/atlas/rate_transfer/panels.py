"""What is drawn of learning rates across widths: how far the loss falls against the rate, a colour for each width."""

from phenoscope.atlas.rate_transfer.claims import LOSS, MAXIMAL, NTK, RATE, STANDARD
from phenoscope.claims import Measured, first_value
from phenoscope.panels import Panel, Scatter

FALL = first_value(Measured("loss")) / LOSS
"""Of what diverged it is nearly 0, so that all can be drawn."""


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    tells = {
        MAXIMAL: "The highest points stand above one rate; beyond it training diverges.",
        STANDARD: "The highest points move to the left as the network grows.",
        NTK: "They stand above one rate here, too.",
    }
    titles = {MAXIMAL: "Maximal update", STANDARD: "Standard parametrisation", NTK: "NTK parametrisation"}
    return tuple(
        Scatter(
            titles[arm], says, RATE, FALL, "learning rate", "loss at the start / at the end", (arm,), log="x",
            by="model.width",
        )
        for arm, says in tells.items()
    )  # fmt: skip
