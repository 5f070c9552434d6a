"""What is drawn of the extent of a path."""

from phenoscope.atlas.pairs import OTHER, SOLUTION
from phenoscope.atlas.path_extent.claims import (
    CURVE,
    EXTENT,
    LINE,
    LOSS,
    RANDOM,
    RISE,
    SHARE,
    SMALL_SHARE,
    TOP,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "How far, how high", "The length of each way up to where the loss has risen by 0.1, or all of it, and the "
            "largest rise along it.",
            last_value(Measured(EXTENT)), last_value(Measured(RISE)), "length at low loss", "largest rise of the loss",
            (CURVE, LINE),
        ),
        Scatter(
            "Against which direction", "The same length over what the Hessian allows along the top eigenvector, and "
            "along random directions.",
            last_value(Measured(TOP)), last_value(Measured(RANDOM)), "over the top eigenvector's",
            "over random directions'", (CURVE, LINE),
        ),
        Scatter(
            "By the Hessian and by the loss", "Along random directions the loss rises sooner than its second order "
            "says; on the line both would say the same.",
            last_value(Measured(RANDOM)), last_value(Measured(LOSS)), "over the Hessian's reach",
            "over the loss's reach", (CURVE, LINE), slope=1.0, theory_label="second order exact",
        ),
        Scatter(
            "Near and far", "Reach over that of the second order, for a rise of a hundredth of the loss and for one of "
            "0.1.",
            last_value(Measured(SMALL_SHARE)), last_value(Measured(SHARE)), "small rise", "rise of 0.1", (CURVE,),
            log=False,
        ),
        Lines(
            "Training loss", "Both networks on their own training examples.",
            Measured("loss"), "training loss", (SOLUTION, OTHER), log_y=True,
        ),
    )  # fmt: skip
