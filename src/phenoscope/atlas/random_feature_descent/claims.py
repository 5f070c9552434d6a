"""What is claimed of regression on random features around the size at which it fits exactly."""

from phenoscope.claims import (
    Above,
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    Statistic,
    last_value,
    peak_height,
    peak_place,
    rank_correlation,
    second_minimum,
    slope,
)

BELKIN = "Belkin et al. 2018, arXiv:1812.11118"
NAKKIRAN = "Nakkiran et al. 2019, arXiv:1912.02292"
TUNED = "Nakkiran et al. 2020, arXiv:2003.01897"
MORE = "Simon et al. 2023, arXiv:2311.14646"
SMALL_VALUES = "theory: without small singular values nothing lets noise through"

NOISY, CLEAN, RIDGE = "noisy labels", "clean labels", "tuned ridge"
STOPPED, ELSEWHERE = "stopped early", "started elsewhere"
AT_PEAK, BEYOND = "more noise, by the threshold", "more noise, far beyond it"

FEATURES, NOISE = Setting("features"), Setting("data.label_noise")
LOSS, ERROR = last_value(Measured("test loss")), last_value(Measured("test error"))
NORM = last_value(Measured("norm"))


def claims(examples: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        examples: n.
    """
    return (*_peak(examples), *_noise(), *_cures(), *_beyond())


def _peak(examples: int) -> tuple[Claim, ...]:
    """Where it is."""
    near = Between(0.85 * examples, 1.15 * examples)

    def placed(says: str, statistic: Statistic, name: str) -> Claim:
        return Claim(
            says, BELKIN, peak_place(statistic, FEATURES), near, region_from="theory",
            on=NOISY, over="features", control=Breaks(RIDGE), name=name,
        )  # fmt: skip

    return (
        placed("the test loss is largest with as many features as examples", LOSS, "the-loss-peaks-at-the-threshold"),
        placed("so is the share of wrong answers", ERROR, "the-error-peaks-at-the-threshold"),
        placed("and so is the length of the weights", NORM, "the-norm-peaks-at-the-threshold"),
    )


def _noise() -> tuple[Claim, ...]:
    """Does it take wrong labels?"""
    return (
        Claim(
            "wrong labels raise the test loss by the threshold, the more of them there are", NAKKIRAN,
            slope(LOSS, NOISE), Above(0.0), region_from="theory",
            on=AT_PEAK, over="data.label_noise", control=Breaks(BEYOND, by="difference"), name="noise-raises-the-peak",
        ),
        Claim(
            "without wrong labels the peak is weak: at most 1.5 times the smallest loss before it", NAKKIRAN,
            peak_height(LOSS, FEATURES), AtMost(1.5), region_from="pilot",
            on=CLEAN, over="features", control=Breaks(NOISY, by="contradiction"), name="clean-labels-have-a-weak-peak",
        ),
    )  # fmt: skip


def _cures() -> tuple[Claim, ...]:
    """What takes it away."""
    return (
        Claim(
            "with a ridge that is tuned by leaving examples out, more features hardly ever hurt", f"{TUNED}; {MORE}",
            rank_correlation(FEATURES, LOSS), AtMost(-0.8), region_from="pilot",
            on=RIDGE, over="features", control=Breaks(NOISY), name="a-tuned-ridge-has-no-peak",
        ),
        Claim(
            "nor do they where gradient descent is stopped before it has fitted the small singular values",
            SMALL_VALUES,
            rank_correlation(FEATURES, LOSS), AtMost(-0.7), region_from="pilot",
            on=STOPPED, over="features", control=Breaks(NOISY), name="stopped-early-it-has-no-peak",
        ),
    )  # fmt: skip


def _beyond() -> tuple[Claim, ...]:
    """What the second descent is worth."""
    return (
        Claim(
            "with ten times as many features as examples the loss is below the smallest before the peak", BELKIN,
            second_minimum(LOSS, FEATURES), Below(1.0), region_from="source",
            on=CLEAN, over="features", control=Breaks(ELSEWHERE), name="the-second-minimum-is-lower",
        ),
        Claim(
            "with wrong labels, too, it is below the smallest before the peak", BELKIN,
            second_minimum(LOSS, FEATURES), Below(1.0), region_from="source",
            on=NOISY, over="features", control=Breaks(ELSEWHERE), name="the-second-minimum-is-lower-with-noise",
        ),
        Claim(
            "so is the share of wrong answers, with wrong labels", BELKIN,
            second_minimum(ERROR, FEATURES), Below(1.0), region_from="source",
            on=NOISY, over="features", name="the-second-minimum-of-errors-is-lower-with-noise",
        ),
    )  # fmt: skip
