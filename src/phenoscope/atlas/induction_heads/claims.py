"""What is claimed of induction heads, and of networks that cannot form them."""

import math

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_step,
    highest_step,
    last_value,
    log_log_slope,
    maximum,
)
from phenoscope.comparisons import Kept
from phenoscope.methods.repeated_tokens import guessed_by_place

OLSSON = "Olsson et al. 2022, arXiv:2209.11895"
SINGH = "Singh et al. 2024, arXiv:2404.07129"
ELHAGE = "Elhage et al. 2021: A mathematical framework for transformer circuits"
OLSSON_PAPER = ("Olsson et al. 2022: In-context learning and induction heads", "https://arxiv.org/abs/2209.11895")
SINGH_PAPER = (
    "Singh et al. 2024: What needs to go right for an induction head? A mechanistic study of in-context learning "
    "circuits and their formation",
    "https://arxiv.org/abs/2404.07129",
)
ELHAGE_PAPER = (ELHAGE, "https://transformer-circuits.pub/2021/framework/index.html")
KERNEL = "theory: to first order a head changes where it looks or what it writes, never both"

NETWORK, FROZEN, ONE_LAYER = "network", "frozen features", "one layer"
DIAL, WIDTHS, FROZEN_WIDTHS = "several α", "several widths", "lazy, several widths"
GIVEN, FROZEN_GIVEN = "given a head", "frozen, given a head"
BY_HEART, PLACE, ONE_PERIOD = "frozen, by heart", "frozen, one period", "one layer, one period"
SOONER = "given a head over without"

LOSS, ACCURACY, SCORE = Measured("test loss"), Measured("test accuracy"), Measured("induction score")
PREVIOUS, LONGER = Measured("previous-token score"), Measured("test accuracy at longer periods")
FALL, RISE = Measured("fall of the test loss"), Measured("rise of the induction score")
ALPHA, WIDTH = Setting("alpha"), Setting("width")
HALF = first_step(ACCURACY >= 0.5)
FIRST = 0.92
"""Of the loss of guessing: where it is before anything has been found in the context."""


def sooner(given: Kept, plain: Kept) -> dict[str, float]:
    """The steps until half of the test tokens are right, with a head given over without."""
    one, other = (HALF.of(kept.record).value for kept in (given, plain))
    return {"step ratio": one / other}


def claims(*, tokens: int, periods: tuple[int, int]) -> tuple[Claim, ...]:
    """The claims, for sequences of as many places as there are tokens.

    Args:
        tokens: how many there are.
        periods: the shortest and the longest that are trained on.
    """
    return (*_formed(tokens), *_absent(guessed_by_place(tokens, periods)), *_lacking())


def _formed(tokens: int) -> tuple[Claim, ...]:
    """Two layers form an induction head."""
    cliff = highest_step(FALL)
    return (
        Claim(
            "two layers of attention learn to go on as the last time: at least 95 % of the tokens that follow from the "
            "context are right in the end", OLSSON,
            last_value(ACCURACY), AtLeast(0.95), region_from="pilot",
            on=NETWORK, control=Breaks(FROZEN), name="two-layers-learn-it",
        ),
        Claim(
            "and a head has come to put 0.9 of its weight on places after an earlier copy of the token", OLSSON,
            last_value(SCORE), AtLeast(0.9), region_from="pilot",
            on=NETWORK, control=Breaks(ONE_LAYER), name="an-induction-head-forms",
        ),
        Claim(
            "the steepest fall of the loss and the steepest rise of that weight are one event", OLSSON,
            cliff / highest_step(RISE), Between(0.67, 1.5), region_from="pilot", on=NETWORK,
            control=Breaks(
                NETWORK, statistic=cliff / first_step(LOSS / math.log(tokens) <= FIRST),
                called="against the first tenth of the loss",
            ),
            name="the-cliff-is-the-head",
        ),
        Claim(
            "what is learned is to go on as the last time, whenever that was: at periods of which training had none at "
            "least 90 % are right", OLSSON,
            last_value(LONGER), AtLeast(0.9), region_from="pilot",
            on=NETWORK, control=Breaks(ONE_LAYER), name="it-holds-at-other-periods",
        ),
        Claim(
            "with a head given that looks at the place before, half of the tokens are right sooner", SINGH,
            last_value(Measured("step ratio")), Below(1.0), region_from="source",
            on=SOONER, name="a-given-head-speeds-it-up",
        ),
        Claim(
            "it takes two heads in a row: one layer never has more than 35 % right", ELHAGE,
            maximum(ACCURACY), AtMost(0.35), region_from="pilot",
            on=ONE_LAYER, control=Breaks(NETWORK), name="one-layer-does-not",
        ),
    )  # fmt: skip


def _absent(guessed: float) -> tuple[Claim, ...]:
    """Where training is that of a kernel there is none."""
    below, best = Below(guessed), f"the best guess from the place alone, {guessed:.2f}"
    return (
        Claim(
            f"with frozen features never more are right than by {best}, in three times as many steps", KERNEL,
            maximum(ACCURACY), below, region_from="theory",
            on=FROZEN, control=Breaks(NETWORK), name="frozen-features-do-not",
        ),
        Claim(
            "nor are there in lazy networks, at any of several widths", KERNEL,
            maximum(ACCURACY), below, region_from="theory",
            on=FROZEN_WIDTHS, each="width", control=Breaks(WIDTHS), name="nor-wider-lazy-networks",
        ),
        Claim(
            "from rich to lazy it is lost: the accuracy falls as the root of α at least", KERNEL,
            log_log_slope(last_value(ACCURACY), ALPHA), AtMost(-0.5), region_from="pilot",
            on=DIAL, over="alpha", name="it-is-lost-along-alpha",
        ),
        Claim(
            "nor does it help frozen features to be given the head that looks at the place before", KERNEL,
            maximum(ACCURACY), below, region_from="theory",
            on=FROZEN_GIVEN, control=Breaks(GIVEN), name="nor-with-a-given-head",
        ),
    )  # fmt: skip


def _lacking() -> tuple[Claim, ...]:
    """What it is that frozen features lack."""
    return (
        Claim(
            "what can be learned by heart they learn: of segments that are stretches of one order at least 85 %",
            "theory: the next token is a linear map of this one, but at the end of a segment",
            last_value(ACCURACY), AtLeast(0.85), region_from="pilot",
            on=BY_HEART, control=Breaks(FROZEN), name="frozen-features-learn-by-heart",
        ),
        Claim(
            "but to copy from a place that is always as far off they do not, for which one layer is enough: at most "
            "25 % are right", KERNEL,
            maximum(ACCURACY), AtMost(0.25), region_from="pilot",
            on=PLACE, control=Breaks(ONE_PERIOD), name="frozen-features-do-not-copy-at-all",
        ),
    )  # fmt: skip
