"""What is claimed of descent where some examples have both labels; a pilot set how near the limits are."""

from phenoscope.claims import Below, Between, Breaks, Claim, Measured, last_value, late_mean

JI = "Ji and Telgarsky 2018, arXiv:1803.07300"

SOME, OTHER_START = "three ambiguous examples", "three ambiguous examples, another start"
ONE_LABEL, ALL = "one label each", "all ambiguous"

GROWTH = late_mean(Measured("growth"), fraction=1 / 3)
ANGLE, PLAIN = last_value(Measured("angle")), last_value(Measured("angle to the plain margin"))
UNSETTLED = last_value(Measured("unsettled"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the weights grow like log t, at 0.99 to 1.01 of the rate of the largest margin beyond the ambiguous "
            "examples",
            f"{JI}; theory: 1",
            GROWTH, Between(0.99, 1.01), region_from="pilot", on=SOME, control=Breaks(ALL), name="still-like-log-t",
        ),
        *(
            Claim(
                f"{start} they turn to one ray, that of this margin: to less than 0.05 radian", JI,
                ANGLE, Below(0.05), region_from="pilot", on=arm,
                control=Breaks(arm, statistic=PLAIN, called="to the margin of the others as they are"), name=name,
            )
            for start, arm, name in (
                ("from 0", SOME, "a-unique-ray"), ("from another start", OTHER_START, "from-any-start"),
            )
        ),
        Claim(
            "while the outputs of the ambiguous examples settle where these alone have their minimum, to 1e-6", JI,
            UNSETTLED, Below(1e-6), region_from="pilot", on=SOME, control=Breaks(ONE_LABEL), name="a-finite-part",
        ),
        Claim(
            "from another start these outputs settle at the same values, to 1e-6", JI,
            UNSETTLED, Below(1e-6), region_from="pilot", on=OTHER_START, control=Breaks(ONE_LABEL),
            name="a-finite-part-from-any-start",
        ),
    )  # fmt: skip
