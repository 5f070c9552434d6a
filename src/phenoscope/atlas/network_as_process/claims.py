"""What is claimed of networks as processes; exponents are those of the theory, to a tenth or two for the fit."""

from phenoscope.claims import (
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    largest,
    last_value,
    log_log_slope,
)

LEE = "Lee et al. 2018, arXiv:1711.00165"
MATTHEWS = "Matthews et al. 2018, arXiv:1804.11271"
HANIN = "Hanin and Nica 2018, arXiv:1812.05994"
FAVARO = "Favaro et al. 2020, arXiv:2003.00394"

DENSE, CONVOLUTIONS, TOGETHER, CAUCHY = "dense", "convolutions", "depth grows as width", "Cauchy weights"
WIDTH = Setting("width")
COVARIANCE, DISTANCE = last_value(Measured("covariance error")), last_value(Measured("distance from normal"))
KURTOSIS, FORETOLD = last_value(Measured("excess kurtosis")), last_value(Measured("foretold kurtosis"))
DEPARTURE, SHALLOW = (largest(last_value(Measured(f"departure{name}"))) for name in ("", " from one layer"))
PRODUCT = "theory: mean squares of ReLU layers multiply, with second moment 1 + 5/width each"


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the covariance of the outputs, given the hidden layers, comes near that of the process as the root of the "
            "width", LEE,
            log_log_slope(COVARIANCE, WIDTH), Between(-0.6, -0.4), region_from="pilot",
            on=DENSE, over="width", control=Breaks(TOGETHER), name="the-covariance-converges",
        ),
        Claim(
            "the distance of their law from the normal one falls as the width itself", MATTHEWS,
            log_log_slope(DISTANCE, WIDTH), Between(-1.15, -0.85), region_from="pilot",
            on=DENSE, over="width", control=Breaks(CAUCHY), name="outputs-become-normal",
        ),
        Claim(
            "that of convolution networks does so, too", "Garriga-Alonso et al. 2018, arXiv:1808.05587",
            log_log_slope(DISTANCE, WIDTH), Between(-1.15, -0.85), region_from="pilot",
            on=CONVOLUTIONS, over="width", control=Breaks(CAUCHY), name="convolutions-become-normal",
        ),
        Claim(
            "how far they are is known at any width: the excess kurtosis is as foretold, to 15 %", PRODUCT,
            DEPARTURE, AtMost(0.15), region_from="pilot",
            on=DENSE, over="width", control=Breaks(DENSE, statistic=SHALLOW, called="the theory of one layer"),
            name="the-kurtosis-is-foretold",
        ),
        Claim(
            "what counts is depth over width: if the depth grows as the width, the excess kurtosis stays", HANIN,
            log_log_slope(KURTOSIS, WIDTH), Between(-0.15, 0.15), region_from="pilot",
            on=TOGETHER, over="width", control=Breaks(DENSE), name="depth-over-width-counts",
        ),
        Claim(
            "with weights that have no variance the law stays as far from the normal one at any width", FAVARO,
            log_log_slope(DISTANCE, WIDTH), Between(-0.1, 0.1), region_from="pilot",
            on=CAUCHY, over="width", control=Breaks(DENSE), name="heavy-tails-stay",
        ),
    )  # fmt: skip
