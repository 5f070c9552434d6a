"""What is drawn of learning rates across widths: the loss against the rate, a colour for each width."""

from phenoscope.atlas.rate_transfer.claims import LOSS, MAXIMAL, NTK, RATE, STANDARD
from phenoscope.panels import Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    tells = {
        MAXIMAL: "The lowest points stand above one rate, and deeper the wider the network; beyond, training diverges.",
        STANDARD: "The lowest points move to the left as the network grows.",
        NTK: "They stand above one rate here, too, but not deeper.",
    }
    titles = {MAXIMAL: "Maximal update", STANDARD: "Standard parametrisation", NTK: "NTK parametrisation"}
    return tuple(
        Scatter(titles[arm], says, RATE, LOSS, "learning rate", "loss at the end", (arm,), by="model.width")
        for arm, says in tells.items()
    )
