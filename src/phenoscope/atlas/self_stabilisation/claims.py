"""What is claimed of self-stabilisation; 20 % is the tolerance with which the comparison was planned."""

from phenoscope.claims import (
    AtLeast,
    Between,
    Breaks,
    Claim,
    Expression,
    Measured,
    Statistic,
    first_step,
    maximum_until,
)

DAMIAN = "Damian, Nichani, Lee 2022, arXiv:2209.15594"

FLOOR, AWAY, CROSSINGS = (
    Measured("floor sharpness / threshold"), Measured("displacement from floor"), Measured("crossings of the edge"),
)  # fmt: skip
MAPPED, MAPPED_AWAY, MAPPED_CROSSINGS = (
    Measured("mapped sharpness / threshold"), Measured("mapped displacement"), Measured("mapped crossings"),
)  # fmt: skip
LOCAL, LOCAL_CROSSINGS = Measured("local sharpness / threshold"), Measured("local crossings")
FREE = Measured("displacement without cubic term")

DESCENT, ONWARDS, FIRST = "gradient descent", "from the second crossing", "from the first crossing"
NEAR = Between(0.8, 1.2)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    above, cycle = first_step(FLOOR < 1), first_step(CROSSINGS >= 1)
    swing, mapped_swing = _largest(AWAY, CROSSINGS), _largest(MAPPED_AWAY, MAPPED_CROSSINGS)
    over, mapped_over = _largest(FLOOR, CROSSINGS) - 1, _largest(MAPPED, MAPPED_CROSSINGS) - 1
    return (
        Claim(
            "the map foretells to 20 % for how many steps the sharpness on the floor stays above the edge", DAMIAN,
            above / first_step(MAPPED < 1), NEAR, region_from="pilot",
            on=ONWARDS, control=Breaks(FIRST), name="foretells-the-time-above-the-edge",
        ),
        Claim(
            "the map foretells to 20 % how far the sharpness on the floor rises above the edge", DAMIAN,
            over / mapped_over, NEAR, region_from="pilot",
            on=ONWARDS, control=Breaks(FIRST), name="foretells-the-height",
        ),
        Claim(
            "the map foretells to 20 % how far the swing goes", DAMIAN,
            swing / mapped_swing, NEAR, region_from="pilot",
            on=ONWARDS,
            control=Breaks(ONWARDS, statistic=swing / _largest(FREE, CROSSINGS), called="without the cubic term"),
            name="foretells-the-swing",
        ),
        Claim(
            "without its cubic term the map diverges: by the end of the cycle its swing is at least a hundred times "
            "what it was in training", DAMIAN,
            _largest(FREE, CROSSINGS) / swing, AtLeast(100.0), region_from="pilot",
            on=ONWARDS, control=Breaks(ONWARDS, statistic=mapped_swing / swing, called="with it"),
            name="the-cubic-term-stabilises",
        ),
        Claim(
            "the map foretells to 20 % after how many steps the sharpness is back at the edge, a whole cycle", DAMIAN,
            cycle / first_step(MAPPED_CROSSINGS >= 1), NEAR, region_from="pilot",
            on=ONWARDS, name="foretells-the-period",
        ),
        Claim(
            "with the pull of all other curvatures, which the two numbers leave out, the whole cycle is foretold to "
            "20 %", f"{DAMIAN}, of whose model the two numbers are the simplest case",
            cycle / first_step(LOCAL_CROSSINGS >= 1), NEAR, region_from="pilot",
            on=ONWARDS,
            control=Breaks(ONWARDS, statistic=cycle / first_step(MAPPED_CROSSINGS >= 1), called="two numbers alone"),
            name="all-curvatures-foretell-the-period",
        ),
    )  # fmt: skip


def _largest(expression: Expression, crossings: Expression) -> Statistic:
    """The largest reading of the first cycle."""
    return maximum_until(expression, crossings >= 1)
