"""What came of a training: what the coefficients found, and what became of the features over the plateau."""

from phenoscope.atlas.sparse_features.claims import (
    ACTIVE,
    ACTIVE_PLATEAU,
    ERROR,
    F1,
    L1,
    RANK,
    RANK_PLATEAU,
)
from phenoscope.comparisons import Kept
from phenoscope.record import Record

THRESHOLD = 0.1
"""A coefficient larger than this is taken to be found: the true ones have size 1."""


def found(support: int, first: Kept, other: Kept) -> dict[str, float]:
    """Of a diagonal linear network: how well its coefficients find the support, their norm, and its error.

    Args:
        support: how many inputs matter.
        first: the network.
        other: the one it is compared with.

    Returns:
        F1: of the inputs with a coefficient above 0.1 against those that matter, which are the first ones; L1: their
        l1 norm; ERROR: the test loss over that of the other network.
    """
    u, v = first["final"].double().chunk(2)
    size = (u.square() - v.square()).abs()
    if first.recipe is not None and first.recipe.dynamics == "linearised":
        a, b = first["initial"].double().chunk(2)  # where its one expansion is
        size = (a * (2 * u - a) - b * (2 * v - b)).abs()
    chosen = size > THRESHOLD
    right = int(chosen[:support].sum())
    score = 2 * right / (int(chosen.sum()) + support)
    return {F1: score, L1: float(size.sum()), ERROR: _ratio(first, other, "test loss")}


def learned(first: Kept, other: Kept) -> dict[str, float]:
    """Of a ReLU network: its features over the plateau, and beside those of the other network at the end.

    Returns:
        ACTIVE_PLATEAU, RANK_PLATEAU: the value where the rate drops over that where it has risen; ACTIVE, RANK, ERROR:
        the last value over the other network's.
    """
    over = {
        ACTIVE_PLATEAU: _plateau(first.record, "active share"),
        RANK_PLATEAU: _plateau(first.record, "feature rank"),
    }
    beside = {ACTIVE: "active share", RANK: "feature rank", ERROR: "test loss"}
    return over | {name: _ratio(first, other, series) for name, series in beside.items()}


def _plateau(record: Record, name: str) -> float:
    series, begin, end = record.series[name], record.settings["lr.before.steps"], record.settings["lr.when"]
    inside = series.values[(series.steps >= begin) & (series.steps <= end)]
    return float(inside[-1] / inside[0])


def _ratio(first: Kept, other: Kept, name: str) -> float:
    one, two = (kept.record.series[name].values[-1] for kept in (first, other))
    return float(one / two)
