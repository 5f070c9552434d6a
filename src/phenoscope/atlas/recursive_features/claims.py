"""What is claimed of recursive features; regions were fixed on pilot seeds."""

from phenoscope.claims import AtLeast, AtMost, Breaks, Claim, Measured, first_value, last_value

RADHAKRISHNAN = "Radhakrishnan, Beaglehole, Pandit, Belkin 2022"
SOURCE = f"{RADHAKRISHNAN}, arXiv:2212.13881"

PRODUCT, LENGTH = "product of two inputs", "length of the input"
ERROR, SHARE = Measured("test error"), Measured("share of the metric")


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the rounds bring the test error down to a fifth of that of the plain kernel, or less", SOURCE,
            last_value(ERROR) / first_value(ERROR), AtMost(0.2), region_from="pilot",
            on=PRODUCT, control=Breaks(LENGTH), name="the-error-falls",
        ),
        Claim(
            "at least nine tenths of the metric lie in the two inputs that matter", SOURCE,
            last_value(SHARE), AtLeast(0.9), region_from="pilot",
            on=PRODUCT, control=Breaks(LENGTH), name="the-directions-are-found",
        ),
        Claim(
            "where no direction is better than another the rounds do harm: the error at least doubles",
            "pilot: the gradients at a few examples prefer some directions by chance, and each round follows them",
            last_value(ERROR) / first_value(ERROR), AtLeast(2.0), region_from="pilot",
            on=LENGTH, control=Breaks(PRODUCT), name="nothing-to-find-does-harm",
        ),
    )  # fmt: skip
