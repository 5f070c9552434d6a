"""What is claimed of ReLU networks that are trained far past the fit; the bands are a pilot's."""

from phenoscope.claims import Above, AtLeast, Below, Breaks, Claim, Measured, first_value, last_value, trend

LYU = "Lyu and Li 2019, arXiv:1906.05890"
JI = "Ji and Telgarsky 2020, arXiv:2006.06657"

PLAIN, BIASED = "no biases", "biases"

STATIONARITY, SLACKNESS, EQUAL = (Measured(name) for name in ("stationarity", "slackness", "slackness of equal pulls"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the weights come to be a combination of the margins' gradients, but for at most 0.5 of their length",
            f"{LYU}; {JI}", last_value(STATIONARITY), Below(0.5), region_from="pilot", on=PLAIN,
            control=Breaks(PLAIN, statistic=first_value(STATIONARITY), called="at the start"), name="stationary",
        ),
        Claim(
            "and those that pull are those that hold the margin: the slackness is below 0.05", LYU,
            last_value(SLACKNESS), Below(0.05), region_from="pilot", on=PLAIN,
            control=Breaks(PLAIN, statistic=last_value(EQUAL), called="if all examples pulled alike"),
            name="complementary",
        ),
        Claim(
            "the smoothed margin rises from reading to reading", LYU,
            trend(Measured("smoothed margin")), AtLeast(0.95), region_from="pilot", on=PLAIN, name="the-margin-rises",
        ),
        Claim(
            "without biases the network is homogeneous", "theory: Euler's identity",
            last_value(Measured("inhomogeneity")), Below(1e-6), region_from="theory", on=PLAIN,
            control=Breaks(BIASED, statistic=first_value(Measured("inhomogeneity")), called="biases, at the start"),
            name="homogeneous",
        ),
        Claim(
            "only homogeneous networks come to such points: with biases more than 0.5 is lacking",
            "doubt: what theory leaves open", last_value(STATIONARITY), Above(0.5), region_from="pilot", on=BIASED,
            control=Breaks(PLAIN), name="not-with-biases",
        ),
    )  # fmt: skip
