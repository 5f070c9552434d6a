"""How accurate networks are beside each other, where several phenomena ask for the same."""

import numpy as np

from phenoscope.comparisons import Kept


def late_accuracy(kept: Kept) -> float:
    """The mean share of right answers on test examples over the last quarter of training."""
    series = kept.record.series["test accuracy"]
    return float(np.mean(series.values[series.steps >= 0.75 * series.steps[-1]]))


def lost(one: Kept, other: Kept) -> dict[str, float]:
    """By how much the second is less accurate, late in training: "accuracy lost"."""
    return {"accuracy lost": late_accuracy(one) - late_accuracy(other)}


def lead(first: Kept, second: Kept) -> dict[str, float]:
    """By how much the first is more accurate after a quarter of the training, "lead", and at its end, "late lead"."""
    one, two = (kept.record.series["test accuracy"] for kept in (first, second))
    ahead = one.values - two.values
    quarter = int(np.searchsorted(one.steps, one.steps[-1] / 4))
    return {"lead": float(ahead[quarter]), "late lead": float(ahead[-1])}
