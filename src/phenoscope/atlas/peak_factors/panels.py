"""What is drawn of the three factors of the peak."""

from phenoscope.atlas.peak_factors.claims import (
    ALONG,
    CUT,
    ERROR,
    EXAMPLES,
    INVERSE,
    LINEAR,
    RESIDUAL,
    SAME,
    SHARE,
    WHOLE,
)
from phenoscope.panels import Panel, Scatter

COUNT = "examples n"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Test error with one factor removed",
            "With all three there is a peak at as many examples as features; without any one of them there is none.",
            EXAMPLES, ERROR, COUNT, "squared distance from the true class", (WHOLE, CUT, SAME, LINEAR),
        ),
        Scatter(
            "The inverse of the smallest singular value", "The factor that makes the place of the peak.",
            EXAMPLES, INVERSE, COUNT, "1/σ", (WHOLE, CUT),
        ),
        Scatter(
            "Test inputs along that direction", "Test inputs reach further along it than those of the training.",
            EXAMPLES, ALONG, COUNT, "root mean square", (WHOLE, SAME),
        ),
        Scatter(
            "Residuals along it", "What no linear function gives, labels that are wrong among it.",
            EXAMPLES, RESIDUAL, COUNT, "norm over classes", (WHOLE,),
        ),
        Scatter(
            "The share of the weakest direction", "Of what residuals make of the error through all directions.",
            EXAMPLES, SHARE, COUNT, "share", (WHOLE, CUT),
        ),
    )  # fmt: skip
