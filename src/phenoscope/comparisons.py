"""Comparisons: an instrument applied after training to pairs of members, whose readings claims can judge.

The unit is the pair. Members of two arms are paired by seed; members of one arm make disjoint pairs, in order of
their seeds, so that no member counts twice.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.record import Record, Series

Points = Mapping[str, Tensor]
"""A member's kept points by name: "initial", "final", and its marks, each (p,)."""

Measure = Callable[[Points, Points], Mapping[str, float | Sequence[float]]]
"""From two members' points to readings by name; a sequence is a series along a path, its index the step."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A measurement of pairs, under a name that claims use like an arm's.

    Attributes:
        name: of the comparison.
        of: one arm (disjoint pairs of seeds) or two (paired by seed).
        measure: what is read from the points of a pair.
        series: the names of the readings.
    """

    name: str
    of: tuple[str, ...]
    measure: Measure
    series: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.of) not in (1, 2) or len(set(self.of)) != len(self.of):
            raise BadInput(f"a comparison is of one arm or of two different ones, got {self.of}.")


def pairs(comparison: Comparison, members: Mapping[str, Sequence[Record]]) -> list[tuple[Record, Record]]:
    """The pairs of a comparison, from the records of its arms; diverged members make no pair."""
    arms = [sorted(members[arm], key=lambda record: record.seed) for arm in comparison.of]
    usable = [[record for record in arm if record.outcome == "finished"] for arm in arms]
    if len(usable) == 1:
        only = usable[0]
        return list(zip(only[0::2], only[1::2], strict=False))
    second = {_place(record): record for record in usable[1]}
    return [(record, second[_place(record)]) for record in usable[0] if _place(record) in second]


def compared(comparison: Comparison, pair: tuple[Record, Record], points: tuple[Points, Points]) -> Record:
    """The record of one pair: the settings of its first member, and the readings as ordinary series."""
    readings = comparison.measure(*points)
    if set(readings) != set(comparison.series):
        raise BadInput(
            f"the comparison {comparison.name!r} promises the series {sorted(comparison.series)}, "
            f"but its measure gave {sorted(readings)}."
        )
    series = {}
    for name, value in readings.items():
        values = np.atleast_1d(np.asarray(value, dtype=np.float64))
        series[name] = Series(np.arange(len(values)), values)
    return Record(f"{pair[0].id}-{pair[1].id}", pair[0].settings, series)


def departure(first: Points, second: Points) -> dict[str, float]:
    """How far apart two networks from one start end, and how their ways differ.

    Returns:
        "relative distance": ‖θ₁ - θ₂‖ / ‖θ₂ - θ₀‖ at the end; "cosine": of the angle between θ₁ - θ₀ and θ₂ - θ₀.
    """
    start = first["initial"].double()
    one, two = first["final"].double() - start, second["final"].double() - start
    cosine = torch.nn.functional.cosine_similarity(one, two, dim=0)
    return {"relative distance": ((one - two).norm() / two.norm()).item(), "cosine": cosine.item()}


def _place(record: Record) -> int:
    return record.seed
