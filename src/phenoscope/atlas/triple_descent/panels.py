"""What is drawn of random features of Gaussian inputs."""

from phenoscope.atlas.triple_descent.claims import (
    ABS_FEW,
    AT_FEATURES,
    AT_INPUTS,
    CLEAN_FEW,
    CLEAN_MANY,
    EXAMPLES,
    FEW,
    IDENTITY_MANY,
    MANY,
    MEMBERS,
    PREDICTED,
    RIDGE,
    RISK,
)
from phenoscope.panels import Panel, Scatter

COUNT, EXCESS = "examples n", "mean excess risk"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Two peaks",
            "One at as many examples as inputs, and a higher one at as many as features. Dashed: what the eigenvalues "
            "predict.",
            EXAMPLES, RISK, COUNT, EXCESS, (FEW, MANY), theory=PREDICTED, theory_label="predicted",
        ),
        Scatter(
            "Without noise", "Only the second peak is left.",
            EXAMPLES, RISK, COUNT, EXCESS, (CLEAN_FEW, CLEAN_MANY), theory=PREDICTED, theory_label="predicted",
        ),
        Scatter(
            "Other functions and a ridge", "|x| has no first peak, a linear function and a ridge have no second one.",
            EXAMPLES, RISK, COUNT, EXCESS, (ABS_FEW, IDENTITY_MANY, RIDGE), theory=PREDICTED,
            theory_label="predicted",
        ),
        Scatter(
            "Means over draws of the features", "They remove the second peak and leave the first.",
            MEMBERS, RISK, "members", EXCESS, (AT_INPUTS, AT_FEATURES),
        ),
    )  # fmt: skip
