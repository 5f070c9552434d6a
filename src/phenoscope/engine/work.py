"""The work of one cohort: train it, read its probes, write its members."""

import contextlib
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine.environment import best_device, environment
from phenoscope.engine.plans import point_name
from phenoscope.phenomenon import Plan
from phenoscope.probes import Mark, Rows, read
from phenoscope.store import Journal, MemberFolder, read_point, rule_name
from phenoscope.training import Start, State, train

Progress = Callable[[int], None]
"""Called with the number of member-steps done since the last call."""

REPORT_SECONDS = 0.2


@dataclasses.dataclass(frozen=True)
class Cohort:
    """Plans that advance together; this is what an executor hands to a worker.

    Attributes:
        plans: of one shape, with the same probes.
        members: the folder of all members, where parents are found and results go.
        parents: ids of the members they start from; `None` where they start afresh.
    """

    plans: tuple[Plan, ...]
    members: Path
    parents: tuple[str, ...] | None = None

    @property
    def steps(self) -> int:
        """Member-steps in all."""
        return sum(plan.recipe.steps for plan in self.plans)


def work(cohort: Cohort, progress: Progress) -> None:
    """Run one cohort from its start to finished members on disk.

    Raises:
        PhenoscopeError: with the arm's recipe named, when it cannot be run.
    """
    started = time.perf_counter()
    device = best_device()
    about = _about(cohort, device)
    folders = [MemberFolder(cohort.members, plan, about) for plan in cohort.plans]
    try:
        with contextlib.ExitStack() as stack:
            journals = [stack.enter_context(folder.begin()) for folder in folders]
            stopped = _record(cohort, folders, journals, device, progress)
        seconds = (time.perf_counter() - started) / len(folders)
        for folder, at in zip(folders, stopped, strict=True):
            folder.finish("finished" if at is None else "diverged", at, seconds)
    except PhenoscopeError as problem:
        recipe = cohort.plans[0].recipe
        raise type(problem)(f"{problem} (member {cohort.plans[0].id}, seed {recipe.seed})") from problem


def _record(
    cohort: Cohort, folders: list[MemberFolder], journals: list[Journal], device: torch.device, progress: Progress
) -> list[int | None]:
    """Train and read; returns the step at which each row stopped, `None` for those that finished."""
    plan = cohort.plans[0]
    memories: list[Any] = [None] * len(plan.probes)
    kept: set[tuple[int, str]] = set()
    stopped: list[int | None] = [None] * len(folders)
    clock, reported = time.monotonic(), 0
    state: State | None = None
    for state in train([p.recipe for p in cohort.plans], start=_start(cohort), device=device):
        alive = state.alive.tolist()
        stopped = [at if at is not None or ok else state.step for at, ok in zip(stopped, alive, strict=True)]
        rows, memories = read(plan.probes, state, memories) if any(alive) else ([], memories)
        _write(rows, alive, journals)
        _keep(plan, state, rows, folders, kept)
        if time.monotonic() - clock > REPORT_SECONDS:
            progress((state.step - reported) * len(folders))
            clock, reported = time.monotonic(), state.step
    assert state is not None  # train yields at least its first state
    progress((plan.recipe.steps - reported) * len(folders))
    for row, folder in enumerate(folders):
        _save(folder, "final", state, row)
    return stopped


def _write(rows: list[Rows], alive: list[bool], journals: list[Journal]) -> None:
    for reading in rows:
        for value, ok, journal in zip(reading.values.tolist(), alive, journals, strict=True):
            if ok:
                journal.append(reading.step, reading.name, value)
    for journal in journals:
        journal.breathe()


def _keep(plan: Plan, state: State, rows: list[Rows], folders: list[MemberFolder], kept: set[tuple[int, str]]) -> None:
    """Save the points that others start from: the first, those asked for by step, and marks when first reached."""
    names = ["initial"] if state.step == 0 else []
    names += [point_name(state.step)] if state.step in plan.keep else []
    alive = state.alive.tolist()
    for row, folder in enumerate(folders):
        reached = [mark.name for mark in plan.marks if _reached(mark, rows, row)]
        for name in names + reached:
            if alive[row] and (row, name) not in kept:
                _save(folder, name, state, row)
                kept.add((row, name))


def _reached(mark: Mark, rows: list[Rows], row: int) -> bool:
    reached = mark.reached(rows)
    return reached is not None and bool(reached[row])


def _save(folder: MemberFolder, name: str, state: State, row: int) -> None:
    folder.keep(name, state.step, state.points[row], {key: value[row] for key, value in state.memory.items()})


def _start(cohort: Cohort) -> Start | None:
    """The points that the cohort's recipes start from, read from their parents' folders.

    The rule's memory is taken along where the parents had the same rule; `grouped` keeps apart those that had not.
    """
    if cohort.parents is None:
        return None
    starts = [plan.recipe.start for plan in cohort.plans if plan.recipe.start is not None]
    found = [
        read_point(cohort.members / parent, point_name(start))
        for start, parent in zip(starts, cohort.parents, strict=True)
    ]
    carried = {kept.rule for kept in found} == {rule_name(cohort.plans[0].recipe.rule)}
    memory = {key: torch.stack([kept.memory[key] for kept in found]) for key in found[0].memory} if carried else None
    return Start(torch.stack([kept.point for kept in found]), memory)


def _about(cohort: Cohort, device: torch.device) -> dict[str, Any]:
    first = cohort.plans[0]
    if any((p.probes, p.marks, p.keep) != (first.probes, first.marks, first.keep) for p in cohort.plans):
        raise BadInput("the plans of a cohort must have the same probes, marks and steps to keep.")
    return {
        "cohort": [plan.id for plan in cohort.plans],
        "inputs": list(first.recipe.data.shape),
        "outputs": first.recipe.data.outputs,
        "device": str(device),
        "environment": environment(),
    }
