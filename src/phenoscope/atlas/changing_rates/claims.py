"""What is claimed of rates that change: the bands are those of gradient descent at its edge."""

from phenoscope.atlas.papers import COHEN
from phenoscope.claims import (
    Above,
    AtLeast,
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_value,
    last_value,
    late_mean,
    log_log_slope,
    maximum,
)

GILMER = "Gilmer et al. 2021, arXiv:2110.04369"

SHARPNESS, RATIO, LOSS = Measured("sharpness"), Measured("sharpness / threshold"), Measured("loss")
AFTER = Setting("lr.after")

WARMUP, AT_ONCE, SMALL, DROP, FAR_BELOW = (
    "warm-up", "full rate at once", "small rate", "drop", "drop far below the edge",
)  # fmt: skip


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "with a warm-up the loss ends below half of what it was, although the start is too sharp for the rate",
            GILMER,
            last_value(LOSS) / first_value(LOSS), Below(0.5), region_from="pilot",
            on=WARMUP, control=Breaks(AT_ONCE), if_diverged="as measured", name="warm-up-bears-the-full-rate",
        ),
        Claim(
            "the full rate at once is more than twice too large for the curvature at the start",
            "theory: above 4 even networks that catapult diverge; the precondition of the claim on warm-up",
            first_value(RATIO), AtLeast(2.0), region_from="theory",
            on=AT_ONCE, if_diverged="as measured", name="the-start-is-too-sharp",
        ),
        Claim(
            "in a warm-up the curvature ends below half of what it was at the start", GILMER,
            late_mean(SHARPNESS) / first_value(SHARPNESS), Below(0.5), region_from="pilot",
            on=WARMUP, control=Breaks(SMALL), name="warm-up-lowers-the-curvature",
        ),
        Claim(
            "after the warm-up the sharpness averages 0.9 to 1.15 times 2/η over the last third of training", COHEN,
            late_mean(RATIO), Between(0.9, 1.15),
            on=WARMUP, control=Breaks(SMALL), name="warm-up-ends-at-the-edge",
        ),
        Claim(
            "whatever the rate after the drop, the sharpness averages 0.9 to 1.15 times its 2/η over the last third of "
            "training", COHEN,
            late_mean(RATIO), Between(0.9, 1.15),
            on=DROP, each="lr.after", control=Breaks(FAR_BELOW, by="contradiction"), name="finds-the-new-edge",
        ),
        Claim(
            "late sharpness is proportional to 1/η, η the rate after the drop", COHEN,
            log_log_slope(late_mean(SHARPNESS), 1 / AFTER), Between(0.85, 1.15),
            on=DROP, over="lr.after", control=Breaks(FAR_BELOW), name="follows-the-rate",
        ),
        Claim(
            "the lower the rate after the drop, the lower the training loss at the end, in as many steps",
            "common practice, no single source: the sign is all that is claimed",
            log_log_slope(last_value(LOSS), AFTER), Above(0.0), region_from="theory",
            on=DROP, over="lr.after", name="a-drop-lowers-the-loss",
        ),
        Claim(
            "far below the edge the sharpness never exceeds a half of its threshold", COHEN,
            maximum(RATIO), AtMost(0.5), region_from="pilot",
            on=FAR_BELOW, each="lr.after", name="far-below-stays-there",
        ),
    )  # fmt: skip
