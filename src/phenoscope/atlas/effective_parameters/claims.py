"""What is claimed of the parameters that random features make use of."""

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    last_value,
    log_log_slope,
    peak_place,
    rank_correlation,
)

CURTH = "Curth, Jeffares and van der Schaar 2023, arXiv:2310.18988"

ALL, FEW, MANY, RIDGE = "smallest norm", "fewer features than examples", "more features than examples", "ridge"

FEATURES = Setting("features")
LOSS = last_value(Measured("test loss"))
EFFECTIVE = last_value(Measured("effective parameters"))
TRAINING = last_value(Measured("effective parameters in training"))


def claims(examples: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        examples: n.
    """
    return (
        Claim(
            "what predictions on new inputs make use of is largest where there are as many features as examples", CURTH,
            peak_place(EFFECTIVE, FEATURES), Between(0.85 * examples, 1.15 * examples), region_from="pilot",
            on=ALL, over="features", control=Breaks(RIDGE), name="effective-parameters-peak",
        ),
        Claim(
            "beyond that, every further feature makes them fewer", CURTH,
            rank_correlation(FEATURES, EFFECTIVE), AtMost(-0.9), region_from="pilot",
            on=MANY, over="features", control=Breaks(FEW), name="more-features-use-fewer",
        ),
        Claim(
            "there the test loss is in the order of the parameters that are used", CURTH,
            rank_correlation(EFFECTIVE, LOSS), AtLeast(0.9), region_from="pilot", on=MANY, over="features",
            control=Breaks(MANY, statistic=rank_correlation(FEATURES, LOSS), called="by the raw count"),
            name="loss-follows-what-is-used",
        ),
        Claim(
            "so it is over all sizes from the first valley on: read against what is used, there is no peak", CURTH,
            rank_correlation(EFFECTIVE, LOSS), AtLeast(0.8), region_from="pilot", on=ALL, over="features",
            control=Breaks(ALL, statistic=rank_correlation(FEATURES, LOSS), called="by the raw count"),
            name="no-peak-in-what-is-used",
        ),
        Claim(
            "the inputs of the training do not show it: beyond the threshold what is used on new inputs falls faster "
            "than the features to the power of -0.7, and on those it stays the same", CURTH,
            log_log_slope(EFFECTIVE, FEATURES), Below(-0.7), region_from="pilot", on=MANY, over="features",
            control=Breaks(MANY, statistic=log_log_slope(TRAINING, FEATURES), called="on training inputs"),
            name="training-inputs-do-not-show-it",
        ),
    )  # fmt: skip
