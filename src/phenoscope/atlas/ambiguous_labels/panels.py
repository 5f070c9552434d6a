"""What is drawn of descent where some examples have both labels."""

from phenoscope.atlas.ambiguous_labels.claims import ALL, ONE_LABEL, OTHER_START, SOME
from phenoscope.claims import Measured, Setting
from phenoscope.panels import Lines, Panel

DOUBLINGS = "doublings of the time"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Length of the weights", "A straight line: it grows like log t, unless all examples are ambiguous.",
            Measured("norm"), "‖w‖", (SOME, ONE_LABEL, ALL), x_label=DOUBLINGS,
        ),
        Lines(
            "Angle to the ray", "The same ray from any start.",
            Measured("angle"), "angle, radian", (SOME, OTHER_START), log_y=True, x_label=DOUBLINGS,
        ),
        Lines(
            "Angle to the margin of the others", "Ambiguous examples turn the ray: this angle stays.",
            Measured("angle to the plain margin"), "angle, radian", (SOME, OTHER_START), x_label=DOUBLINGS,
        ),
        Lines(
            "Ambiguous examples settle", "Distance of their outputs from log 2, where they have their minimum.",
            Measured("unsettled"), "|output − log 2|", (SOME, OTHER_START, ONE_LABEL), log_y=True, x_label=DOUBLINGS,
        ),
        Lines(
            "Rate of growth", "In units of that of the largest margin.",
            Measured("growth"), "γ Δ‖w‖ / Δ log t", (SOME, ALL),
            theory=Setting("steps") / Setting("steps"), theory_label="theory, unless all are ambiguous",
            x_label=DOUBLINGS,
        ),
    )  # fmt: skip
