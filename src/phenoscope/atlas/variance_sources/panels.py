"""What is drawn of where the variance of random features comes from."""

from phenoscope.atlas.variance_sources.claims import (
    BEYOND,
    BIAS,
    ENSEMBLE,
    FEATURES,
    FORETOLD,
    FORETOLD_BIAS,
    FORETOLD_ENSEMBLE,
    FORETOLD_RISK,
    FORETOLD_START,
    FORETOLD_TOGETHER,
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

COUNT, SHARE, LABEL = "features P", "share of the variance", "foretold"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Variance against features",
            "It peaks where there are as many features as examples. Dashed: what is foretold of features that are as "
            "if Gaussian, from the eigenvalues of their kernel.",
            FEATURES, VARIANCE, COUNT, "variance of the outputs", (NOISY, RIDGE), theory=FORETOLD, theory_label=LABEL,
        ),
        Scatter(
            "Squared bias", "It has no such peak.", FEATURES, BIAS, COUNT, "squared bias", (NOISY, RIDGE), log="x",
            theory=FORETOLD_BIAS, theory_label=LABEL,
        ),
        Scatter(
            "Examples and features together", "By the threshold nearly all of the variance is what they do together.",
            FEATURES, TOGETHER / VARIANCE, COUNT, SHARE, (NOISY, RIDGE), log="x",
            theory=FORETOLD_TOGETHER / FORETOLD, theory_label=LABEL,
        ),
        Scatter(
            "The draw of the features", "What has to do with it fades as their number grows.",
            FEATURES, WITH_START / VARIANCE, COUNT, SHARE, (BEYOND,), log="x",
            theory=FORETOLD_START / FORETOLD, theory_label=LABEL,
        ),
        Scatter(
            "Ensembles", "The risk of the mean over draws of the features, over that of one.",
            FEATURES, ENSEMBLE / RISK, COUNT, "ratio of risks", (NOISY, RIDGE), log="x",
            theory=FORETOLD_ENSEMBLE / FORETOLD_RISK, theory_label=LABEL,
        ),
        Scatter(
            "Wrong labels", "The variance that has to do with them.",
            WRONG, WITH_LABELS, "share of wrong labels", "variance with the labels", (MORE_WRONG, MORE_WRONG_WIDE),
            log=False,
        ),
    )  # fmt: skip
