"""What is claimed of one model that is given ever more examples."""

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
    peak_height,
    peak_place,
    rank_correlation,
)

LESS_IS_MORE = "Nakkiran 2019, arXiv:1912.07242"
NAKKIRAN = "Nakkiran et al. 2019, arXiv:1912.02292"
TUNED = "Nakkiran et al. 2020, arXiv:2003.01897"

NOISY, RIDGE = "random features", "random features, tuned ridge"
NETWORK, DECAY = "network", "network, weight decay"

EXAMPLES, OVER = Setting("data.train"), "data.train"
LOSS, ERROR = last_value(Measured("test loss")), last_value(Measured("test error"))
NETWORK_ERROR = 1 - last_value(Measured("test accuracy"))


def claims(features: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        features: P.
    """
    return (
        Claim(
            "random features lose most on new inputs where there are as many examples as features", LESS_IS_MORE,
            peak_place(LOSS, EXAMPLES), Between(0.8 * features, 1.2 * features), region_from="pilot",
            on=NOISY, over=OVER, control=Breaks(RIDGE), name="the-peak-in-examples",
        ),
        Claim(
            "more examples hurt: the loss there is more than twice what it was with fewer", LESS_IS_MORE,
            peak_height(LOSS, EXAMPLES), Above(2.0), region_from="pilot", on=NOISY, over=OVER, control=Breaks(RIDGE),
            name="more-examples-hurt",
        ),
        Claim(
            "they hurt the share of wrong answers, too: it grows by a fifth or more", NAKKIRAN,
            peak_height(ERROR, EXAMPLES), Above(1.2), region_from="pilot", on=NOISY, over=OVER, control=Breaks(RIDGE),
            name="more-examples-make-more-errors",
        ),
        Claim(
            "with a tuned ridge every example helps", TUNED,
            rank_correlation(EXAMPLES, LOSS), AtMost(-0.9), region_from="pilot", on=RIDGE, over=OVER,
            control=Breaks(NOISY), name="a-tuned-ridge-makes-examples-help",
        ),
        Claim(
            "a small network, too, has a loss that falls, rises by a fifth or more and falls again with its examples",
            NAKKIRAN,
            hump_across(LOSS, EXAMPLES), Above(1.2), region_from="pilot", on=NETWORK, over=OVER,
            control=Breaks(DECAY), name="more-examples-hurt-a-network",
        ),
        Claim(
            "so does its share of wrong answers, rising by a tenth or more", NAKKIRAN,
            hump_across(NETWORK_ERROR, EXAMPLES), Above(1.1), region_from="pilot", on=NETWORK, over=OVER,
            control=Breaks(DECAY), name="more-examples-make-a-network-err",
        ),
    )  # fmt: skip
