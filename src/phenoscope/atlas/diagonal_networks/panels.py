"""What is drawn of diagonal linear networks."""

from phenoscope.atlas.diagonal_networks.claims import (
    ERASED,
    ERROR,
    FIXED,
    FORETOLD_ERROR,
    FULL,
    NOISY,
    QUIET,
    RATE,
    SCALE,
    SCALES,
    SHRINKAGE,
    SINGLE,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Lines, Panel, Scatter

DOUBLINGS, ERROR_LABEL = "doublings of the updates", "‖β − truth‖ / ‖truth‖"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Error against the start", "The smaller the start the nearer to the sparse truth, as the potential "
            "foretells; after fresh label noise it does not matter any more.",
            SCALE, ERROR, "start α", ERROR_LABEL, (SCALES, ERASED), theory=FORETOLD_ERROR,
            theory_label="foretold by the start",
        ),
        Lines(
            "Label noise", "Noise that is drawn anew at each step shrinks the start until only the truth is left; it "
            "ends at the last doubling but one.",
            Measured("error"), ERROR_LABEL, (NOISY, FIXED, QUIET), log_y=True, x_label=DOUBLINGS,
        ),
        Scatter(
            "Shrinkage against the step size", "How much single examples shrink the start, and what their losses "
            "foretell.",
            RATE, SHRINKAGE, "step size η", "mean of log(α² / uv)", (SINGLE,),
            theory=last_value(Measured("foretold shrinkage")), theory_label="foretold by the losses",
        ),
        Scatter(
            "Error against the step size", "It falls for single examples, and rises for all at once.",
            RATE, ERROR, "step size η", ERROR_LABEL, (SINGLE, FULL),
        ),
        Lines(
            "Loss", "All fit.", Measured("relative loss"), "loss / that of zero coefficients", (SCALES, NOISY),
            log_y=True, x_label=DOUBLINGS,
        ),
    )  # fmt: skip
