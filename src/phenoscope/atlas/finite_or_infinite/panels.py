"""What is drawn of finite and infinite width: errors beside those of the limit, and how near networks come to it."""

from phenoscope.atlas.finite_or_infinite.claims import (
    CENTRED_WIDTHS,
    DISTANCE,
    FEATURES_WIDTHS,
    FORETOLD,
    NETWORK,
    NTK,
    NTK_WIDTHS,
    PROCESS,
    STANDARD,
    WIDTH,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Panel, Scatter

ALL = (NTK_WIDTHS, CENTRED_WIDTHS, FEATURES_WIDTHS)


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    spread, foretold = last_value(Measured("spread")), last_value(Measured("foretold spread"))
    return (
        Scatter(
            "Networks of several widths", "Squared error on other digits; the mean of infinite width beside them.",
            WIDTH, NETWORK, "width", "squared error", (*ALL, STANDARD), theory=FORETOLD, theory_label="infinite width",
        ),
        Scatter(
            "Distance from the limit", "Of a network's outputs from the mean of infinitely wide ones.",
            WIDTH, DISTANCE, "width", "distance / length", ALL,
        ),
        Scatter(
            "Spread", "Variance of the outputs between networks; of infinitely wide ones, the line.",
            WIDTH, spread, "width", "variance", (NTK_WIDTHS,), theory=foretold, theory_label="infinite width",
        ),
        Scatter(
            "Ensembles", "The mean of the networks of a replicate.",
            WIDTH, last_value(Measured("ensemble squared error")), "width", "squared error", ALL,
            theory=FORETOLD, theory_label="infinite width",
        ),
        Scatter(
            "The two limits", "Squared errors of one draw of the digits; below the line the process is better.",
            last_value(Measured("kernel squared error")), PROCESS, "tangent kernel", "Gaussian process", (NTK,),
            slope=1.0, theory_label="equal", log=False,
        ),
    )  # fmt: skip
