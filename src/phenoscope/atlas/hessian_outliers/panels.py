"""What is drawn of bulk and outliers."""

from phenoscope.atlas.hessian_outliers.claims import (
    BULK,
    CENTRED,
    CLASSES,
    CLUSTERS,
    CROSS_ENTROPY,
    DIGITS,
    GAP,
    MIXED,
    NARROW,
    OUTLIERS,
    RAW,
    SECOND,
    SHUFFLED,
    SURPLUS,
    UNTRAINED,
    WIDE,
)
from phenoscope.claims import Measured, first_value, last_value
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Outliers against classes", "One point a seed, at the end of training.",
            first_value(CLASSES * OUTLIERS / OUTLIERS), last_value(OUTLIERS), "classes", "outliers", (DIGITS,),
            slope=1.0, theory_label="as many as classes", log=False,
        ),
        Lines(
            "Outliers along training", "On digits they are there before training, without labels; not without a mean.",
            SURPLUS, "outliers − classes", (WIDE, SHUFFLED, NARROW, UNTRAINED, CENTRED),
        ),
        Lines(
            "Outliers of clusters", "Here training and labels make them: the square of six.",
            OUTLIERS, "outliers", (CLUSTERS, MIXED, RAW),
        ),
        Lines(
            "The gap against the next widest", "Where the ratio is near 1, the number means little.",
            GAP / SECOND, "widest gap / second gap", (WIDE, CENTRED, CLUSTERS, MIXED, CROSS_ENTROPY), log_y=True,
        ),
        Lines(
            "With cross-entropy", "No one gap stands out, and the number moves.",
            SURPLUS, "outliers − classes", (CROSS_ENTROPY,),
        ),
        Lines(
            "The bulk", "Curvatures of a thousandth of the largest, outliers left out: more in the wider network.",
            BULK, "curvatures", (WIDE, NARROW),
        ),
        Lines(
            "Training accuracy", "What the networks have learned meanwhile.",
            Measured("train accuracy"), "train accuracy", (DIGITS, CLUSTERS, SHUFFLED, MIXED),
        ),
    )  # fmt: skip
