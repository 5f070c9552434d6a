"""What is claimed of networks found in random ones by removing weights."""

import math

from phenoscope.claims import AtLeast, AtMost, Between, Breaks, Claim, Measured, Setting, largest, last_value, slope

MALACH = "Malach et al. 2020, arXiv:2002.00585"
PENSIA = "Pensia et al. 2020, arXiv:2006.07990"

PRODUCTS, UNIFORM, NORMAL, SINGLE = "sums of products", "sums of uniform numbers", "sums of normal numbers", "no sums"
TARGET, ONE, RANDOM = "a network in a network", "one path a weight", "paths by chance"
COUNT = Setting("candidates")
BITS, LOST = last_value(Measured("log error")), last_value(Measured("lost accuracy"))
DISTANCE, CHANGED = last_value(Measured("relative error")), last_value(Measured("changed weights"))


def claims(most: int) -> tuple[Claim, ...]:
    """The claims; 2ᵏ sums on a range that grows as the root of k are one bit a number apart, less ½ log₂ k.

    Args:
        most: paths a weight of the widest random network.
    """
    halving = Between(-1.15, -0.8)
    return (
        *(
            Claim(
                f"with each candidate more, the error of {arm} halves, nearly", PENSIA,
                slope(BITS, COUNT), halving, region_from="pilot",
                on=arm, over="candidates", control=Breaks(SINGLE), name=f"{slug}-halve-the-error",
            )
            for arm, slug in ((PRODUCTS, "products"), (UNIFORM, "uniform-numbers"), (NORMAL, "normal-numbers"))
        ),
        Claim(
            "so does the error of a network found in a random one", PENSIA,
            slope(BITS, COUNT), Between(-1.3, -0.7), region_from="pilot",
            on=TARGET, over="candidates", control=Breaks(ONE), name="networks-halve-the-error",
        ),
        Claim(
            f"with {most} paths a weight its outputs are those of the target to 1 %", MALACH,
            largest(last_value(0 - Measured("log error"))), AtLeast(math.log2(100)), region_from="pilot",
            on=TARGET, over="candidates", control=Breaks(RANDOM), name="a-network-is-found",
        ),
        Claim(
            "no weight is other than it was drawn", MALACH,
            largest(CHANGED), AtMost(0.0), region_from="theory",
            on=TARGET, over="candidates", name="no-weight-has-changed",
        ),
    )  # fmt: skip
