"""Training a cohort while its probes are read, with a checkpoint now and then."""

import dataclasses
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.trees import packed
from phenoscope.engine.cohort import Cohort, Progress
from phenoscope.engine.plans import point_name
from phenoscope.phenomenon import Plan
from phenoscope.probes import Mark, Rows, read
from phenoscope.store import (
    Checkpoint,
    Journal,
    KeptPoint,
    Maker,
    MemberFolder,
    read_point,
    rule_name,
    write_checkpoint,
)
from phenoscope.training import MASK, Point, Start, State, of_rule, train

REPORT_SECONDS = 0.2

CHECKPOINT_SHARE = 0.01
"""Of the time, at most, goes into writing checkpoints."""


@dataclasses.dataclass(frozen=True, eq=False)
class Row:
    """Where one row of a cohort is written; without a journal nowhere, since its member is finished already."""

    folder: MemberFolder
    journal: Journal | None


class Pace:
    """When the next checkpoint is due: so many seconds after the last, later where they are slow to write."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    def due(self) -> bool:
        return time.monotonic() >= self._next

    def written(self, began: float) -> None:
        """Note that a checkpoint is written that was begun at that reading of the clock."""
        now = time.monotonic()
        slow = (now - began) / CHECKPOINT_SHARE if self._seconds else 0.0
        self._next = now + max(self._seconds, slow)


@dataclasses.dataclass
class Ledger:
    """What has come of a cohort so far; it changes as training goes on.

    Attributes:
        memories: of the probes.
        stopped: the step at which each row stopped.
        kept: rows and names of the points that have been kept.
    """

    memories: list[Any]
    stopped: list[int | None]
    kept: set[tuple[int, str]]


def record(
    cohort: Cohort, rows: list[Row], maker: Maker, found: Checkpoint | None, *, started: float, progress: Progress
) -> list[int | None]:
    """Train and read, from the checkpoint if there is one.

    Args:
        cohort: what to train.
        rows: where each of its rows is written.
        maker: of the checkpoints.
        found: where to go on.
        started: when the work began on `time.perf_counter`, put back by what earlier attempts took.
        progress: told of what they have done, too.

    Returns:
        The step at which each row stopped, `None` for those that finished.
    """
    plan, pace, ledger = cohort.plans[0], Pace(cohort.checkpoint_seconds), _ledger(cohort.plans, found)
    clock, reported, first = -math.inf, 0, True
    state: State | None = None
    for state in _states(cohort, maker, found):
        alive = state.alive.tolist()
        if any(alive) and pace.due():
            began = time.monotonic()
            _save_all(rows, maker, ledger, state, started)
            pace.written(began)
        ledger.stopped = [
            at if at is not None or ok else state.step for at, ok in zip(ledger.stopped, alive, strict=True)
        ]
        readings, ledger.memories = read(plan.probes, state, ledger.memories) if any(alive) else ([], ledger.memories)
        if first:
            _check_memories(plan, ledger.memories)
            first = False
        _write(readings, alive, rows)
        _keep(plan, state, readings, rows, ledger.kept)
        if time.monotonic() - clock > REPORT_SECONDS:
            progress((state.step - reported) * len(rows))
            clock, reported = time.monotonic(), state.step
    assert state is not None  # train yields at least its first state
    progress((cohort.recipes[0].steps - reported) * len(rows))
    for index, row in enumerate(rows):
        _save(row, "final", state, index)
    return ledger.stopped


def _states(cohort: Cohort, maker: Maker, found: Checkpoint | None) -> Iterator[State]:
    resume = None if found is None else found.reached
    return train(cohort.recipes, start=_start(cohort), resume=resume, device=maker.circumstances["device"] or "cpu")


def _ledger(plans: tuple[Plan, ...], found: Checkpoint | None) -> Ledger:
    if found is None:
        return Ledger([None] * len(plans[0].probes), [None] * len(plans), set())
    return Ledger(list(found.memories), list(found.stopped), set(found.kept))


def _save_all(rows: list[Row], maker: Maker, ledger: Ledger, state: State, started: float) -> None:
    """Write a checkpoint, after the rows that it builds upon."""
    sizes = tuple(0 if row.journal is None else row.journal.settle() for row in rows)
    spent = time.perf_counter() - started
    parts = (tuple(ledger.memories), tuple(ledger.stopped), frozenset(ledger.kept), sizes, spent)
    write_checkpoint(rows[0].folder.path, maker, Checkpoint(state.reached, *parts))


def _check_memories(plan: Plan, memories: Sequence[Any]) -> None:
    """Refuse a probe whose memory could not be stored at the first step, not with the first checkpoint."""
    for probe, memory in zip(plan.probes, memories, strict=True):
        try:
            packed(memory, "")
        except BadInput as problem:
            raise BadInput(
                f"the memory of the probe {type(probe).__name__} cannot go into a checkpoint: {problem}"
            ) from None


def _write(readings: list[Rows], alive: list[bool], rows: list[Row]) -> None:
    journals = [row.journal if ok else None for row, ok in zip(rows, alive, strict=True)]
    for reading in readings:
        for value, journal in zip(reading.values.tolist(), journals, strict=True):
            if journal is not None:
                journal.append(reading.step, reading.name, value)
    for row in rows:
        if row.journal is not None:
            row.journal.breathe()


def _keep(plan: Plan, state: State, readings: list[Rows], rows: list[Row], kept: set[tuple[int, str]]) -> None:
    """Save the points that others start from: the first, those asked for by step, and marks when first reached."""
    names = ["initial"] if state.step == 0 else []
    names += [point_name(state.step)] if state.step in plan.keep else []
    alive = state.alive.tolist()
    for index, row in enumerate(rows):
        reached = [mark.name for mark in plan.marks if _reached(mark, readings, index)]
        for name in names + reached:
            if alive[index] and (index, name) not in kept:
                _save(row, name, state, index)
                kept.add((index, name))


def _reached(mark: Mark, readings: list[Rows], index: int) -> bool:
    reached = mark.reached(readings)
    return reached is not None and bool(reached[index])


def _save(row: Row, name: str, state: State, index: int) -> None:
    if row.journal is not None:
        memory = {key: value[index] for key, value in state.memory.items()}
        row.folder.keep(name, state.step, state.points[index], memory)


def _start(cohort: Cohort) -> Start | None:
    """The points that the cohort's recipes start from, and the masks that they inherit, from their parents' folders.

    The rule's memory is taken along where the parents had the same rule; `grouped` keeps apart those that had not.
    """
    if cohort.parents is None and cohort.maskers is None:
        return None
    found = _read(cohort, cohort.parents, [plan.start for plan in cohort.plans])
    masks = [kept.memory[MASK] for kept in _read(cohort, cohort.maskers, [plan.mask for plan in cohort.plans])]
    carried = {kept.rule for kept in found} == {rule_name(cohort.recipes[0].rule)}
    names = of_rule(found[0].memory) if carried else ()
    memory = {name: torch.stack([kept.memory[name] for kept in found]) for name in names} if carried else None
    points = torch.stack([kept.point for kept in found]) if found else None
    return Start(points, memory, torch.stack(masks) if masks else None)


def _read(cohort: Cohort, members: tuple[str, ...] | None, places: list[Point | None]) -> list[KeptPoint]:
    """The points that others kept for this cohort; none where it needs none."""
    wanted = [at for at in places if at is not None]
    if members is None:
        return []
    return [read_point(cohort.members / one, point_name(at)) for one, at in zip(members, wanted, strict=True)]
