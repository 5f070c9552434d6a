"""What is drawn of rules on a line that fit their noise, or do not."""

from phenoscope.atlas.overfitting_taxonomy.claims import (
    EVEN,
    EXAMPLES,
    EXPECTED,
    GAUSSIAN,
    LAPLACE,
    LIMIT,
    NEAREST,
    RIDGE,
    RISK,
    SEVERAL,
)
from phenoscope.panels import Panel, Scatter

COUNT, EXCESS = "examples n", "median excess risk"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Excess risk against examples",
            "Of three rules that fit all labels one stays at the noise, one at two thirds of it, and one is lost; the "
            "mean of several neighbours does not fit, and gets better.",
            EXAMPLES, RISK, COUNT, EXCESS, (NEAREST, SEVERAL, LAPLACE, GAUSSIAN), theory=EXPECTED,
            theory_label="exact mean over noise",
        ),
        Scatter(
            "What it comes to", "Dashed: σ², σ²/k and 2σ²/3.",
            EXAMPLES, RISK, COUNT, EXCESS, (NEAREST, SEVERAL, LAPLACE), theory=LIMIT, theory_label="limit",
        ),
        Scatter(
            "The Gaussian kernel", "The same kernel on even inputs, and with a ridge.",
            EXAMPLES, RISK, COUNT, EXCESS, (GAUSSIAN, EVEN, RIDGE), theory=EXPECTED,
            theory_label="exact mean over noise",
        ),
    )  # fmt: skip
