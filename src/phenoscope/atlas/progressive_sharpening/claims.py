"""What is claimed of progressive sharpening: that it is there, what it does not depend on, and what it needs."""

from phenoscope.atlas.papers import COHEN
from phenoscope.claims import (
    AtLeast,
    AtMost,
    Below,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_value,
    last_value,
    log_log_slope,
    maximum,
    relative_spread,
    trend,
)

OBSERVED = "observed in pilots; no source gives a number"

SHARPNESS, RATIO, LOSS = Measured("sharpness"), Measured("sharpness / threshold"), Measured("loss")
DISTANCE = Measured("relative distance")
GROWTH = last_value(SHARPNESS) / first_value(SHARPNESS)

DESCENT, HALF, LARGE, LINEARISED, CROSS_ENTROPY, SCALES_OF_START = (
    "gradient descent", "half the step", "large step", "linearised", "cross-entropy", "larger starts",
)  # fmt: skip
HALF_STEP, LARGE_STEP = "step against half the step", "large step against half the step"


def claims() -> tuple[Claim, ...]:
    """The claims; the first two are about runs that stay far below the edge, as a pilot's do."""
    far_below = maximum(RATIO) <= 0.5
    return (
        Claim(
            "the sharpness at least doubles", COHEN,
            GROWTH, AtLeast(2.0), region_from="pilot",
            on=DESCENT, given=far_below, control=Breaks(LINEARISED), name="the-sharpness-doubles",
        ),
        Claim(
            "it rises steadily: its rank correlation with the step is at least 0.9", COHEN,
            trend(SHARPNESS), AtLeast(0.9), region_from="pilot",
            on=DESCENT, given=far_below, control=Breaks(CROSS_ENTROPY), name="rises-steadily",
        ),
        Claim(
            "half the step for twice as long ends in the same place, to 5 % of the way", COHEN,
            last_value(DISTANCE), AtMost(0.05), region_from="pilot",
            on=HALF_STEP, control=Breaks(LARGE_STEP), name="the-way-of-the-flow",
        ),
        Claim(
            "with frozen features the sharpness is the same to 1 % throughout",
            "theory: with squared error the Hessian of a model linear in its parameters is constant",
            relative_spread(SHARPNESS), AtMost(0.01), region_from="theory",
            on=LINEARISED, control=Breaks(DESCENT), name="frozen-features-do-not-sharpen",
        ),
        Claim(
            "with cross-entropy the sharpness rises too, to at least twice that of the start", COHEN,
            maximum(SHARPNESS) / first_value(SHARPNESS), AtLeast(2.0), region_from="pilot",
            on=CROSS_ENTROPY, control=Breaks(LINEARISED), name="cross-entropy-sharpens",
        ),
        Claim(
            "and falls again below three quarters of its largest as the examples are fitted", COHEN,
            last_value(SHARPNESS) / maximum(SHARPNESS), AtMost(0.75), region_from="pilot",
            on=CROSS_ENTROPY, control=Breaks(DESCENT), name="cross-entropy-falls-again",
        ),
        Claim(
            "the larger the weights at the start, the smaller the growth", OBSERVED,
            log_log_slope(GROWTH, Setting("model.init_scale")), Below(0.0), region_from="pilot",
            on=SCALES_OF_START, over="model.init_scale", name="larger-starts-sharpen-less",
        ),
    )  # fmt: skip
