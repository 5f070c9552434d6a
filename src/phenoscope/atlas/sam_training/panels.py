"""What is drawn of sharpness-aware training."""

from phenoscope.atlas.sam_training.claims import (
    BY_CHANCE,
    EQUAL_COST,
    EQUAL_STEPS,
    EXAMPLES,
    FLATTER,
    GAIN,
    JITTERED,
    NOISE,
    RADII,
    RATIO,
    SAM,
    SGD,
    TUNED_SAM,
    TUNED_SGD,
)
from phenoscope.claims import Measured, Setting, first_value, last_value
from phenoscope.panels import Lines, Panel, Scatter

ERROR = 1 - Measured("test accuracy")


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Test error at equal steps", "With wrong labels the base rule fits them and gets worse; SAM does so later.",
            ERROR, "test error", (SGD, SAM), log_y=True,
        ),
        Scatter(
            "What is removed of the test error", "By the share of wrong labels; a random step removes nothing.",
            Setting(NOISE), first_value(Measured(GAIN)), "share of wrong labels", GAIN, (EQUAL_STEPS, BY_CHANCE),
            log=False,
        ),
        Scatter(
            "How much flatter", "Final sharpness of the base rule over that of SAM, or of the random step.",
            Setting(NOISE), first_value(Measured(FLATTER)), "share of wrong labels", "times flatter",
            (EQUAL_STEPS, BY_CHANCE), log=False,
        ),
        Scatter(
            "Radius and final sharpness", "One point a seed and radius.",
            Setting("radius"), last_value(Measured("sharpness")), "radius ρ", "sharpness", (RADII,),
        ),
        Scatter(
            "At equal cost, against a tuned baseline", "Below 1 SAM has the smaller test error.",
            Setting(EXAMPLES), first_value(Measured(RATIO)), "training examples", RATIO, (EQUAL_COST,),
        ),
        Lines(
            "Test error at equal cost", "A fifth of the labels wrong; the baseline makes twice the steps.",
            ERROR, "test error", (TUNED_SGD, TUNED_SAM), log_y=True,
        ),
        Lines(
            "Training loss", "What each rule has fitted meanwhile.",
            Measured("loss"), "loss", (SGD, SAM, JITTERED), log_y=True,
        ),
    )  # fmt: skip
