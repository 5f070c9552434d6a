"""What is drawn of regression on random features around the size at which it fits exactly."""

from phenoscope.atlas.random_feature_descent.claims import (
    AT_PEAK,
    BEYOND,
    CLEAN,
    ELSEWHERE,
    ERROR,
    FEATURES,
    LOSS,
    NOISE,
    NOISY,
    NORM,
    RIDGE,
    STOPPED,
)
from phenoscope.panels import Panel, Scatter

LOSS_LABEL, COUNT = "squared distance from the true class", "features P"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Test loss against features",
            "A peak where there are as many features as examples, and a second descent; a tuned ridge has neither.",
            FEATURES, LOSS, COUNT, LOSS_LABEL, (NOISY, CLEAN, RIDGE),
        ),
        Scatter(
            "Wrong answers", "The share of test examples given another class.",
            FEATURES, ERROR, COUNT, "test error", (NOISY, CLEAN, RIDGE),
        ),
        Scatter(
            "Length of the weights", "What grows at the threshold are the weights.",
            FEATURES, NORM, COUNT, "‖weights‖²", (NOISY, CLEAN, RIDGE, STOPPED),
        ),
        Scatter(
            "Not every fit descends again", "From large starting weights the same data are fitted as exactly.",
            FEATURES, LOSS, COUNT, LOSS_LABEL, (CLEAN, ELSEWHERE),
        ),
        Scatter(
            "Stopped early", "What gradient descent has not fitted yet lets no noise through.",
            FEATURES, LOSS, COUNT, LOSS_LABEL, (NOISY, STOPPED),
        ),
        Scatter(
            "Wrong labels", "They hurt at the threshold, and hardly with ten times the features.",
            NOISE, LOSS, "share of wrong labels", LOSS_LABEL, (AT_PEAK, BEYOND), log=False,
        ),
    )  # fmt: skip
