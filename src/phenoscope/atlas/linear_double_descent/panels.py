"""What is drawn of least squares around the size at which it fits exactly."""

from phenoscope.atlas.linear_double_descent.claims import (
    CLEAN,
    ELSEWHERE,
    EXACT,
    EXAMPLES,
    FEATURES,
    FEW,
    MANY,
    MEDIAN,
    NOISE,
    OMITTED,
    ONE_NUMERATOR,
    RIDGE,
    RISK,
    SAMPLES,
    TUNED_SAMPLES,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Panel, Scatter

RISK_LABEL = "median excess risk over draws"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    norm = last_value(Measured("norm"))
    return (
        Scatter(
            "Risk against features",
            "With noise it peaks where there are as many features as examples, and descends again; a tuned ridge has "
            "no peak. Dashed: the exact risk, which is infinite there.",
            FEATURES, MEDIAN, "features p", RISK_LABEL, (NOISE, RIDGE, OMITTED, ELSEWHERE), theory=EXACT,
            theory_label="exact mean risk",
        ),
        Scatter(
            "Simulated and exact risk", "Means over draws; the line is equality.",
            EXACT, RISK, "exact risk", "mean excess risk over draws", (FEW, MANY, ELSEWHERE), slope=1.0,
            theory_label="equal",
        ),
        Scatter(
            "One numerator for both sides", "With n in place of p the formula is wrong for few features.",
            ONE_NUMERATOR, RISK, "risk by the formula with n on both sides", "mean excess risk over draws",
            (FEW, MANY), slope=1.0, theory_label="equal",
        ),
        Scatter(
            "Risk against examples", "More examples can hurt; with a tuned ridge they do not.",
            EXAMPLES, MEDIAN, "examples n", RISK_LABEL, (SAMPLES, TUNED_SAMPLES), theory=EXACT,
            theory_label="exact mean risk",
        ),
        Scatter(
            "Length of the estimate", "The peak of the risk is one of the estimate's norm.",
            FEATURES, norm, "features p", "median ‖θ̂‖²", (NOISE, RIDGE, CLEAN),
        ),
    )  # fmt: skip
