"""What is claimed of weights that come and go: against a mask that stays, and against each other."""

from phenoscope.atlas.leads import LEAD, leads
from phenoscope.claims import Above, AtLeast, AtMost, Breaks, Claim, Measured, last_value, maximum, minimum
from phenoscope.comparisons import Comparison

MOCANU, EVCI = "Mocanu et al. 2018, arXiv:1707.04780", "Evci et al. 2020, arXiv:1911.11134"

GRADIENT, RANDOM, STATIC = "grown by gradient", "grown at random", "static mask"
SMALLEST, PRUNED, DENSE = "grown by the smallest gradient", "pruned gradually", "dense"
LONG_GRADIENT, LONG_RANDOM, LONG_STATIC = "by gradient, long", "at random, long", "static mask, long"

OVER_STATIC, RANDOM_OVER_STATIC = "by gradient over static", "at random over static"
OVER_RANDOM, SMALLEST_OVER_RANDOM = "by gradient over at random", "by the smallest gradient over at random"
SMALLEST_OVER_STATIC, OVER_PRUNED = "by the smallest gradient over static", "by gradient over pruned"
LONG_OVER_PRUNED, STATIC_OVER_PRUNED = "by gradient, long, over pruned", "static, long, over pruned"

ACTIVE, EXPLORED = Measured("active share"), last_value(Measured("explored share"))


def comparisons() -> tuple[Comparison, ...]:
    """By seed: the same data, the same start, and the same first mask."""
    return leads({
        OVER_STATIC: (GRADIENT, STATIC),
        RANDOM_OVER_STATIC: (RANDOM, STATIC),
        SMALLEST_OVER_STATIC: (SMALLEST, STATIC),
        OVER_RANDOM: (GRADIENT, RANDOM),
        SMALLEST_OVER_RANDOM: (SMALLEST, RANDOM),
        OVER_PRUNED: (GRADIENT, PRUNED),
        LONG_OVER_PRUNED: (LONG_GRADIENT, PRUNED),
        STATIC_OVER_PRUNED: (LONG_STATIC, PRUNED),
    })  # fmt: skip


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "as many weights are trained at every step", "theory: as many come as go",
            maximum(ACTIVE) - minimum(ACTIVE), AtMost(0.0), region_from="theory",
            on=GRADIENT, control=Breaks(PRUNED), name="as-many-at-every-step",
        ),
        Claim(
            "weights that come where the gradient is largest lead to a more accurate network than a mask that stays",
            EVCI, LEAD, Above(0), on=OVER_STATIC, control=Breaks(SMALLEST_OVER_STATIC), name="gradient-beats-static",
        ),
        Claim(
            "weights that come at random lead to a more accurate network than a mask that stays", MOCANU,
            LEAD, Above(0), on=RANDOM_OVER_STATIC, control=Breaks(SMALLEST_OVER_STATIC), name="random-beats-static",
        ),
        Claim(
            "where weights come by the gradient the network is more accurate than where they come at random", EVCI,
            LEAD, Above(0), on=OVER_RANDOM, control=Breaks(SMALLEST_OVER_RANDOM), name="gradient-beats-random",
        ),
        Claim(
            "given three times the steps, weights that come and go are less than a point below gradual pruning",
            f"{EVCI}: longer training closes the gap; the size from a pilot",
            LEAD, AtLeast(-0.01), region_from="pilot",
            on=LONG_OVER_PRUNED, control=Breaks(STATIC_OVER_PRUNED), name="length-closes-the-gap",
        ),
    )  # fmt: skip
