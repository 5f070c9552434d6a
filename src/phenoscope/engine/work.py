"""The work of one cohort: lock its members, go on from where they are, and write them to their end."""

import contextlib
import time
from pathlib import Path
from typing import Any

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine.cohort import Cohort, Progress
from phenoscope.engine.computing import compute
from phenoscope.engine.environment import best_device, circumstances, environment
from phenoscope.engine.recording import Row, record
from phenoscope.store import (
    POINTS,
    UNREADABLE,
    Checkpoint,
    Journal,
    Maker,
    MemberFolder,
    finished,
    held,
    journal_bytes,
    leftovers,
    read_checkpoint,
    remove_checkpoint,
    swept,
    tidied,
)


def work(cohort: Cohort, progress: Progress) -> None:
    """Run one cohort to finished members on disk, from where an earlier process left it, if one did.

    A cohort of which another living process has a member is left alone: nothing is done, and nothing reported.

    Raises:
        PhenoscopeError: with the member named, when it cannot be run.
    """
    try:
        with held([cohort.members / name for name in cohort.ids]) as mine:
            if mine:
                _work(cohort, progress)
    except PhenoscopeError as problem:
        recipe = cohort.plans[0].recipe
        raise type(problem)(f"{problem} (member {cohort.plans[0].id}, seed {recipe.seed})") from problem


def tidy(path: Path) -> None:
    """Remove what a killed process left beside a finished member; nothing while somebody is at work there."""
    if leftovers(path):
        with held([path]) as mine:
            if mine:
                tidied(path)


def _work(cohort: Cohort, progress: Progress) -> None:
    """The work, with all locks held."""
    started = time.perf_counter()
    paths = [cohort.members / name for name in cohort.ids]
    for path in paths:
        swept(path)
        swept(path / POINTS)
    done = [finished(path) for path in paths]
    if all(done):  # by another process, since this one looked
        progress(cohort.steps)
    else:
        maker = Maker(cohort.ids, circumstances(best_device()))
        folders = _folders(cohort, maker)
        found = _checkpoint(paths[0], maker, folders, done)
        before = started if found is None else started - found.seconds
        with contextlib.ExitStack() as stack:
            journals = [None if ok else stack.enter_context(_journal(f)) for f, ok in zip(folders, done, strict=True)]
            rows = [Row(folder, journal) for folder, journal in zip(folders, journals, strict=True)]
            try:
                if cohort.recipes:
                    stopped = record(cohort, rows, maker, found, started=before, progress=progress)
                else:
                    stopped = [compute(cohort.plans[0], journals[0], progress)]
            except UNREADABLE as problem:
                if found is None or isinstance(problem, PhenoscopeError):
                    raise
                remove_checkpoint(paths[0])
                raise PhenoscopeError(
                    f"the checkpoint in {paths[0]} does not fit this cohort ({type(problem).__name__}: {problem}), so "
                    "it was removed. Run the same command again: its members then begin anew."
                ) from problem
        seconds = (time.perf_counter() - before) / len(folders)
        for folder, at, ok in zip(folders, stopped, done, strict=True):
            if not ok:
                folder.finish("finished" if at is None else "diverged", at, seconds)
    for path in paths:
        tidied(path)


def _checkpoint(first: Path, maker: Maker, folders: list[MemberFolder], done: list[bool]) -> Checkpoint | None:
    """The checkpoint to go on from, if there is one and all rows written before it are there; else it is removed."""
    found = read_checkpoint(first, maker, best_device())
    if found is not None and all(
        ok or (folder.continues() and journal_bytes(folder.path) >= size)
        for ok, folder, size in zip(done, folders, found.journals, strict=True)
    ):
        return found
    remove_checkpoint(first)
    return None


def _journal(folder: MemberFolder) -> Journal:
    """The member's journal: continued where the rows in it are those that would be written again."""
    return folder.resume() if folder.continues() else folder.begin()


def _folders(cohort: Cohort, maker: Maker) -> list[MemberFolder]:
    first = cohort.plans[0]
    if any((p.probes, p.marks, p.keep) != (first.probes, first.marks, first.keep) for p in cohort.plans):
        raise BadInput("the plans of a cohort must have the same probes, marks and steps to keep.")
    sizes = [{"inputs": list(recipe.data.shape), "outputs": recipe.data.outputs} for recipe in cohort.recipes[:1]]
    about: dict[str, Any] = {
        "cohort": list(maker.cohort),
        "circumstances": dict(maker.circumstances),
        **(sizes[0] if sizes else {}),
        "device": maker.circumstances["device"],
        "environment": environment(),
    }
    parents, maskers = (found or [None] * len(cohort.plans) for found in (cohort.parents, cohort.maskers))
    return [
        MemberFolder(cohort.members, plan, {**about, "parent": parent, **({"masker": masker} if masker else {})})
        for plan, parent, masker in zip(cohort.plans, parents, maskers, strict=True)
    ]
