"""What is claimed of descent that is stopped: theory bounds how far it is from ridge, a pilot set the rest."""

from phenoscope.claims import AtMost, Below, Between, Breaks, Claim, Measured, last_value, maximum, minimum

ALI = "Ali, Kolter and Tibshirani 2018, arXiv:1810.10082"
JI = "Ji et al. 2020, arXiv:2006.11226"

REGRESSION, MISMATCHED = "regression", "regression, ten times the penalty"
CLASSIFIER, OTHER_RATES = "classifier", "classifier, other rates"

RATIO, DISTANCE = maximum(Measured("risk ratio")), maximum(Measured("distance"))
BEST = minimum(Measured("test risk")) / minimum(Measured("ridge test risk"))
UNSTOPPED = last_value(Measured("test risk")) / minimum(Measured("ridge test risk"))
SHARE = last_value(Measured("norm at best")) / last_value(Measured("norm"))
END_SHARE = last_value(Measured("norm")) / maximum(Measured("norm"))
WIDEST, CLOSING = maximum(Measured("angle")), last_value(Measured("angle")) / maximum(Measured("angle"))
EXCESS = last_value(Measured("log loss") - Measured("least log loss"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_regression(), *_classifier())


def _regression() -> tuple[Claim, ...]:
    """Stopping at t against the penalty 1/t."""
    return (
        Claim(
            "stopped at any time t, descent on a regression risks at most 1.69 times as much as the penalty 1/t", ALI,
            RATIO, AtMost(1.6862), region_from="theory", on=REGRESSION, control=Breaks(MISMATCHED), name="the-risk",
        ),
        Claim(
            "and is at most 0.299 of its length away from what that penalty gives", f"{ALI}; theory: in any component",
            DISTANCE, AtMost(0.2985), region_from="theory", on=REGRESSION, control=Breaks(MISMATCHED), name="the-path",
        ),
        Claim(
            "stopped at the best time it is as good on test examples as the best penalty, to 15 %", ALI,
            BEST, Between(0.85, 1.15), region_from="pilot", on=REGRESSION,
            control=Breaks(REGRESSION, statistic=UNSTOPPED, called="never stopped"), name="as-good-as-the-best",
        ),
        Claim(
            "it is the norm that is capped: at the best time the weights have less than a tenth of the length that "
            "they come to", ALI,
            SHARE, Below(0.1), region_from="pilot", on=REGRESSION,
            control=Breaks(REGRESSION, statistic=END_SHARE, called="never stopped"),
            name="the-norm-is-capped",
        ),
    )  # fmt: skip


def _classifier() -> tuple[Claim, ...]:
    """The direction along the path of an l2 penalty, where norms grow without end."""
    return (
        Claim(
            "on examples that can be separated flow is never more than 0.25 from the direction of the least loss at "
            "its length", JI,
            WIDEST, Below(0.25), region_from="pilot", on=CLASSIFIER, control=Breaks(OTHER_RATES), name="one-direction",
        ),
        Claim(
            "and it closes in on it: the angle ends below 0.6 of the widest", JI,
            CLOSING, Below(0.6), region_from="pilot", on=CLASSIFIER, control=Breaks(OTHER_RATES), name="closing-in",
        ),
        Claim(
            "no classifier of its length has a loss that is smaller by more than a tenth of it", JI,
            EXCESS, Below(0.1), region_from="pilot", on=CLASSIFIER, control=Breaks(OTHER_RATES), name="the-least-loss",
        ),
    )  # fmt: skip
