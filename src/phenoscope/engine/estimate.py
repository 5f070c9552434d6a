"""What would a run cost? A few steps and readings of each kind of cohort are timed, and multiplied out."""

import dataclasses
import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from phenoscope.engine.cohort import Cohort
from phenoscope.engine.computing import seconds_a_step
from phenoscope.engine.executor import one_thread
from phenoscope.engine.plans import waves
from phenoscope.engine.resuming import arranged, step_reached
from phenoscope.phenomenon import Phenomenon, Plan
from phenoscope.probes import heavy, read
from phenoscope.store import finished
from phenoscope.training import Inherited, Recipe, train, with_setting

TIMED_SECONDS = 0.5
"""About how long each kind of cohort is timed, and on to a second reading of the curvature: the first one is cold."""

TOO_LONG = 4
"""Times as long as that, and a computation is not timed again for every setting of a sweep."""

FEWEST = 3
"""Plain steps whose middle one counts: the first of a process takes longer."""

LONG_SECONDS = 0.1
"""A reading of one small network that takes longer is of instruments that measure row by row."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """The cost of a run before it is made.

    Attributes:
        members: in all.
        finished: those that are there already.
        steps: updates still to be made; a member that was begun needs fewer.
        seconds: estimated wall-clock time of the rest, shared by the workers.
        jobs: the number of workers assumed.
    """

    members: int
    finished: int
    steps: int
    seconds: float
    jobs: int


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds of one kind of cohort: before its first step, of a plain step, and of a reading of the curvature."""

    first: float
    step: float
    reading: float


def estimate(phenomenon: Phenomenon, seeds: Sequence[int], out: Path, jobs: int) -> Estimate:
    """Time a few steps and readings of each kind of cohort that is still to be run."""
    ordered = waves(phenomenon, seeds)
    every = [job for wave in ordered for job in wave]
    members = out / "members"
    todo = [[job for job in wave if not finished(members / job.id)] for wave in ordered]
    cohorts = [[(cohort, step_reached(cohort)) for cohort in arranged(wave, members)] for wave in todo]
    known: dict[object, Cost] = {}
    with one_thread():
        seconds = sum(_shared([_seconds(*one, known) for one in wave], jobs) for wave in cohorts)
    left = {job.id for wave in todo for job in wave}
    steps = sum(_steps(*one, left) for wave in cohorts for one in wave)
    return Estimate(len(every), len(every) - len(left), steps, seconds, jobs)


def _steps(cohort: Cohort, reached: int, left: set[str]) -> int:
    """Updates that the unfinished members of a cohort still need."""
    return sum(plan.recipe.steps - reached for plan, name in zip(cohort.plans, cohort.ids, strict=True) if name in left)


def _shared(parts: Sequence[float], jobs: int) -> float:
    """When the last of so many workers ends, each taking the next part when it is free."""
    ends = [0.0] * jobs
    for part in parts:
        ends[ends.index(min(ends))] += part
    return max(ends)


def _seconds(cohort: Cohort, reached: int, known: dict[object, Cost]) -> float:
    plan = cohort.plans[0]
    kind = plan.training
    key = (
        with_setting(plan.recipe, "seed", 0)
        if kind is None
        else (kind.data, kind.model, kind.loss, kind.dynamics, kind.batch, kind.dtype, plan.probes, len(cohort.plans))
    )
    if key not in known:
        known[key] = _timed(cohort) if cohort.recipes else _computed(plan, known)
    cost = known[key]
    readings = sum(heavy(plan.probes, step) for step in range(reached, plan.recipe.steps + 1))
    return cost.first + (plan.recipe.steps - reached) * cost.step + readings * cost.reading


def _computed(plan: Plan, known: dict[object, Cost]) -> Cost:
    """The cost of a kind of computation, or of another kind of as many steps, if to time that one took too long."""
    alike = type(plan.recipe), plan.recipe.steps
    if alike in known:
        return known[alike]
    begun = time.perf_counter()
    cost = Cost(0.0, seconds_a_step(plan, TIMED_SECONDS), 0.0)
    if time.perf_counter() - begun > TOO_LONG * TIMED_SECONDS:  # it says nothing for long, or all of it at its end
        known[alike] = cost
    return cost


def _timed(cohort: Cohort) -> Cost:
    """The cost of a kind of cohort, from the beginning of a training from a start of its own.

    Where a reading of one member takes long, the members are taken to be measured one after the other: then one is.
    """
    plan = cohort.plans[0]
    recipes = [
        dataclasses.replace(recipe, start=None, mask=None if isinstance(recipe.mask, Inherited) else recipe.mask)
        for recipe in cohort.recipes
    ]
    alone = _reading(plan.probes, recipes[0]) if len(recipes) > 1 else 0.0
    probes = plan.probes if alone < LONG_SECONDS else ()
    memories: list[Any] = [None] * len(probes)
    plain: list[float] = []
    measured: list[float] = []
    states = train(recipes)
    first = next(states)  # the data are drawn and the networks built by now
    begun = last = time.perf_counter()
    for state in itertools.chain((first,), states):
        _, memories = read(probes, state, memories)
        now = time.perf_counter()
        (measured if heavy(probes, state.step) else plain).append(now - last)
        last = now
        few = len(measured) == 1 or len(plain) < FEWEST
        if now - begun > TIMED_SECONDS and (not few or now - begun > 3 * TIMED_SECONDS):
            break
    step = sorted(plain)[len(plain) // 2] if plain else 0.0
    if not probes and plan.probes:
        return Cost(0.0, step, len(recipes) * alone)
    later = measured[1:] or measured
    reading = max(0.0, sum(later) / len(later) - step) if later else 0.0
    return Cost(max(0.0, measured[0] - reading - step) if measured else 0.0, step, reading)


def _reading(probes: tuple[Any, ...], recipe: Recipe) -> float:
    """Seconds of the first reading of one member, the shorter of two: what a process does once is in the other."""
    taken: list[float] = []
    for _ in range(2):
        state = next(train([recipe]))
        begun = time.perf_counter()
        read(probes, state, [None] * len(probes))
        taken.append(time.perf_counter() - begun)
    return min(taken)
