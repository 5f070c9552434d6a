"""What is drawn of wide networks far past the fit."""

from phenoscope.atlas.variation_norm.claims import BOTH, LARGE, OUTPUT
from phenoscope.claims import Measured, Setting
from phenoscope.panels import Lines, Panel

ALL = (BOTH, OUTPUT, LARGE)
DOUBLINGS = "doublings of the updates"
LIMIT = Setting("steps") / Setting("steps")


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Margin in the variation norm", "Over the largest one of all wide networks; negative while an example is "
            "wrong.",
            Measured("variation share"), "margin / largest margin", ALL, theory=LIMIT, theory_label="largest margin",
            x_label=DOUBLINGS,
        ),
        Lines(
            "Margin of the kernel", "The outputs alone come to the largest one of the units as they were drawn.",
            Measured("kernel share"), "margin / largest margin", (OUTPUT,), theory=LIMIT,
            theory_label="largest margin", x_label=DOUBLINGS,
        ),
        Lines(
            "Directions", "How many carry the network: units that point the same way count as one.",
            Measured("directions"), "(Σm)² / Σm²", ALL, log_y=True, x_label=DOUBLINGS,
        ),
        Lines(
            "Error", "From small starts all fit early; margins move on.", Measured("error"),
            "share of examples on the wrong side", ALL,
            x_label=DOUBLINGS,
        ),
    )  # fmt: skip
