"""What is claimed of a peak of the test loss that takes long training."""

from phenoscope.claims import (
    Above,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    hump_across,
    last_value,
    log_log_slope,
    peak_place,
)

LIU = "Liu and Flanigan 2023, arXiv:2312.03951"
ALI = "Ali et al. 2018, arXiv:1810.10082"

SHORT, LONG, ENDLESS, EXACT = "few steps", "many steps", "nearly to the end", "solved exactly"
AT, BEYOND = "ever longer, at the threshold", "ever longer, far beyond it"

FEATURES, TIME = Setting("features"), Setting("time")
LOSS, ERROR = last_value(Measured("test loss")), last_value(Measured("test error"))
TRAINING = last_value(Measured("train loss"))


def claims(examples: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        examples: n.
    """
    return (
        Claim(
            "after few steps the test loss has no peak in the number of features: it is nowhere more than 1.1 times "
            "what it is on both sides", LIU,
            hump_across(LOSS, FEATURES), AtMost(1.1), region_from="pilot", on=SHORT, over="features",
            control=Breaks(EXACT), name="few-steps-have-no-peak",
        ),
        Claim(
            "nor has the share of wrong answers one of more than 1.4 times", LIU,
            hump_across(ERROR, FEATURES), AtMost(1.4), region_from="pilot", on=SHORT, over="features",
            control=Breaks(EXACT), name="nor-have-the-answers",
        ),
        Claim(
            "a thousand times as many steps have a peak of the loss at least twice what it is on both sides", LIU,
            hump_across(LOSS, FEATURES), Above(2.0), region_from="pilot", on=LONG, over="features",
            control=Breaks(SHORT), name="many-steps-have-one",
        ),
        Claim(
            "nearly to the end the loss is largest where there are as many features as examples", LIU,
            peak_place(LOSS, FEATURES), Between(0.85 * examples, 1.15 * examples), region_from="pilot",
            on=ENDLESS, over="features", control=Breaks(SHORT), name="in-the-end-it-is-at-the-threshold",
        ),
        Claim(
            "at the threshold it grows at least like the time of training to the power of 0.2, since ever smaller "
            "singular values are reached", ALI,
            log_log_slope(LOSS, TIME), Above(0.2), region_from="pilot", on=AT, over="time",
            control=Breaks(BEYOND), name="it-grows-with-the-time",
        ),
    )  # fmt: skip
