"""What is claimed of wide networks; exponents are those of the theory, to a tenth."""

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    last_value,
    log_log_slope,
    maximum,
)

LEE = "Lee et al. 2019, arXiv:1902.06720"
CHIZAT = "Chizat et al. 2018, arXiv:1812.07956"

RELU, SMOOTH, MEAN_FIELD, NARROW, TAYLOR = "ReLU", "erf", "mean field", "narrow", "Taylor expansion"
WIDTH = Setting("width")
LOSS, FORETOLD = Measured("loss"), Measured("foretold loss")
GAP, TEST_GAP = Measured("gap"), Measured("test gap")
CHANGE, RELATIVE, ABSOLUTE = Measured("kernel change"), Measured("relative drift"), Measured("absolute drift")


def claims() -> tuple[Claim, ...]:
    """The claims; "at least as the root" leaves a tenth for the fit."""
    return (
        Claim(
            "the largest distance of the training outputs from those foretold falls at least as the root of the width",
            LEE, log_log_slope(maximum(GAP), WIDTH), AtMost(-0.4), region_from="theory",
            on=RELU, over="width", control=Breaks(MEAN_FIELD), name="the-training-outputs-are-foretold",
        ),
        Claim(
            "so does the distance on test inputs", LEE,
            log_log_slope(maximum(TEST_GAP), WIDTH), AtMost(-0.4), region_from="theory",
            on=RELU, over="width", control=Breaks(MEAN_FIELD), name="the-test-outputs-are-foretold",
        ),
        Claim(
            "the kernel changes less the wider the network is, at least as the root of the width", LEE,
            log_log_slope(last_value(CHANGE), WIDTH), AtMost(-0.4), region_from="theory",
            on=RELU, over="width", control=Breaks(MEAN_FIELD), name="the-kernel-stands-still",
        ),
        Claim(
            "the parameters' drift, relative to their start, falls as the root of the width", LEE,
            log_log_slope(last_value(RELATIVE), WIDTH), Between(-0.6, -0.4), region_from="theory",
            on=RELU, over="width", control=Breaks(MEAN_FIELD), name="relative-drift-falls",
        ),
        Claim(
            "the drift itself does not: its length is the same at all widths",
            "theory: outputs must move by as much, and the tangent kernel is as large",
            log_log_slope(last_value(ABSOLUTE), WIDTH), Between(-0.1, 0.1), region_from="theory",
            on=RELU, over="width", control=Breaks(MEAN_FIELD), name="absolute-drift-stays",
        ),
        Claim(
            "with a smooth activation function the kernel's change falls faster than that, nearly as the width itself",
            "Dyer and Gur-Ari 2019, arXiv:1909.11304",
            log_log_slope(last_value(CHANGE), WIDTH), AtMost(-0.75), region_from="pilot",
            on=SMOOTH, over="width", control=Breaks(MEAN_FIELD), name="smooth-kernels-stand-stiller",
        ),
        Claim(
            "it is the scaling and not the width: in the mean-field scaling the kernel changes as much at any width",
            CHIZAT, log_log_slope(last_value(CHANGE), WIDTH), Between(-0.2, 0.2), region_from="pilot",
            on=MEAN_FIELD, over="width", control=Breaks(RELU), name="mean-field-features-move",
        ),
        Claim(
            "a narrow network leaves what is foretold: by a twentieth of the targets' length at least", LEE,
            maximum(GAP), AtLeast(0.05), region_from="pilot",
            on=NARROW, control=Breaks(TAYLOR), name="narrow-networks-leave-it",
        ),
        Claim(
            "gradient descent on the Taylor expansion itself is foretold to a millionth",
            "theory: its tangent kernel is constant",
            maximum(GAP), AtMost(1e-6), region_from="theory",
            on=TAYLOR, control=Breaks(NARROW), name="the-expansion-is-foretold-exactly",
        ),
    )  # fmt: skip
