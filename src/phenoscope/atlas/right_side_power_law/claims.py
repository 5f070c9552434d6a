"""What is claimed of how the test loss comes to its limit on the right side of the peak."""

from phenoscope.claims import (
    Below,
    Between,
    Breaks,
    Claim,
    Expression,
    Measured,
    Setting,
    Statistic,
    SweepStatistic,
    last_value,
    log_log_slope,
)

GEIGER = "Geiger et al. 2019, arXiv:1901.01608"
KAPLAN = "Kaplan et al. 2020, arXiv:2001.08361"
NAKKIRAN = "Nakkiran et al. 2019, arXiv:1912.02292"

CLEAN_FAR, NOISY_FAR = "right labels, far beyond", "wrong labels, far beyond"
CLEAN_NEAR, NOISY_NEAR = "right labels, past the threshold", "wrong labels, past the threshold"
CLEAN, NOISY, LEFT = "right labels, beyond", "wrong labels, beyond", "wrong labels, too few features"

FEATURES = Setting("features")
LOSS, LIMIT = last_value(Measured("test loss")), last_value(Measured("limit loss"))
EXCESS = last_value(Measured("excess"))
OVER = "features"


def claims(examples: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        examples: n.
    """
    return (*_far(), *_near(), *_whole(FEATURES - examples))


def _far() -> tuple[Claim, ...]:
    """Is it a power law with many features?"""
    falls = log_log_slope(EXCESS, FEATURES)
    return (
        Claim(
            "from four times as many features as examples on, with right labels, what the loss is above that of "
            "infinitely many falls like one over their number", f"{GEIGER}; {KAPLAN}",
            falls, Between(-1.2, -0.8), region_from="pilot", on=CLEAN_FAR, over=OVER,
            control=_read(CLEAN_FAR, log_log_slope(LOSS, FEATURES), "the loss itself"), name="one-over-features",
        ),
        Claim(
            "so it does with wrong labels", GEIGER,
            falls, Between(-1.2, -0.8), region_from="pilot", on=NOISY_FAR, over=OVER,
            control=Breaks(LEFT), name="one-over-features-with-noise",
        ),
    )  # fmt: skip


def _near() -> tuple[Claim, ...]:
    """And next to the threshold?"""
    falls = log_log_slope(EXCESS, FEATURES)
    return (
        Claim(
            "with wrong labels, between the threshold and twice as many features, it falls faster than their number to "
            "the power of -1.5: that is the tail of the peak", NAKKIRAN,
            falls, Below(-1.5), region_from="pilot", on=NOISY_NEAR, over=OVER,
            control=Breaks(NOISY_FAR), name="noise-has-the-tail-of-the-peak",
        ),
        Claim(
            "with right labels the power law of large models reaches down to the threshold", KAPLAN,
            falls, Between(-1.3, -0.7), region_from="pilot", on=CLEAN_NEAR, over=OVER,
            control=Breaks(NOISY_NEAR), name="right-labels-have-no-tail",
        ),
    )  # fmt: skip


def _whole(beyond: Expression) -> tuple[Claim, ...]:
    """One law for all of the right side?"""
    theory = "theory: the variance of as many Gaussian features is proportional to n/(P - n - 1)"

    def law(on: str, labels: str) -> Claim:
        return Claim(
            f"with {labels} labels, counted from the threshold on, one law holds on the whole right side: one over the "
            "number of features beyond as many as examples", theory,
            log_log_slope(EXCESS, beyond), Between(-1.15, -0.85), region_from="pilot", on=on, over=OVER,
            control=_read(on, log_log_slope(EXCESS, FEATURES), "counted from none on"), name=f"one-law-{labels}",
        )  # fmt: skip

    return law(CLEAN, "right"), law(NOISY, "wrong")


def _read(on: str, statistic: Statistic | SweepStatistic, called: str) -> Breaks:
    """The same models, read otherwise."""
    return Breaks(on, statistic=statistic, called=called)
