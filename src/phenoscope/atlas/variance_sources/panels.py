"""What is drawn of where the variance of random features comes from."""

from phenoscope.atlas.variance_sources.claims import (
    BEYOND,
    BIAS,
    ENSEMBLE,
    FEATURES,
    MORE_WRONG,
    MORE_WRONG_WIDE,
    NOISY,
    RIDGE,
    RISK,
    TOGETHER,
    VARIANCE,
    WITH_LABELS,
    WITH_START,
    WRONG,
)
from phenoscope.panels import Panel, Scatter

COUNT, SHARE = "features P", "share of the variance"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Variance against features", "It peaks where there are as many features as examples.",
            FEATURES, VARIANCE, COUNT, "variance of the outputs", (NOISY, RIDGE),
        ),
        Scatter(
            "Squared bias", "It has no such peak.", FEATURES, BIAS, COUNT, "squared bias", (NOISY, RIDGE), log=False,
        ),
        Scatter(
            "Examples and features together", "By the threshold nearly all of the variance is what they do together.",
            FEATURES, TOGETHER / VARIANCE, COUNT, SHARE, (NOISY, RIDGE), log=False,
        ),
        Scatter(
            "The draw of the features", "What has to do with it fades as their number grows.",
            FEATURES, WITH_START / VARIANCE, COUNT, SHARE, (BEYOND,), log=False,
        ),
        Scatter(
            "Ensembles", "The risk of the mean over draws of the features, over that of one.",
            FEATURES, ENSEMBLE / RISK, COUNT, "ratio of risks", (NOISY, RIDGE), log=False,
        ),
        Scatter(
            "Wrong labels", "The variance that has to do with them.",
            WRONG, WITH_LABELS, "share of wrong labels", "variance with the labels", (MORE_WRONG, MORE_WRONG_WIDE),
            log=False,
        ),
    )  # fmt: skip
