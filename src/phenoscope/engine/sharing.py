"""Running what is missing of an experiment, beside any other processes that do the same."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from phenoscope.core.errors import PhenoscopeError
from phenoscope.engine.executor import Executor
from phenoscope.engine.plans import Job, kept
from phenoscope.engine.resuming import arranged
from phenoscope.engine.work import tidy
from phenoscope.store import finished, locked

POLL_SECONDS = 0.5
"""Between two looks at what other processes have finished."""

MOST_TRIES = 20
"""Of handing out members that nobody else has, without any of them being finished."""

Say = Callable[[str], None]
"""Called with a sentence for the person who waits."""


class _Tally:
    """Counts member-steps: those of members known to be done, and those told of on the way."""

    def __init__(self, total: int, progress: Callable[[int, int], None]) -> None:
        self._total, self._progress = total, progress
        self._settled, self._moving, self._shown = 0, 0, 0

    def advance(self, steps: int) -> None:
        """So many more have been made."""
        self._moving += steps
        self._show()

    def settle(self, steps: int) -> None:
        """So many are now behind us, whatever was told of them before, and whoever made them."""
        self._settled += steps
        self._moving = 0
        self._show()

    def _show(self) -> None:
        self._shown = max(self._shown, min(self._total, self._settled + self._moving))
        self._progress(self._shown, self._total)


def execute(
    ordered: Sequence[Sequence[Job]],
    members: Path,
    executor: Executor,
    progress: Callable[[int, int], None],
    say: Say,
) -> set[str]:
    """Run what is not there yet; returns the ids of those whose starting point was never reached.

    Args:
        ordered: waves of jobs, parents before those that start from their points.
        members: the folder of all members.
        executor: runs the cohorts.
        progress: called with member-steps done and in all.
        say: called when there is nothing left to do but to wait for another process.
    """
    tally = _Tally(_steps([job for wave in ordered for job in wave]), progress)
    skipped: set[str] = set()
    for wave in ordered:
        missing = _unfinished(wave, members)
        todo = [job for job in missing if not {job.parent, job.masker} & skipped and kept(members, job)]
        skipped |= {job.id for job in missing} - {job.id for job in todo}
        tally.settle(_steps(wave) - _steps(todo))
        _complete(todo, members, executor, tally, say)
        for job in wave:
            tidy(members / job.id)
    return skipped


def _complete(todo: list[Job], members: Path, executor: Executor, tally: _Tally, say: Say) -> None:
    """Have all jobs finished, by this process or by those that have them."""
    tries, told = 0, False
    while todo:
        free = [job for job in todo if not locked(members / job.id)]
        cohorts = [c for c in arranged(free, members) if not any(locked(members / name) for name in c.ids)]
        if cohorts:
            executor.run(cohorts, tally.advance)
        left = _unfinished(todo, members)
        tally.settle(_steps(todo) - _steps(left))
        if len(left) == len(todo):
            tries += len(cohorts) > 0
            if tries > MOST_TRIES:
                raise PhenoscopeError(
                    f"{len(left)} members were handed out {tries} times and are not finished, the first of them "
                    f"{members / left[0].id}. An executor must run the cohorts that it is given."
                )
            if not cohorts and not told:
                say(f"waiting for {len(left)} members that another process is working on")
                told = True
            time.sleep(POLL_SECONDS)
        todo = left


def _unfinished(jobs: Sequence[Job], members: Path) -> list[Job]:
    return [job for job in jobs if not finished(members / job.id)]


def _steps(jobs: Sequence[Job]) -> int:
    return sum(job.plan.recipe.steps for job in jobs)
