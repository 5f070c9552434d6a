"""What is claimed of barriers modulo permutation: ratios of training loss, pair by pair."""

from phenoscope.atlas.papers import AINSWORTH, ENTEZARI
from phenoscope.atlas.permutation_barrier.measure import SERIES, between
from phenoscope.claims import (
    Above,
    AtLeast,
    AtMost,
    Below,
    Breaks,
    Claim,
    Measured,
    Setting,
    Twin,
    last_value,
    rank_correlation,
)
from phenoscope.comparisons import Comparison

FIRST, SECOND = "one start", "another start"
DEEP_FIRST, DEEP_SECOND = "one start, by depth", "another start, by depth"
WIDE, DEEP = "pairs by width", "pairs by depth"
WIDTH, DEPTH = Setting("model.width"), Setting("model.depth")


def _barrier(order: str) -> Measured:
    return Measured(f"{order} barrier")


NAIVE, MATCHED, CORRELATED, RANDOM, EARLY = (
    last_value(_barrier(order)) for order in ("naive", "weights", "activations", "random", "at the start")
)
LEFT, LEFT_BY_ACTIVATIONS, LEFT_AT_RANDOM, LEFT_EARLY = (
    barrier / NAIVE for barrier in (MATCHED, CORRELATED, RANDOM, EARLY)
)
COPY, COPY_BEFORE = (last_value(Measured(name)) for name in ("copy barrier", "copy barrier before"))


def comparisons() -> tuple[Comparison, ...]:
    """Pairs by seed, which share their data."""
    pairs = {WIDE: (FIRST, SECOND), DEEP: (DEEP_FIRST, DEEP_SECOND)}
    return tuple(Comparison(name, arms, between, SERIES) for name, arms in pairs.items())


def claims() -> tuple[Claim, ...]:
    """The claims; matching is a heuristic, so what it leaves is an upper bound."""
    return (
        Claim(
            "between two starts lies a barrier of at least 0.3 nats of training loss",
            f"{ENTEZARI}; the size from a pilot",
            NAIVE, AtLeast(0.3), region_from="pilot", on=WIDE, each="model.width", name="barrier-between-starts",
            control=Breaks(WIDE, "contradiction", statistic=COPY, called="a permuted copy, matched"),
        ),
        Claim(
            "a copy whose units were permuted at random comes back by matching weights: no barrier is left",
            "theory: the distance to it is 0",
            COPY, AtMost(1e-6), region_from="theory", on=WIDE, each="model.width", name="copy-comes-back",
            control=Breaks(WIDE, "contradiction", statistic=COPY_BEFORE, called="the copy before matching"),
        ),
        Claim(
            "matching units by their weights leaves less than half of the barrier",
            f"{AINSWORTH}; the size from a pilot",
            LEFT, Below(0.5), region_from="pilot", on=WIDE, each="model.width", name="matching-removes-most",
            control=Breaks(WIDE, statistic=LEFT_AT_RANDOM, called="random orders"),
        ),
        Claim(
            "the wider the networks, the smaller the share of the barrier that matching leaves",
            f"{ENTEZARI}; {AINSWORTH}",
            rank_correlation(LEFT, WIDTH), Below(0.0), on=WIDE, over="model.width", name="less-is-left-with-width",
            control=Breaks(WIDE, statistic=rank_correlation(LEFT, WIDTH, shuffled=True), called="dealt out anew"),
        ),
        Claim(
            "the deeper the networks, the larger the share that matching leaves", ENTEZARI,
            rank_correlation(LEFT, DEPTH), Above(0.0), on=DEEP, over="model.depth", name="more-is-left-with-depth",
            control=Breaks(DEEP, statistic=rank_correlation(LEFT, DEPTH, shuffled=True), called="dealt out anew"),
        ),
        Claim(
            "in one order two solutions are in one region: matching by weights leaves at most 0.02 nats",
            f"{ENTEZARI}: a conjecture, of the best order and of networks that are wide enough",
            MATCHED, AtMost(0.02), on=WIDE, each="model.width", name="no-barrier-modulo-permutation",
            control=Twin(WIDE, statistic=CORRELATED, called="matched by activations"),
        ),
        Claim(
            "of wide networks the order that is found before training removes more than of narrow ones",
            "pilot: wide networks stay near where they start",
            rank_correlation(LEFT_EARLY, WIDTH), Below(0.0), region_from="pilot", on=WIDE, over="model.width",
            name="the-start-tells-in-wide-networks",
            control=Breaks(
                WIDE, statistic=rank_correlation(LEFT_EARLY, WIDTH, shuffled=True), called="dealt out anew"
            ),
        ),
    )  # fmt: skip
