"""What is claimed of the rate for a richness.

Bands about exponents of theory are as wide as a pilot's seeds were apart, and leave out those of the other depths.
"""

import math

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    average,
    largest,
    last_value,
    log_log_slope,
)

ATANASOV = "Atanasov et al. 2024"
KERNEL = "theory: descent on an expansion diverges beyond two over its largest curvature"
HOMOGENEOUS = "theory: dividing by γ is a start γ^(1/L) times smaller, with a rate γ^(2/L) times smaller"
SADDLE = "theory: from a start γ^(1/L) times smaller, homogeneous networks leave the saddle as much later"

DEPTHS = (2, 3, 4)
LAZY, RICH, FROZEN = ({depth: f"{side}, {depth} layers" for depth in DEPTHS} for side in ("lazy", "rich", "linearised"))
BETWEEN, WIDTHS, SHRINKING = "between, 3 layers", "several widths", "several widths, one NTK scale"
GAMMA, WIDTH, LOSS = Setting("gamma"), Setting("width"), Measured("loss")
RATE, SHARE, FASTEST, LAW, DEPARTURE, PLATEAU, HALF = (
    last_value(Measured(name))
    for name in (
        "largest rate", "largest rate over the kernel's", "fastest rate", "law", "departure", "plateau",
        "updates to half",
    )
)  # fmt: skip
BAND = 0.15
POWERS = {2: "γ", 3: "γ^(2/3)", 4: "the root of γ"}
LENGTHS = {3: "the third root of γ", 4: "the root of γ"}


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_rates(), *_where(), *_curves())


def _rates() -> tuple[Claim, ...]:
    lazy = tuple(
        Claim(
            f"where γ is small the largest rate of {depth} layers goes as γ²", f"{ATANASOV}; {KERNEL}",
            log_log_slope(RATE, GAMMA), Between(1.9, 2.1), region_from="theory",
            on=LAZY[depth], over="gamma", control=Breaks(RICH[depth]), name=f"the-square-with-{depth}-layers",
        )
        for depth in DEPTHS
    )  # fmt: skip
    rich = tuple(
        Claim(
            f"where γ is large that of {depth} layers goes as {POWERS[depth]}", f"{ATANASOV}; {HOMOGENEOUS}",
            log_log_slope(RATE, GAMMA), Between(2 / depth - BAND, 2 / depth + BAND), region_from="pilot",
            on=RICH[depth], over="gamma", control=Breaks(FROZEN[depth]), name=f"two-over-depth-with-{depth}-layers",
        )
        for depth in DEPTHS
    )  # fmt: skip
    return (
        *lazy,
        *rich,
        Claim(
            "and so does, with 3 layers, the rate of the fewest updates", ATANASOV,
            log_log_slope(FASTEST, GAMMA), Between(2 / 3 - BAND, 2 / 3 + BAND), region_from="pilot",
            on=RICH[3], over="gamma", control=Breaks(FROZEN[3]), name="the-fastest-rate-too",
        ),
    )  # fmt: skip


def _where() -> tuple[Claim, ...]:
    """Not exponents alone, but where each law holds and with which factor."""
    return (
        Claim(
            "where γ is small it is that of the tangent kernel at the start, to a tenth", KERNEL,
            average(SHARE), Between(0.9, 1.1), region_from="theory",
            on=LAZY[3], over="gamma", control=Breaks(RICH[3]), name="the-lazy-rate-is-the-kernels",
        ),
        Claim(
            "the two laws meet near γ = 1: from 0.1 to 30 the largest rate is within a factor of 3 of the smaller one",
            f"{ATANASOV}; what is near 1 in the mean-field parametrisation",
            largest(DEPARTURE), AtMost(math.log2(3)), region_from="pilot",
            on=BETWEEN, over="gamma", control=Breaks(FROZEN[3]), name="the-laws-meet-near-one",
        ),
        Claim(
            "with one γ, which divides outputs by the root of the width once more, it grows as the width",
            "theory: in the mean-field parametrisation with rates in proportion to the width, all widths move alike",
            log_log_slope(RATE, WIDTH), Between(0.8, 1.2), region_from="theory",
            on=WIDTHS, over="width", control=Breaks(SHRINKING), name="the-rate-grows-as-the-width",
        ),
    )  # fmt: skip


def _curves() -> tuple[Claim, ...]:
    """Of losses at half of the largest rate."""
    lengths = tuple(
        Claim(
            f"with {depth} layers the updates to half of the loss go as {LENGTHS[depth]}", SADDLE,
            log_log_slope(HALF, GAMMA), Between(1 - 2 / depth - BAND, 1 - 2 / depth + BAND), region_from="pilot",
            on=RICH[depth], over="gamma", control=Breaks(FROZEN[depth]), name=f"the-plateau-of-{depth}-layers",
        )
        for depth in DEPTHS[1:]
    )  # fmt: skip
    return (
        Claim(
            "lazy losses fall at once: the first tenth never takes more than a fifth of the time to half",
            "theory: 0.152 at most for any sum of falling exponentials",
            largest(PLATEAU), AtMost(0.2), region_from="theory",
            on=LAZY[3], over="gamma", control=Breaks(RICH[3]), name="lazy-losses-have-no-plateau",
        ),
        Claim(
            "rich losses have a plateau and a drop: the first tenth takes more than half of that time, on average",
            ATANASOV, average(PLATEAU), AtLeast(0.5), region_from="pilot",
            on=RICH[3], over="gamma", control=Breaks(FROZEN[3]), name="rich-losses-have-a-plateau",
        ),
        Claim(
            "with 2 layers the plateau grows hardly with γ, as a logarithm: the updates to half with an exponent of a "
            "quarter at most",
            SADDLE, log_log_slope(HALF, GAMMA), Between(0.0, 0.25), region_from="pilot",
            on=RICH[2], over="gamma", control=Breaks(RICH[4]), name="the-plateau-of-2-layers",
        ),
        *lengths,
    )  # fmt: skip
