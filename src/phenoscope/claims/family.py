"""Deciding: is an interval in a region or out of it, at what level, in a family of claims, and with how many seeds.

All claims of one phenomenon are one family. Holm's step-down procedure (Holm 1979, Scand. J. Statist. 6:65) keeps the
probability of even one false decision in the family at α. That it does so for decisions to either side is proved for
independent tests (Shaffer 1980, Ann. Statist. 8:1342) and checked by simulation in the tests.
"""

import math
from collections.abc import Sequence
from typing import Literal

from phenoscope.claims.intervals import Sample
from phenoscope.claims.regions import Region

Side = Literal["inside", "outside"]

SMALLEST = 1e-12
"""Levels beyond this are not told apart."""

MOST_SEEDS = 1_000


def side(region: Region, low: float, high: float) -> Side | None:
    """Where the whole interval lies, or None if it crosses an edge."""
    if region.contains(low, high):
        return "inside"
    return "outside" if region.excludes(low, high) else None


def decisive_alpha(sample: Sample, region: Region) -> float:
    """The p-value of a decision: the smallest α at which the (1 − α) interval lies wholly inside or wholly outside.

    Intervals at rising levels are nested, so bisection (here on log α) finds it; 1 if no level decides.
    """
    if side(region, *sample.bounds(1.0)) is None:
        return 1.0
    low, high = math.log(SMALLEST), 0.0
    if side(region, *sample.bounds(SMALLEST)) is not None:
        return SMALLEST
    for _ in range(50):
        middle = (low + high) / 2
        decided = side(region, *sample.bounds(math.exp(middle))) is not None
        low, high = (low, middle) if decided else (middle, high)
    return math.exp(high)


def holm(p_values: Sequence[float], alpha: float) -> tuple[float, ...]:
    """The α at which each member of the family is judged, by Holm's step-down.

    The i-th smallest of m p-values is tested at α/(m − i + 1). From the first that fails on all are judged at the α of
    that failure, which none of them meets.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    levels = [0.0] * len(p_values)
    failed: float | None = None
    for rank, index in enumerate(order):
        level = alpha / (len(p_values) - rank) if failed is None else failed
        if failed is None and p_values[index] > level:
            failed = level
        levels[index] = level
    return tuple(levels)


def seeds_to_decide(sample: Sample, region: Region, alpha: float) -> int | None:
    """About how many seeds would decide at the estimate and spread observed, or None if 1,000 would not."""
    n = sample.n + 1
    while n <= MOST_SEEDS:
        if side(region, *sample.bounds(alpha, n)) is not None:
            return n
        n = max(n + 1, math.ceil(1.05 * n))
    return None
