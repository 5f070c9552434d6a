"""What is claimed of least squares around the size at which it fits exactly."""

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
    last_value,
    peak_descent,
    peak_height,
    peak_place,
    rank_correlation,
    second_minimum,
)

HASTIE = "Hastie et al. 2019, arXiv:1903.08560"
BELKIN = "Belkin et al. 2018, arXiv:1812.11118"
LESS_IS_MORE = "Nakkiran 2019, arXiv:1912.07242"
TUNED_RIDGE = "Nakkiran et al. 2020, arXiv:2003.01897"

NOISE, CLEAN, RIDGE, OMITTED = "noise", "no noise", "tuned ridge", "the rest omitted"
FEW, MANY, ELSEWHERE = "few features", "many features", "started elsewhere"
SAMPLES, TUNED_SAMPLES = "more examples", "more examples, tuned ridge"

FEATURES, EXAMPLES = Setting("features"), Setting("examples")
RISK, MEDIAN = last_value(Measured("risk")), last_value(Measured("median risk"))
EXACT, LEAST = last_value(Measured("exact risk")), last_value(Measured("exact risk of the smallest norm"))
ONE_NUMERATOR = last_value(Measured("risk by one numerator"))


def claims(examples: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        examples: n, of the arms in which it stays the same.
    """
    return (*_formulas(), *_peak(examples), *_beyond(), *_samples(examples))


def _formulas() -> tuple[Claim, ...]:
    """Is the risk what theory says?"""
    same = "theory: means of inverse Wishart matrices; the band is for a mean over draws"
    return (
        Claim(
            "with fewer features than examples the risk is σ² p/(n - p - 1) to 10 %", same,
            RISK / EXACT, Between(0.9, 1.1), region_from="pilot", on=FEW, each="features",
            control=Breaks(FEW, statistic=RISK / ONE_NUMERATOR, called="with n in the numerator"),
            name="few-features-formula",
        ),
        Claim(
            "with more features than examples it is ‖θ‖²(1 - n/p) + σ² n/(p - n - 1) to 10 %", f"{HASTIE}; {same}",
            RISK / LEAST, Between(0.9, 1.1), region_from="pilot", on=MANY, each="features",
            control=Breaks(ELSEWHERE), name="many-features-formula",
        ),
        Claim(
            "gradient descent from elsewhere keeps what it started with where no example looks: the risk grows by the "
            "start's square there, to 10 %", "theory: the part in the null space does not move",
            RISK / EXACT, Between(0.9, 1.1), region_from="pilot", on=ELSEWHERE, each="features",
            control=Breaks(ELSEWHERE, statistic=RISK / LEAST, called="against the smallest norm"),
            name="the-start-is-kept",
        ),
    )  # fmt: skip


def _peak(examples: int) -> tuple[Claim, ...]:
    """Is there a peak, and what makes it?"""
    return (
        Claim(
            "with noise the risk is largest where there are as many features as examples", f"{BELKIN}; {HASTIE}",
            peak_place(MEDIAN, FEATURES), Between(0.85 * examples, 1.15 * examples), region_from="theory",
            on=NOISE, over="features", control=Breaks(CLEAN), name="the-peak-is-at-the-threshold",
        ),
        Claim(
            "past the peak it falls to less than a quarter", f"{BELKIN}; {HASTIE}",
            peak_descent(MEDIAN, FEATURES), Below(0.25), region_from="pilot",
            on=NOISE, over="features", control=Breaks(CLEAN), name="it-descends-again",
        ),
        Claim(
            "features that are left out act as noise: they make a peak without any", HASTIE,
            peak_descent(MEDIAN, FEATURES), Below(0.5), region_from="pilot",
            on=OMITTED, over="features", control=Breaks(CLEAN), name="what-is-omitted-is-noise",
        ),
        Claim(
            "with a tuned ridge there is no peak: the risk rises with every feature that has its share of the signal",
            TUNED_RIDGE,
            rank_correlation(FEATURES, RISK), AtLeast(0.9), region_from="pilot",
            on=RIDGE, over="features", control=Breaks(NOISE), name="a-tuned-ridge-has-no-peak",
        ),
    )  # fmt: skip


def _beyond() -> tuple[Claim, ...]:
    """What the second descent is worth, and whose it is."""
    return (
        Claim(
            "where all features matter alike the second minimum is higher than the first: the bias grows with p",
            f"theory: {HASTIE}",
            second_minimum(MEDIAN, FEATURES), Above(1.0), region_from="theory",
            on=NOISE, over="features", control=Breaks(OMITTED), name="the-second-minimum-is-higher",
        ),
        Claim(
            "where the first features matter most it is lower", f"{BELKIN}; {HASTIE}",
            second_minimum(MEDIAN, FEATURES), Below(1.0), region_from="theory",
            on=OMITTED, over="features", control=Breaks(NOISE), name="aligned-features-lower-it",
        ),
        Claim(
            "the second descent is that of the smallest norm: from another start the risk rises with every feature",
            "theory: width alone is no cure",
            rank_correlation(FEATURES, RISK), AtLeast(0.9), region_from="pilot",
            on=ELSEWHERE, over="features", control=Breaks(MANY), name="other-interpolants-do-not-descend",
        ),
    )  # fmt: skip


def _samples(examples: int) -> tuple[Claim, ...]:
    """The same with more examples for one model."""
    return (
        Claim(
            "for one model, too, the risk is largest with as many examples as features", LESS_IS_MORE,
            peak_place(MEDIAN, EXAMPLES), Between(0.85 * examples, 1.15 * examples), region_from="theory",
            on=SAMPLES, over="examples", control=Breaks(TUNED_SAMPLES), name="the-peak-in-examples",
        ),
        Claim(
            "more examples can hurt: the risk there is more than twice what it was with fewer", LESS_IS_MORE,
            peak_height(MEDIAN, EXAMPLES), Above(2.0), region_from="pilot",
            on=SAMPLES, over="examples", control=Breaks(TUNED_SAMPLES), name="more-examples-can-hurt",
        ),
        Claim(
            "with a tuned ridge every example helps", TUNED_RIDGE,
            rank_correlation(EXAMPLES, RISK), AtMost(-0.9), region_from="pilot",
            on=TUNED_SAMPLES, over="examples", control=Breaks(SAMPLES), name="a-tuned-ridge-makes-examples-help",
        ),
    )  # fmt: skip
