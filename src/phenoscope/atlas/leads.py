"""By how much one network is more accurate than another that it shares its data with, seed by seed."""

from phenoscope.claims import Measured, Statistic, last_value
from phenoscope.comparisons import Comparison, Kept

LEAD: Statistic = last_value(Measured("lead"))
"""Test accuracy of the first less that of the second, at the end of both."""


def leads(pairs: dict[str, tuple[str, str]]) -> tuple[Comparison, ...]:
    """Comparisons of pairs of arms by name."""
    return tuple(Comparison(name, arms, lead, ("lead",)) for name, arms in pairs.items())


def lead(first: Kept, second: Kept) -> dict[str, float]:
    """The lead at the end of training."""
    one, two = (kept.record.series["test accuracy"].values[-1] for kept in (first, second))
    return {"lead": one - two}
