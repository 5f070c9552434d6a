"""What is claimed of lazy convolution networks; features are those of the last hidden layer, on other digits."""

from phenoscope.claims import (
    Above,
    AtLeast,
    AtMost,
    Breaks,
    Claim,
    Measured,
    Setting,
    Twin,
    last_value,
    log_log_slope,
    ratio,
)

CHIZAT = "Chizat et al. 2018, arXiv:1812.07956"
DOUBT = "doubted of Chizat et al. 2018, arXiv:1812.07956: that lazy networks do not learn useful representations"

LAZY, RICH, DIAL = "lazy", "rich", "α from rich to lazy"
ALPHA = Setting("alpha")
TRAIN, TEST, LINEAR = (last_value(Measured(f"{name} error")) for name in ("train", "test", "linear test"))
CHANGE, ALIGNMENT = last_value(Measured("feature change")), last_value(Measured("feature alignment"))
PROBE, DIGITS = last_value(Measured("probe error")), last_value(Measured("digit probe error"))
ALIGNED_BEFORE, PROBE_BEFORE, DIGITS_BEFORE = (
    last_value(Measured(f"{name} at the start")) for name in ("feature alignment", "probe error", "digit probe error")
)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the lazy network optimises: what is left of the training targets is a tenth at most", CHIZAT,
            TRAIN, AtMost(0.1), region_from="pilot",
            on=LAZY, control=Breaks(LAZY, statistic=TEST, called="on other digits"), name="lazy-fits",
        ),
        Claim(
            "its features are those of its start: the alignment of both is 0.95 at least", CHIZAT,
            CHANGE, AtMost(0.05), region_from="pilot",
            on=LAZY, control=Breaks(RICH), name="lazy-features-stay",
        ),
        Claim(
            "nor has it learned to represent what it was taught: a linear probe for even and odd gains 0.02 at most",
            DOUBT, PROBE_BEFORE - PROBE, AtMost(0.02), region_from="pilot",
            on=LAZY, control=Breaks(RICH), name="lazy-features-are-no-better",
        ),
        Claim(
            "rich features turn to the labels: their alignment with these grows to 1.3 times that at the start", CHIZAT,
            ratio(ALIGNMENT, ALIGNED_BEFORE), AtLeast(1.3), region_from="pilot",
            on=RICH, control=Breaks(LAZY), name="rich-features-turn-to-the-labels",
        ),
        Claim(
            "and they do not forget the rest: a linear probe for the ten digits loses 0.02 at most",
            "theory: nothing in the loss keeps what the labels do not ask for",
            DIGITS - DIGITS_BEFORE, AtMost(0.02), region_from="pilot",
            on=RICH, control=Twin(LAZY), name="rich-features-keep-the-digits",
        ),
        Claim(
            "the test error rises into the lazy side", CHIZAT,
            log_log_slope(TEST, ALPHA), Above(0.0), region_from="source",
            on=DIAL, over="alpha",
            control=Twin(DIAL, statistic=log_log_slope(LINEAR, ALPHA), called="of the linearised network"),
            name="rich-generalises-better",
        ),
    )  # fmt: skip
