"""What is claimed of the learning curves of kernels; departures are the largest over all numbers of examples."""

from phenoscope.claims import (
    AtLeast,
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

BORDELON = "Bordelon et al. 2020, arXiv:2002.02561"
SIMON = "Simon et al. 2021, arXiv:2110.03922"

GAUSSIAN, NOISY, DIGITS, CIRCLE = "Gaussian modes", "noisy targets", "digits", "circle"
EXAMPLES = Setting("examples")
RISK, FORETOLD = last_value(Measured("risk")), last_value(Measured("foretold risk"))
DEPARTURE, PARTS = (largest(last_value(Measured(name))) for name in ("departure", "part departure"))
WITHOUT = largest(last_value(Measured("bias departure")))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    alone = "without the variance between draws"
    return (
        Claim(
            "with Gaussian modes the error is as foretold, to a tenth", BORDELON,
            DEPARTURE, AtMost(0.1), region_from="pilot",
            on=GAUSSIAN, over="examples", control=Breaks(CIRCLE), name="errors-are-foretold",
        ),
        Claim(
            "with noise on the targets, too", SIMON,
            DEPARTURE, AtMost(0.1), region_from="pilot",
            on=NOISY, over="examples", control=Breaks(NOISY, statistic=WITHOUT, called=alone),
            name="errors-with-noise-are-foretold",
        ),
        Claim(
            "on digits, of which an eighth is seen at most, to 15 %", BORDELON,
            DEPARTURE, AtMost(0.15), region_from="pilot",
            on=DIGITS, over="examples", control=Breaks(DIGITS, statistic=WITHOUT, called=alone),
            name="errors-on-digits-are-foretold",
        ),
        Claim(
            "of each mode that part is learned which its eigenvalue foretells, to 0.03", SIMON,
            PARTS, AtMost(0.03), region_from="pilot",
            on=GAUSSIAN, over="examples", control=Breaks(CIRCLE), name="modes-are-learned-as-foretold",
        ),
        Claim(
            "where spectra are power laws the error is one: its exponent is -1, as what the target has beyond mode n",
            BORDELON,
            log_log_slope(RISK, EXAMPLES), Between(-1.2, -0.9), region_from="pilot",
            on=GAUSSIAN, over="examples", control=Breaks(NOISY), name="the-error-is-a-power-law",
        ),
        Claim(
            "in one dimension the theory fails: the error departs by a fifth at least",
            "theory: cosines and sines at one point are not independent",
            DEPARTURE, AtLeast(0.2), region_from="pilot",
            on=CIRCLE, over="examples", control=Breaks(GAUSSIAN), name="on-the-circle-it-fails",
        ),
    )  # fmt: skip
