"""What is claimed of children of one run: barriers between their ends, against the step at which they left."""

from phenoscope.atlas.papers import FRANKLE_LINEAR
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
    onset,
    rank_correlation,
)
from phenoscope.comparisons import Comparison, Kept
from phenoscope.instruments import barrier

PARENT = "parent"
FIRST, SECOND = "first child", "second child"
START, START_AGAIN = "first child from the start", "second child from the start"
OTHER = "another initialisation"
FULL, FULL_AGAIN = "full batch", "full batch again"
SLOW, SLOW_AGAIN = "small rate", "small rate, another order"

CHILDREN, FROM_START = "children", "children from the start"
STRANGERS, WITHOUT_NOISE, AT_SMALL_RATE = "two initialisations", "without noise", "at a small rate"

LOSS_LEVEL, ERROR_LEVEL = 0.02, 0.02
"""Below these there is said to be no barrier: nats of training loss, and the share of wrong answers."""

BARRIER, ERRORS, DISTANCE = (last_value(Measured(name)) for name in ("barrier", "error barrier", "relative distance"))
LEFT = Setting("start.at")
SHARE = LEFT / (LEFT + Setting("steps"))
SERIES = ("barrier", "barrier.residual", "error barrier", "relative distance")


def comparisons() -> tuple[Comparison, ...]:
    """Pairs by seed, which share their data: the training loss on the line between their ends."""
    pairs = {
        CHILDREN: (FIRST, SECOND),
        FROM_START: (START, START_AGAIN),
        STRANGERS: (START, OTHER),
        WITHOUT_NOISE: (FULL, FULL_AGAIN),
        AT_SMALL_RATE: (SLOW, SLOW_AGAIN),
    }
    return tuple(Comparison(name, arms, between, SERIES) for name, arms in pairs.items())


def between(first: Kept, second: Kept) -> dict[str, float]:
    """The barrier between two ends, and their distance over the mean distance from where each began."""
    ends = (first["final"], second["final"])
    found = barrier(first.objective(), *ends, errors=True)
    ways = [(end.double() - kept["initial"].double()).norm() for end, kept in zip(ends, (first, second), strict=True)]
    apart = (ends[0].double() - ends[1].double()).norm()
    return {
        "barrier": found.value,
        "barrier.residual": found.grid_error,
        "error barrier": found.error_value,
        "relative distance": (2 * apart / (ways[0] + ways[1])).item(),
    }


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "two orders of the data from the very start end with a barrier of at least 0.1 nats between them",
            f"{FRANKLE_LINEAR}; the size from a pilot",
            BARRIER, AtLeast(0.1), region_from="pilot",
            on=FROM_START, control=Breaks(AT_SMALL_RATE, by="contradiction"), name="orders-part-at-the-start",
        ),
        Claim(
            "from a fifth of the training on, at the latest, the order of the data is no matter: no barrier above 0.02 "
            "nats is left",
            f"{FRANKLE_LINEAR}: 3 % of the training for ResNet-20 on CIFAR-10, 20 % for ResNet-50 on ImageNet",
            onset(BARRIER <= LOSS_LEVEL, SHARE), AtMost(0.2),
            on=CHILDREN, over="start.at", name="onset-is-early",
            control=Twin(CHILDREN, statistic=onset(ERRORS <= ERROR_LEVEL, SHARE), called="by the error, 2 points"),
        ),
        Claim(
            "the later the children part, the lower the barrier between their ends", FRANKLE_LINEAR,
            rank_correlation(BARRIER, LEFT), Below(-0.5), region_from="pilot",
            on=CHILDREN, over="start.at", name="falls-with-the-step",
            control=Breaks(
                CHILDREN, statistic=rank_correlation(BARRIER, LEFT, shuffled=True), called="barriers dealt out anew"
            ),
        ),
        Claim(
            "two initialisations on the same data lie beyond a barrier of at least 1.5 nats, which children from one "
            "initialisation do not", f"{FRANKLE_LINEAR}; the size from a pilot",
            BARRIER, AtLeast(1.5), region_from="pilot",
            on=STRANGERS, control=Breaks(FROM_START, by="contradiction"), name="strangers-are-further-than-children",
        ),
        Claim(
            "without mini-batches there is nothing to part them: no barrier at all",
            "theory: training on all data has no order",
            BARRIER, AtMost(1e-6), region_from="theory",
            on=WITHOUT_NOISE, control=Breaks(FROM_START, by="contradiction"), name="no-noise-no-barrier",
        ),
        Claim(
            "at a thirtieth of the rate children from the start end without a barrier",
            "pilot: the noise shrinks with the rate",
            BARRIER, AtMost(LOSS_LEVEL), region_from="pilot",
            on=AT_SMALL_RATE, control=Breaks(FROM_START, by="contradiction"), name="a-small-rate-does-not-part",
        ),
    )  # fmt: skip
