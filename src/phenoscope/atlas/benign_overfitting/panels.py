"""What is drawn of regression that fits its noise, by the spectrum of the features."""

from phenoscope.atlas.benign_overfitting.claims import (
    EXAMPLES,
    EXPONENTIAL,
    POWER,
    PREDICTED,
    RANKS,
    RIDGE,
    RISK,
    SPIKES,
    STEEPER,
)
from phenoscope.panels import Panel, Scatter

COUNT, EXCESS = "examples n", "mean excess risk"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Excess risk against examples",
            "It falls where the spectrum has a long tail, stays where it is a power law, and grows where it is "
            "exponential. Dashed: what the spectrum predicts.",
            EXAMPLES, RISK, COUNT, EXCESS, (SPIKES, POWER, STEEPER, EXPONENTIAL), theory=PREDICTED,
            theory_label="predicted",
        ),
        Scatter(
            "A ridge", "The same exponential spectrum with a ridge that is not made smaller, and without one.",
            EXAMPLES, RISK, COUNT, EXCESS, (EXPONENTIAL, RIDGE), theory=PREDICTED, theory_label="predicted",
        ),
        Scatter(
            "Effective ranks", "The line is equality: with a long tail the ranks give the risk up to a constant.",
            RANKS, RISK, "σ² (k*/n + n/R)", EXCESS, (SPIKES, STEEPER), slope=1.0, theory_label="equal",
        ),
        Scatter(
            "Predicted and measured", "Means over draws; the line is equality.",
            PREDICTED, RISK, "predicted excess risk", EXCESS, (SPIKES, POWER, STEEPER, EXPONENTIAL, RIDGE), slope=1.0,
            theory_label="equal",
        ),
    )  # fmt: skip
