"""What is claimed of exponents: those of one test error over another, in the number of examples.

A negative one says that the first error falls faster; both are read on the same examples.
"""

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Below,
    Breaks,
    Claim,
    Measured,
    Setting,
    Twin,
    last_value,
    log_log_slope,
    ratio,
)

VYAS = "Vyas et al. 2022, arXiv:2206.10012"

TWO, LAZY, ISOTROPIC, DIGITS = "two directions", "two directions, lazy", "isotropic", "digits"
EXAMPLES = Setting("examples")
NETWORK = last_value(Measured("test error"))
START, END = (last_value(Measured(f"{when} kernel test error")) for when in ("start", "end"))
FASTER = log_log_slope(ratio(NETWORK, START), EXAMPLES)
KERNEL_FASTER = log_log_slope(ratio(END, START), EXAMPLES)
AS_FAST = log_log_slope(ratio(END, NETWORK), EXAMPLES)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "where two directions matter a network's error falls with a steeper power than that of its first kernel",
            VYAS, FASTER, Below(0.0), region_from="source",
            on=TWO, over="examples", control=Breaks(LAZY), name="networks-have-a-steeper-exponent",
        ),
        Claim(
            "on digits its error falls with the steeper power, too", VYAS, FASTER, Below(0.0), region_from="source",
            on=DIGITS, over="examples", control=Twin(ISOTROPIC), name="on-digits-too",
        ),
        Claim(
            "it is in the kernel: that of the trained network has a steeper power than that of its start", VYAS,
            KERNEL_FASTER, Below(0.0), region_from="source",
            on=TWO, over="examples", control=Breaks(LAZY), name="the-kernel-learns-it",
        ),
        Claim(
            "all of it: the kernel at the end has a power at least as steep as that of the network itself",
            "doubted of Vyas et al. 2022, arXiv:2206.10012, whose kernels were trained on fewer examples",
            AS_FAST, AtMost(0.0), region_from="pilot",
            on=TWO, over="examples", control=Twin(DIGITS), name="the-last-kernel-knows-all",
        ),
        Claim(
            "where no direction is better than another, the network's power is steeper by 0.15 at most",
            "theory: no estimate beats the mean of the process that the target is drawn from",
            FASTER, AtLeast(-0.15), region_from="pilot",
            on=ISOTROPIC, over="examples", control=Breaks(TWO), name="without-directions-nothing-is-gained",
        ),
    )  # fmt: skip
