"""What is drawn of products of matrices against the least nuclear norm."""

from phenoscope.atlas.not_a_regulariser.claims import FIELDS, LARGE, NEARLY_ALL, ONE, ROTATION, THREE, TWO
from phenoscope.claims import Measured, Setting, last_value
from phenoscope.panels import Lines, Panel, Scatter

DOUBLINGS = "doublings of the updates"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Distance from the least nuclear norm", "Products settle elsewhere, unless nearly all entries are known.",
            Measured("distance"), "‖W − W*‖ / ‖W*‖", (THREE, TWO, NEARLY_ALL), x_label=DOUBLINGS,
        ),
        Lines(
            "Nuclear norm", "Over the least one that the entries allow: above 1, while the rank is smaller.",
            Measured("nuclear norm"), "‖W‖ / ‖W*‖, nuclear", (THREE, TWO, ONE), x_label=DOUBLINGS,
        ),
        Lines(
            "Effective rank", "It stays low from a small start only; beside it that of the least nuclear norm.",
            Measured("effective rank"), "effective rank", (THREE, ONE, LARGE), x_label=DOUBLINGS,
            theory=Measured("rank of the least norm"), theory_label="least nuclear norm, first seed",
        ),
        Scatter(
            "Error", "Distance from the matrix whose entries were seen, for the product and for the least norm.",
            last_value(Measured("error of the least norm")), last_value(Measured("error")),
            "error of the least nuclear norm", "error of the product", (THREE, TWO, ONE), slope=1.0,
            theory_label="equal", log=False,
        ),
        Scatter(
            "Downhill on nothing", "The antisymmetric share of the velocity's Jacobian is 0 for one factor only.",
            Setting("depth"), ROTATION, "factors", "‖J − Jᵀ‖ / 2‖J‖", tuple(FIELDS.values()), log=False,
        ),
    )  # fmt: skip
