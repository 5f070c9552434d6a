"""What is claimed of sharpness-aware training; signs are the sources', a factor is a pilot's."""

from phenoscope.claims import (
    Above,
    AtLeast,
    Below,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_value,
    last_value,
    log_log_slope,
    slope,
)

FORET = "Foret et al. 2021, arXiv:2010.01412"
ANDRIUSHCHENKO = "Andriushchenko and Flammarion 2022, arXiv:2206.06232"
CHEN = "Chen et al. 2022, arXiv:2106.01548"
KADDOUR = "Kaddour et al. 2022, arXiv:2202.00661"

SGD, SAM, JITTERED, RADII = "SGD", "SAM", "random step", "radii"
TUNED_SGD, TUNED_SAM = "tuned SGD, twice the steps", "tuned SAM"
EQUAL_STEPS, BY_CHANCE, EQUAL_COST = "SAM at equal steps", "random step at equal steps", "SAM at equal cost"
GAIN, RATIO, FLATTER = "test error removed", "test error against the base", "flatter by"

NOISE, EXAMPLES = "data.label_noise", "data.train"


def claims() -> tuple[Claim, ...]:
    """The claims."""
    gain, ratio, flatter = (first_value(Measured(name)) for name in (GAIN, RATIO, FLATTER))
    return (
        Claim(
            "at equal steps it ends where the largest curvature is at most half as large", FORET,
            flatter, AtLeast(2.0), region_from="pilot",
            on=EQUAL_STEPS, each=NOISE, control=Breaks(BY_CHANCE), name="halves-the-sharpness",
        ),
        Claim(
            "the larger the radius, the flatter the place where training ends", FORET,
            log_log_slope(last_value(Measured("sharpness")), Setting("radius")), Below(0.0),
            on=RADII, over="radius", name="a-larger-radius-is-flatter",
        ),
        Claim(
            "at equal steps it lowers the test error", f"{FORET}; with wrong labels, {ANDRIUSHCHENKO}",
            gain, Above(0.0),
            on=EQUAL_STEPS, each=NOISE, control=Breaks(BY_CHANCE), name="lowers-the-test-error",
        ),
        Claim(
            "the more labels are wrong, the more of the test error it removes", ANDRIUSHCHENKO,
            slope(gain, Setting(NOISE)), Above(0.0),
            on=EQUAL_STEPS, over=NOISE, control=Breaks(BY_CHANCE), name="helps-where-labels-are-wrong",
        ),
        Claim(
            "at equal cost it lowers the test error of a baseline that was tuned as widely", FORET,
            ratio, Below(1.0),
            on=EQUAL_COST, each=EXAMPLES, name="lowers-the-error-at-equal-cost",
        ),
        Claim(
            "at equal cost, against the tuned baseline, it ends in the flatter place", FORET,
            flatter, Above(1.0),
            on=EQUAL_COST, each=EXAMPLES, name="flatter-at-equal-cost",
        ),
        Claim(
            "at equal cost, against the tuned baseline, what it gains shrinks with more data", f"{CHEN}; {KADDOUR}",
            log_log_slope(ratio, Setting(EXAMPLES)), Above(0.0),
            on=EQUAL_COST, over=EXAMPLES, name="the-gain-shrinks-with-data",
        ),
    )  # fmt: skip
