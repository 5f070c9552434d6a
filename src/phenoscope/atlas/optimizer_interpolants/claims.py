"""What is claimed of the solutions that rules come to; a pilot set the regions."""

from phenoscope.claims import Above, AtMost, Breaks, Claim, Measured, last_value

GUNASEKAR = "Gunasekar et al. 2018, arXiv:1802.08246"
WILSON = "Wilson et al. 2017, arXiv:1705.08292"
AMARI = "Amari et al. 2020, arXiv:2006.10732"

DESCENT, HEAVY, ADAM, RMSPROP = "gradient descent", "heavy ball", "Adam", "RMSProp"
NATURAL, SAMPLE, MANY = "natural gradient", "natural gradient of the sample", "Adam, many examples"

DISTANCE, FORETOLD = last_value(Measured("distance")), last_value(Measured("foretold distance"))
FITS = last_value(Measured("relative loss")) < 1e-6


def claims() -> tuple[Claim, ...]:
    """The claims."""
    same = tuple(
        Claim(
            f"{what} ends where gradient descent does, at the solution nearest to the start, to 1e-3", source,
            DISTANCE, AtMost(1e-3), region_from="pilot", on=arm, given=FITS, control=Breaks(other), name=name,
        )
        for what, arm, other, source, name in (
            ("momentum", HEAVY, ADAM, GUNASEKAR, "momentum-changes-nothing"),
            ("natural gradient with the training inputs' own covariance", SAMPLE, NATURAL, AMARI, "sample-natural"),
        )
    )  # fmt: skip
    elsewhere = tuple(
        Claim(
            f"{what} ends elsewhere, more than a tenth of the way off", source,
            DISTANCE, Above(0.1), region_from="pilot", on=arm, given=FITS, control=Breaks(other), name=name,
        )
        for what, arm, other, source, name in (
            ("Adam", ADAM, DESCENT, WILSON, "adam-elsewhere"),
            ("RMSProp", RMSPROP, DESCENT, WILSON, "rmsprop-elsewhere"),
            ("natural gradient with the population's covariance", NATURAL, SAMPLE, AMARI, "natural-elsewhere"),
        )
    )  # fmt: skip
    return (
        *same,
        *elsewhere,
        Claim(
            "it is the solution nearest in its own metric, to 1e-3", AMARI,
            FORETOLD, AtMost(1e-3), region_from="pilot", on=NATURAL, given=FITS,
            control=Breaks(NATURAL, statistic=DISTANCE, called="from the one nearest in the plain metric"),
            name="natural-foretold",
        ),
        Claim(
            "where there are more examples than inputs, Adam ends where all others do, to 1e-3", WILSON,
            DISTANCE, AtMost(1e-3), region_from="pilot", on=MANY, control=Breaks(ADAM), name="one-solution-only",
        ),
        Claim(
            "what Adam comes to errs more on test examples than what descent comes to", WILSON,
            last_value(Measured("error ratio")), Above(1.0), region_from="pilot", on=ADAM, given=FITS,
            control=Breaks(HEAVY), name="adam-errs-more",
        ),
    )  # fmt: skip
