"""What is claimed of noise against rate: ratios of sharpness, seed by seed, where two members have the same loss."""

import functools

from phenoscope.atlas.papers import COHEN, KESKAR
from phenoscope.claims import (
    Above,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    Statistic,
    last_value,
    late_mean,
    value_when,
)
from phenoscope.comparisons import Comparison, Kept

THEORY = "theory: if only the noise counted, equal noise would mean equal sharpness"

SHARPNESS, LOSS, LR = Measured("sharpness"), Measured("loss"), Setting("lr")
RATIO = Measured("sharpness ratio")

LARGE, SMALL = "large rate, no noise", "small rate, no noise"
LARGE_MINI, SMALL_MINI, AMPLIFIED = (
    "large rate, mini-batches", "small rate, mini-batches", "small rate, amplified noise",
)  # fmt: skip

NOISE_FOR_RATE, SAME_NOISE, SLOW_NOISE = (
    "amplified noise over large rate", "amplified noise over large rate with noise", "small rate with noise over large",
)  # fmt: skip
NOISE_ALONE, RATE_ALONE, BOTH = (
    "amplified noise over none", "small rate over large", "large rate with noise over without",
)  # fmt: skip


def comparisons(level: float) -> tuple[Comparison, ...]:
    """The sharpness of one member over that of another, each when its training loss first is at the level."""
    pairs = {
        NOISE_FOR_RATE: (AMPLIFIED, LARGE),
        SAME_NOISE: (AMPLIFIED, LARGE_MINI),
        SLOW_NOISE: (SMALL_MINI, LARGE),
        NOISE_ALONE: (AMPLIFIED, SMALL),
        RATE_ALONE: (SMALL, LARGE),
        BOTH: (LARGE_MINI, LARGE),
    }
    measure = functools.partial(_ratio, level)
    return tuple(Comparison(name, arms, measure, ("sharpness ratio",)) for name, arms in pairs.items())


def at_loss(level: float) -> Statistic:
    """The sharpness when the training loss first is at the level."""
    reached = LOSS <= level  # noqa: SIM300 - an expression, not a constant
    return value_when(SHARPNESS, reached)


def _ratio(level: float, first: Kept, second: Kept) -> dict[str, float]:
    then = at_loss(level)
    one, other = (then.of(kept.record).value for kept in (first, second))
    return {"sharpness ratio": one / other}


def claims(level: float) -> tuple[Claim, ...]:
    """The claims; `level` is the training loss at which members are compared."""
    then = f"when the training loss reaches {level:g}"
    ratio = last_value(RATIO)
    return (
        Claim(
            "a large rate without any noise sits at 2/η: over the last third its sharpness averages 0.9 to 1.15 times "
            "that", COHEN,
            late_mean(SHARPNESS * LR / 2), Between(0.9, 1.15), on=LARGE, control=Breaks(SMALL),
            name="flat-without-noise",
        ),
        Claim(
            f"{then}, a large rate without noise is flatter than a small one without", COHEN,
            ratio, Above(1.0), on=RATE_ALONE, control=Breaks(BOTH), name="rate-alone-flattens",
        ),
        Claim(
            f"{then}, mini-batches at a small rate are still sharper than a large rate without noise", COHEN,
            ratio, Above(1.0), on=SLOW_NOISE, each="batch", control=Breaks(BOTH), name="small-rate-noise-is-sharper",
        ),
        Claim(
            f"{then}, a small rate with noise as large as that of the large one is still sharper than the large rate "
            "without noise", COHEN,
            ratio, Above(1.0), on=NOISE_FOR_RATE, each="batch", control=Breaks(BOTH),
            name="matched-noise-does-not-replace-the-rate",
        ),
        Claim(
            f"{then}, of two trainings with equal noise that with the larger rate is flatter", THEORY,
            ratio, Above(1.0), region_from="theory", on=SAME_NOISE, each="batch", control=Breaks(BOTH),
            name="rate-counts-at-equal-noise",
        ),
        Claim(
            f"{then}, amplified noise at a small rate leaves at least nine tenths of the sharpness without noise",
            f"{COHEN}, read strictly: noise is not what flattens",
            ratio, Above(0.9), region_from="pilot", on=NOISE_ALONE, each="batch", control=Breaks(BOTH),
            name="noise-alone-does-not-flatten",
        ),
        Claim(
            f"{then}, noise at the large rate lowers the sharpness further", KESKAR,
            ratio, Below(1.0), on=BOTH, each="batch", control=Breaks(RATE_ALONE), name="noise-at-the-large-rate",
        ),
    )  # fmt: skip
