"""What is drawn of measures of capacity on the two sides of the threshold."""

from phenoscope.atlas.capacity_measures.claims import (
    FEATURES,
    FEATURES_FEW,
    FEATURES_MANY,
    FEW,
    LENGTH,
    LOSS,
    MANY,
    NORM,
    NORMALISED,
    SHARPNESS,
    WIDTH,
)
from phenoscope.panels import Panel, Scatter

NATS, DISTANCE = "test loss (nats)", "squared distance from the true class"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Test loss against the number of units", "It rises up to the threshold, and falls beyond it.",
            WIDTH, LOSS, "hidden units", NATS, (FEW, MANY),
        ),
        Scatter(
            "Against the norms over the margin", "A measure that is of use on both sides rises on both.",
            NORMALISED, LOSS, "Π ‖W‖ / median margin", NATS, (FEW, MANY),
        ),
        Scatter(
            "Against the length of the weights", "Wide networks fit the same data by shorter weights.",
            LENGTH, LOSS, "‖θ‖", NATS, (FEW, MANY),
        ),
        Scatter(
            "Against the sharpness", "Beyond the threshold it goes with the test loss, below it with nothing.",
            SHARPNESS, LOSS, "largest Hessian eigenvalue", NATS, (FEW, MANY),
        ),
        Scatter(
            "Random features against their number", "The same two sides of a linear model.",
            FEATURES, LOSS, "features P", DISTANCE, (FEATURES_FEW, FEATURES_MANY),
        ),
        Scatter(
            "Random features against the length of the weights", "Both sides lie along one rising curve.",
            NORM, LOSS, "‖weights‖²", DISTANCE, (FEATURES_FEW, FEATURES_MANY),
        ),
    )  # fmt: skip
