"""What is claimed of the feature ansatz; regions were fixed on pilot seeds."""

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    Twin,
    first_value,
    last_value,
    log_log_slope,
    minimum,
)

RADHAKRISHNAN = "Radhakrishnan, Beaglehole, Pandit, Belkin 2022"
BEAGLEHOLE = "Beaglehole, Mitliagkas, Agarwala 2024"
ANSATZ = f"{RADHAKRISHNAN}, arXiv:2212.13881"

SMALL, STANDARD, LINEARISED = "small weights", "usual weights", "usual weights, linearised"
SIZES_OF_START, DIGITS, DIGITS_STANDARD = "weights of several sizes", "digits", "digits, usual weights"

ALIGNED, CENTRED = Measured("feature alignment"), Measured("centred feature alignment")
LOSS, START = Measured("loss"), Setting("model.init_scale")


def claims() -> tuple[Claim, ...]:
    """The claims."""
    rise = last_value(ALIGNED) - first_value(ALIGNED)
    return (
        Claim(
            "the first layer's WᵀW ends with a cosine of at least 0.9 to the average gradient outer product", ANSATZ,
            last_value(ALIGNED), AtLeast(0.9), region_from="pilot",
            on=SMALL, control=Breaks(STANDARD), name="weights-align",
        ),
        Claim(
            "training brought that about: the cosine rises by at least 0.4", ANSATZ,
            rise, AtLeast(0.4), region_from="pilot",
            on=SMALL, control=Breaks(LINEARISED), name="the-alignment-is-learned",
        ),
        Claim(
            "the same network fits without: from the usual weights the cosine ends within 0.15 of its start",
            "theory: where weights hardly move, WᵀW stays what it was", rise, Between(-0.15, 0.15),
            region_from="pilot", on=STANDARD, given=last_value(LOSS) <= 0.05, control=Breaks(SMALL),
            name="fitting-does-not-need-it",
        ),
        Claim(
            "the smaller the weights at the start, the closer the alignment at the end: as a power of at most -0.2 of "
            "their size", f"{BEAGLEHOLE}, arXiv:2402.05271",
            log_log_slope(last_value(ALIGNED), START), AtMost(-0.2), region_from="pilot",
            on=SIZES_OF_START, over="model.init_scale", name="small-starts-align",
        ),
        Claim(
            "what the weights were changed by is aligned all along: the centred cosine never falls below 0.9",
            f"{BEAGLEHOLE}, arXiv:2402.05271",
            minimum(CENTRED), AtLeast(0.9), region_from="pilot",
            on=SMALL, control=Twin(STANDARD), name="changes-are-aligned",
        ),
        Claim(
            "on digits, too, the cosine ends at 0.85 or more", ANSATZ,
            last_value(ALIGNED), AtLeast(0.85), region_from="pilot",
            on=DIGITS, control=Breaks(DIGITS_STANDARD), name="digits-align",
        ),
    )  # fmt: skip
