"""Does one number go with another across the models of one seed? Rank correlation over a sweep of several settings."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch

from phenoscope.claims.expressions import kind_of, union
from phenoscope.claims.slopes import SweepStatistic
from phenoscope.claims.statistics import Fixed, Statistic, Value, as_statistic, lacking
from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.record import Record


@dataclasses.dataclass(frozen=True)
class RankCorrelation(SweepStatistic):
    """See `rank_correlation`."""

    x: Statistic
    y: Statistic
    within: str | None = None
    shuffled: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        return union(self.x.settings, self.y.settings, () if self.within is None else (self.within,))

    def takes(self, swept: Sequence[str]) -> bool:
        return self.within is None or self.within in swept

    def of(self, records: Sequence[Record]) -> Value:
        for record in records:
            reason = lacking(record, self.names, self.settings)
            if reason is not None:
                return Value(math.nan, math.nan, reason=reason, missing=True)
        members = sorted(records, key=lambda record: sorted(record.settings.items()))
        x, dx, reason_x = _numbers(self.x, members)
        y, dy, reason_y = _numbers(self.y, members)
        if reason_x or reason_y:
            return Value(math.nan, math.nan, reason=reason_x or reason_y)
        slices = slices_of(members, self.within)
        if self.shuffled:
            order = dealt_anew(slices, members[0].seed)
            y, dy = y[order], dy[order]
        value = _tau(x, y, slices)
        if math.isnan(value):
            return Value(math.nan, math.nan, reason=f"{self} has no pair of members that differ in both")
        errors = [_moved(x, dx, y, slices, value), _moved(y, dy, x, slices, value)]
        return Value(value, float(np.sqrt(np.sum(np.square(errors)))))

    def __str__(self) -> str:
        within = "" if self.within is None else f", within {self.within}"
        return f"rank_correlation({self.x}, {self.y}{within}{', shuffled' if self.shuffled else ''})"


def rank_correlation(x: object, y: object, *, within: str | None = None, shuffled: bool = False) -> RankCorrelation:
    """Kendall's τ-b of two statistics over the members of one seed (for claims with `over`, of one setting or several).

    Without units, from -1 to 1: concordant less discordant pairs of members, over the geometric mean of the pairs that
    differ in x and of those that differ in y (Kendall 1945, Biometrika 33:239). Independent numbers have τ near 0, with
    a standard deviation of √(2(2n + 5) / (9n(n - 1))) where there are no ties.

    Error: how far τ moves when one member's reading moves by its error, in quadrature over the members, whose readings
    know nothing of each other.

    Args:
        x: a statistic of each member, or arithmetic of settings, such as `Setting("lr")`.
        y: another one.
        within: a swept setting: then only pairs of members count that differ in this setting and in no other, so that
            what another setting does to both x and y makes no correlation.
        shuffled: whether the y are dealt out anew among the members that are compared, one deal a seed: what chance
            alone gives, for a control.

    Example:
        >>> from phenoscope.claims import Measured, Setting, last_value
        >>> print(rank_correlation(last_value(Measured("sharpness")), Setting("lr"), within="lr"))
        rank_correlation(last_value(sharpness), lr, within lr)
    """
    if within is not None and (not isinstance(within, str) or not within.strip()):
        raise BadInput(f"`within` names a swept setting, got {within!r}. Write for example within='lr'.")
    one, two = as_statistic(x, "a rank correlation"), as_statistic(y, "a rank correlation")
    for side in (one, two):
        if isinstance(side, Fixed) and not side.settings:
            raise BadInput(f"a rank correlation needs numbers that differ between members, got {kind_of(side)}.")
    return RankCorrelation(one, two, within, shuffled)


def _numbers(statistic: Statistic, members: Sequence[Record]) -> tuple[np.ndarray, np.ndarray, str | None]:
    """The statistic of each member with its error, and why one has none."""
    values = [statistic.of(member) for member in members]
    reason = next((value.reason for value in values if value.reason), None)
    return np.array([value.value for value in values]), np.array([value.error for value in values]), reason


def slices_of(members: Sequence[Record], within: str | None) -> list[np.ndarray]:
    """Places of the members that are compared with each other: all, or those that differ in one setting only.

    What follows from that setting, as steps do from the batch where epochs are matched, goes along with it.
    """
    if within is None:
        return [np.arange(len(members))]
    others = [name for name in members[0].settings if not _follows(name, within, members)]
    found: dict[object, list[int]] = defaultdict(list)
    for place, member in enumerate(members):
        found[tuple(member.settings.get(name) for name in others)].append(place)
    return [np.array(places) for places in found.values()]


def _follows(name: str, within: str, members: Sequence[Record]) -> bool:
    """Whether one value of a setting goes with each value of another."""
    pairs = {(member.settings[within], member.settings.get(name)) for member in members}
    return len(pairs) == len({value for value, _ in pairs})


def _tau(x: np.ndarray, y: np.ndarray, slices: Sequence[np.ndarray]) -> float:
    """τ-b over the pairs inside the slices."""
    agreement = differ_x = differ_y = 0.0
    for places in slices:
        upper = np.triu_indices(len(places), 1)
        one, two = (np.sign(v[places][:, None] - v[places][None, :])[upper] for v in (x, y))
        agreement += float((one * two).sum())
        differ_x, differ_y = differ_x + float((one != 0).sum()), differ_y + float((two != 0).sum())
    return agreement / math.sqrt(differ_x * differ_y) if differ_x and differ_y else math.nan


def _moved(x: np.ndarray, errors: np.ndarray, y: np.ndarray, slices: Sequence[np.ndarray], value: float) -> float:
    """How far τ moves with the error of each x, in quadrature."""
    total = 0.0
    for place in np.flatnonzero(errors > 0):
        moved = [np.where(np.arange(len(x)) == place, x + side * errors, x) for side in (-1, 1)]
        total += max(abs(_tau(each, y, slices) - value) for each in moved) ** 2
    return math.sqrt(total)


def dealt_anew(slices: Sequence[np.ndarray], seed: int) -> np.ndarray:
    """A random order that keeps every place in its slice; the same for the same seed."""
    order = np.arange(sum(map(len, slices)))
    for number, places in enumerate(slices):
        order[places] = places[torch.randperm(len(places), generator=stream(seed, "shuffled", number)).numpy()]
    return order
