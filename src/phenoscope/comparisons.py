"""Comparisons: an instrument applied after training to pairs of members, whose readings claims can judge.

The unit is the pair. Members of two arms are paired by seed, and by the swept values that both arms have; members
of one arm make disjoint pairs, in order of their seeds, so that no member counts twice.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective
from phenoscope.record import Record, Series
from phenoscope.training import Recipe, can_expand, expanded_at, objective_of

Points = Mapping[str, Tensor]
"""A member's kept points by name: "initial", "final", and its marks, each (p,)."""


class _NotKeptError(Exception):
    """A point or a loss that a member did not keep: told apart from a mistake in the measure."""


class Kept(dict[str, Tensor]):
    """What a member kept: its points by name, and its record.

    Attributes:
        record: its settings and series, for what is compared along training.
        recipe: what it was trained by; `None` where it was computed.
    """

    def __init__(self, points: Points, record: Record, recipe: Recipe | None = None) -> None:
        super().__init__(points)
        self.record, self.recipe = record, recipe

    def objective(self, part: Literal["train", "test"] = "train") -> Objective:
        """The loss that it was trained on, or that on its test examples, as a function of the point."""
        if self.recipe is None:
            raise BadInput(f"the member {self.record.id} was not trained, so it has no loss.")
        if not can_expand(self.recipe):
            raise _NotKeptError(part)
        return objective_of(self.recipe, part)

    def __missing__(self, name: str) -> Tensor:
        raise _NotKeptError(name)


class _Elsewhere(Kept):
    """A member of which only the record can be compared: its points and its loss are those of another model."""

    def __init__(self, record: Record) -> None:
        super().__init__({}, record)

    def objective(self, part: Literal["train", "test"] = "train") -> Objective:
        raise _NotKeptError(part)


Measure = Callable[[Kept, Kept], Mapping[str, float | Sequence[float] | Series]]
"""From what two members kept to readings by name; a sequence is a series along a path, its index the step."""

NO_SWEEPS: Mapping[str, tuple[str, ...]] = {}


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A measurement of pairs, under a name that claims use like an arm's.

    Attributes:
        name: of the comparison, and of the file with its readings.
        of: one arm (disjoint pairs of seeds) or two (paired by seed).
        measure: what is read from the points of a pair, from their records (`.record` of each), or from the losses that
            they were trained on (`.objective()`).
        series: the names of the readings.
    """

    name: str
    of: tuple[str, ...]
    measure: Measure
    series: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.of) not in (1, 2) or len(set(self.of)) != len(self.of):
            raise BadInput(f"a comparison is of one arm or of two different ones, got {self.of}.")
        if not self.name.strip(" .") or set(self.name) & set("/\\\0"):
            raise BadInput(f"the name of a comparison also names a file, got {self.name!r}. Leave out slashes.")


def pairs(
    comparison: Comparison,
    members: Mapping[str, Sequence[Record]],
    *,
    sweeps: Mapping[str, tuple[str, ...]] = NO_SWEEPS,
) -> list[tuple[Record, Record]]:
    """The pairs of a comparison, from the records of its arms.

    Diverged members are paired like others: the claim says what they count as.

    Args:
        comparison: whose pairs.
        members: records by arm.
        sweeps: the swept settings of each arm that has some; only members of the same swept values make a pair.
    """
    arms = [sorted(members[arm], key=lambda record: record.seed) for arm in comparison.of]
    if len(arms) == 1:
        return _disjoint(arms[0], sweeps.get(comparison.of[0], ()))
    swept = [sweeps.get(arm, ()) for arm in comparison.of]
    shared = tuple(name for name in swept[0] if name in swept[1])
    second = {_place(record, ("seed", *shared)): record for record in arms[1]}
    found = [(record, second.get(_place(record, ("seed", *shared)))) for record in arms[0]]
    return [(record, other) for record, other in found if other is not None]


def compared(
    comparison: Comparison,
    pair: tuple[Record, Record],
    points: tuple[Points, Points],
    recipes: tuple[Recipe | None, Recipe | None] = (None, None),
) -> Record:
    """The record of one pair: the settings of its first member, and the readings as ordinary series.

    Where a member diverged, its points are not a network's: the pair has that outcome, and no readings. It has none
    either where the measure asks for a mark that a member never reached, nor where it asks for points of two linearised
    networks of different starts: those are two different linear models, and no point of the one is one of the other.

    Args:
        comparison: what is measured.
        pair: the records of the two members.
        points: their kept points, by name.
        recipes: what they were trained by.
    """
    name = f"{pair[0].id}-{pair[1].id}"
    lost = next((record for record in pair if record.outcome != "finished"), None)
    if lost is not None:
        return Record(name, pair[0].settings, {}, lost.outcome, lost.stopped_at)
    kept = map(_Elsewhere, pair) if _of_two_models(*recipes) else map(Kept, points, pair, recipes)
    try:
        readings = comparison.measure(*kept)
    except _NotKeptError:
        return Record(name, pair[0].settings, {})
    if set(readings) != set(comparison.series):
        raise BadInput(
            f"the comparison {comparison.name!r} promises the series {sorted(comparison.series)}, "
            f"but its measure gave {sorted(readings)}."
        )
    series = {}
    for reading, value in readings.items():
        if isinstance(value, Series):
            series[reading] = value
            continue
        values = np.atleast_1d(np.asarray(value, dtype=np.float64))
        series[reading] = Series(np.arange(len(values)), values)
    return Record(name, pair[0].settings, series)


def _of_two_models(first: Recipe | None, second: Recipe | None) -> bool:
    """Whether both were trained as linearisations, of networks that start at different points."""
    roots = [None if recipe is None else expanded_at(recipe) for recipe in (first, second)]
    one, other = (
        None
        if root is None
        else (root.model, root.seed, root.initialisation, root.start, root.mask, root.pruning, root.reset)
        for root in roots
    )
    return one is not None and other is not None and one != other


def departure(first: Points, second: Points) -> dict[str, float]:
    """How far apart two networks from one start end, and how their ways differ.

    Returns:
        "relative distance": ‖θ₁ - θ₂‖ / ‖θ₂ - θ₀‖ at the end; "cosine": of the angle between θ₁ - θ₀ and θ₂ - θ₀.
    """
    start = first["initial"].double()
    one, two = first["final"].double() - start, second["final"].double() - start
    cosine = torch.nn.functional.cosine_similarity(one, two, dim=0)
    return {"relative distance": ((one - two).norm() / two.norm()).item(), "cosine": cosine.item()}


def _disjoint(records: Sequence[Record], swept: tuple[str, ...]) -> list[tuple[Record, Record]]:
    """Neighbours in the order of their seeds, at each swept value; one without a partner is left out."""
    groups: dict[tuple[float, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(_place(record, swept), []).append(record)
    return [pair for group in groups.values() for pair in zip(group[0::2], group[1::2], strict=False)]


def _place(record: Record, names: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(record.settings[name] for name in names)
