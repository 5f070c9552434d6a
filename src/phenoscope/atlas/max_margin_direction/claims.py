"""What is claimed of descent on data that can be separated: theory gives the limits, a pilot how near they are."""

from phenoscope.claims import AtLeast, AtMost, Below, Between, Breaks, Claim, Measured, Twin, last_value, late_mean

SOUDRY = "Soudry et al. 2017, arXiv:1710.10345"
NACSON = "Nacson et al. 2018, arXiv:1803.01905"
JI = "Ji and Telgarsky 2019, arXiv:1906.04540"

FLOW, FEWER, DESCENT, NORMALISED = "gradient flow", "fewer dimensions", "gradient descent", "normalised steps"
DECAYED, FEW, FLIPPED = "weight decay", "three dimensions", "three dimensions, one wrong label"

GROWTH = late_mean(Measured("norm growth"))
SHARE = last_value(Measured("margin share"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_flow(), *_descent())


def _flow() -> tuple[Claim, ...]:
    """At times that no step reaches."""
    return (
        Claim(
            "the norm grows like log t over the largest margin: late, their ratio of growths is 0.98 to 1.02",
            f"{SOUDRY}; theory: 1",
            GROWTH, Between(0.98, 1.02), region_from="pilot", on=FLOW, control=Breaks(DECAYED), name="norm-like-log-t",
        ),
        Claim(
            "it does so in any number of dimensions", f"{SOUDRY}; theory: 1",
            GROWTH, Between(0.98, 1.02), region_from="pilot", on=FEWER, each="components",
            control=Breaks(DECAYED), name="in-any-dimension",
        ),
        Claim(
            "the loss falls like 1/t: late, as a power between 0.95 and 1.05", f"{SOUDRY}; theory: 1",
            late_mean(Measured("loss power")), Between(0.95, 1.05), region_from="pilot", on=FLOW,
            control=Breaks(DECAYED), name="loss-like-one-over-t",
        ),
        Claim(
            "the angle to the largest margin falls like 1/log t: late, as a power of log t between 0.8 and 1.2",
            f"{SOUDRY}; theory: 1",
            late_mean(Measured("angle exponent")), Between(0.8, 1.2), region_from="pilot", on=FLOW,
            control=Breaks(NORMALISED), name="angle-like-one-over-log-t",
        ),
        Claim(
            "and so does what the margin lacks of the largest one", f"{SOUDRY}; theory: 1",
            late_mean(Measured("gap exponent")), Between(0.8, 1.2), region_from="pilot", on=FLOW,
            control=Breaks(NORMALISED), name="gap-like-one-over-log-t",
        ),
        Claim(
            "the margin comes to at least 0.98 of the largest one", SOUDRY,
            SHARE, AtLeast(0.98), region_from="pilot", on=FLOW, control=Breaks(DECAYED), name="reaches-the-margin",
        ),
        Claim(
            "norm and direction are those of ŵ log t + w₀, which the examples on the margin fix: at the end the norm "
            "to one part in a hundred", f"theory: {SOUDRY}",
            last_value(Measured("norm")) / last_value(Measured("foretold norm")), Between(0.99, 1.01),
            region_from="pilot", on=FLOW, name="norm-as-foretold",
        ),
    )  # fmt: skip


def _descent() -> tuple[Claim, ...]:
    """In as many steps as can be taken."""
    return (
        Claim(
            "late in training every example is right", SOUDRY,
            late_mean(Measured("error")), AtMost(0.0), region_from="theory", on=FEW, control=Twin(FLIPPED),
            name="all-is-right",
        ),
        Claim(
            "and the norm goes on growing: at 0.5 to 1.2 of the rate that theory gives for ever", SOUDRY,
            GROWTH, Between(0.5, 1.2), region_from="pilot", on=FEW, control=Breaks(FLIPPED),
            name="grows-after-all-is-right",
        ),
        Claim(
            "with a little weight decay the norm stops: late, its growth is below 0.05", SOUDRY,
            GROWTH, Below(0.05), region_from="pilot", on=DECAYED, control=Breaks(DESCENT), name="decay-stops-it",
        ),
        Claim(
            "with one label wrong, and no classifier right on all, the norm stops", SOUDRY,
            GROWTH, Below(0.05), region_from="pilot", on=FLIPPED, control=Breaks(FEW),
            name="one-wrong-label-stops-it",
        ),
        Claim(
            "steps over the loss close the gap like a power of t near -1: late between 0.8 and 1.2", JI,
            late_mean(Measured("gap power")), Between(0.8, 1.2), region_from="pilot", on=NORMALISED,
            control=Breaks(DESCENT), name="normalised-steps-are-faster",
        ),
        Claim(
            "with these the margin comes to at least 0.98 of the largest one in as many steps", f"{NACSON}; {JI}",
            SHARE, AtLeast(0.98), region_from="pilot", on=NORMALISED, control=Breaks(DESCENT),
            name="normalised-steps-reach-the-margin",
        ),
    )  # fmt: skip
