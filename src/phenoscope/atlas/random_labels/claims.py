"""What is claimed of random labels: that they are fitted, in what time, and with what left for the test."""

from phenoscope.claims import (
    Above,
    AtLeast,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_step,
    last_value,
    rank_correlation,
)
from phenoscope.comparisons import Kept

ZHANG = "Zhang et al. 2016, arXiv:1611.03530"
ARPIT = "Arpit et al. 2017, arXiv:1706.05394"

CORRUPTED, RANDOM, TRUE, LINEAR = "corrupted labels", "random labels", "true labels", "linear, random labels"
OWN_ORDER, ONE_ORDER, GAUSSIAN = "pixels in own orders", "pixels in one order", "gaussian inputs"
DECAYED, HEAVY = "random labels, weight decay", "random labels, heavy decay"
RANDOM_TIME, GAUSSIAN_TIME = "random over true", "gaussian over true"
TIMES = {RANDOM_TIME: (RANDOM, TRUE), GAUSSIAN_TIME: (GAUSSIAN, TRUE)}

SHARE, TRAIN, TEST = Setting("data.label_noise"), Measured("train accuracy"), Measured("test accuracy")
TIME = first_step(TRAIN >= 0.99)
RATIO = last_value(Measured("time ratio"))
FITTED, AT_CHANCE = AtLeast(0.99), Between(0.05, 0.15)


def times(first: Kept, second: Kept) -> dict[str, float]:
    """The steps until 99 % of the training examples are right, of one member over another."""
    one, other = (TIME.of(kept.record).value for kept in (first, second))
    return {"time ratio": one / other}


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_fitted(), *_time(), *_regularised())


def _fitted() -> tuple[Claim, ...]:
    """That anything is."""

    def fits(what: str, arm: str, name: str) -> Claim:
        return Claim(
            f"{what}: at least 99 % of the training examples are right in the end", ZHANG, last_value(TRAIN), FITTED,
            on=arm, control=Breaks(LINEAR), region_from="pilot", name=name,
        )  # fmt: skip

    return (
        fits("random labels are fitted", RANDOM, "random-labels-are-fitted"),
        fits("so are images whose pixels are each in an order of its own", OWN_ORDER, "shuffled-pixels-are-fitted"),
        fits("so are labels of inputs that are nothing but noise", GAUSSIAN, "noise-is-fitted"),
        Claim(
            "of random labels nothing is left for the test: between 5 and 15 % are right", ZHANG,
            last_value(TEST), AT_CHANCE, region_from="pilot",
            on=RANDOM, control=Breaks(TRUE), name="random-labels-test-at-chance",
        ),
        Claim(
            "in one order for all, the pixels tell as much as before: at least 85 % are right on the test",
            "theory: a fully connected network does not know which pixels are neighbours",
            last_value(TEST), AtLeast(0.85), region_from="pilot",
            on=ONE_ORDER, control=Breaks(OWN_ORDER), name="one-order-of-pixels-is-harmless",
        ),
    )  # fmt: skip


def _time() -> tuple[Claim, ...]:
    """How long it takes."""
    return (
        Claim(
            "the more labels are wrong, the more steps it takes to fit 99 % of them", f"{ZHANG}; {ARPIT}",
            rank_correlation(SHARE, TIME), AtLeast(0.4), region_from="pilot",
            on=CORRUPTED, over="data.label_noise",
            control=Breaks(CORRUPTED, statistic=rank_correlation(SHARE, TIME, shuffled=True), called="times dealt out"),
            name="wrong-labels-take-longer",
        ),
        Claim(
            "random labels take more steps than true ones", ZHANG,
            RATIO, Above(1.0), on=RANDOM_TIME, name="random-labels-take-longer-than-true-ones",
        ),
        Claim(
            "but not beyond measure: at most 20 times as many", ZHANG,
            RATIO, AtMost(20.0), region_from="pilot", on=RANDOM_TIME, name="random-labels-do-not-take-forever",
        ),
    )  # fmt: skip


def _regularised() -> tuple[Claim, ...]:
    """What weight decay does to it."""
    return (
        Claim(
            "a usual weight decay does not hinder it: at least 99 % of the random labels are right in the end", ZHANG,
            last_value(TRAIN), FITTED, on=DECAYED, control=Breaks(HEAVY),
            region_from="pilot", name="weight-decay-does-not-prevent-it",
        ),
    )  # fmt: skip
