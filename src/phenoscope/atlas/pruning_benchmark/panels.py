"""What is drawn of the benchmark."""

from phenoscope.atlas.pruning_benchmark.claims import (
    AFTER,
    BASELINES,
    BEFORE,
    MATCHED,
    PUBLISHED,
    STANDARD,
    arm_name,
    over,
)
from phenoscope.claims import Measured, Setting, last_value, late_mean
from phenoscope.panels import Panel, Scatter

DENSITY, KEPT = Setting("mask.density"), "share of the weights kept"
ACCURACY, GAIN = late_mean(Measured("test accuracy"), 0.25), last_value(Measured("gain"))


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        *(
            Scatter(
                f"Gains over {STANDARD[when]}, {when}",
                "One network less another of one seed; more than 0.01 counts as a gain.",
                DENSITY, GAIN, KEPT, "difference of test accuracy",
                tuple(over(when, name, STANDARD[when]) for name in PUBLISHED), log="x",
            )
            for when in (AFTER, BEFORE)
        ),
        Scatter(
            "Gains over chance in the same layers", "Near 0 a score says how many weights a layer needs, and no more.",
            DENSITY, GAIN, KEPT, "difference of test accuracy",
            tuple(over(BEFORE, name, name + MATCHED) for name in PUBLISHED), log="x",
        ),
        *(
            Scatter(
                f"Pruned {when}", "Test accuracy over the last quarter of the training that follows.",
                DENSITY, ACCURACY, KEPT, "test accuracy",
                tuple(arm_name(when, name) for name in (*PUBLISHED, *BASELINES)), log="x",
            )
            for when in (AFTER, BEFORE)
        ),
    )  # fmt: skip
