"""What would a run cost? A few steps and one reading of each kind of member are timed, and multiplied out."""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path


from phenoscope.engine.executor import one_thread
from phenoscope.engine.plans import Job, grouped, waves
from phenoscope.phenomenon import Phenomenon, Plan
from phenoscope.store import finished
from phenoscope.training import Recipe, train

TIMED_STEPS = 6


@dataclasses.dataclass(frozen=True)
class Estimate:
    """The cost of a run before it is made.

    Attributes:
        members: in all.
        finished: those that are there already.
        steps: updates still to be made.
        seconds: estimated wall-clock time of the rest, shared by the workers.
        jobs: the number of workers assumed.
    """

    members: int
    finished: int
    steps: int
    seconds: float
    jobs: int


def estimate(phenomenon: Phenomenon, seeds: Sequence[int], out: Path, jobs: int) -> Estimate:
    """Time one step, and one step with curvature, of each kind of cohort that is still to be run."""
    ordered = waves(phenomenon, seeds)
    every = [job for wave in ordered for job in wave]
    todo = [job for job in every if not finished(out / "members" / job.plan.id)]
    seconds = 0.0
    with one_thread():
        for group in grouped(todo):
            seconds += _seconds(group)
    steps = sum(job.plan.recipe.steps for job in todo)
    return Estimate(len(every), len(every) - len(todo), steps, seconds / jobs, jobs)


_TIMED: dict[tuple[object, ...], tuple[float, float]] = {}


def _seconds(group: list[Job]) -> float:
    plan = group[0].plan
    key = (plan.recipe.model, plan.recipe.data, plan.recipe.dynamics, plan.recipe.batch, plan.probes, len(group))
    if key not in _TIMED:
        _TIMED[key] = _timed(group)
    plain, measured = _TIMED[key]
    readings = sum(any(probe.needs_curvature(step) for probe in plan.probes) for step in range(plan.recipe.steps + 1))
    return plan.recipe.steps * plain + readings * measured


def _timed(group: list[Job]) -> tuple[float, float]:
    """Seconds of a plain step and of the additional work of a step with curvature."""
    plans: list[Plan] = [dataclasses.replace(j.plan, recipe=_fresh(j.plan)) for j in group]
    memories = [None] * len(plans[0].probes)
    plain, measured = [], []
    last = time.perf_counter()
    for state in train([plan.recipe for plan in plans], start=None):
        heavy = any(probe.needs_curvature(state.step) for probe in plans[0].probes)
        if heavy:
            state.around.hessian()
        for index, probe in enumerate(plans[0].probes):
            if probe.due(state.step):
                _, memories[index] = probe.update(state, memories[index])
        now = time.perf_counter()
        (measured if heavy else plain).append(now - last)
        last = now
    usual = sorted(plain)[len(plain) // 2] if plain else 0.0
    return usual, max(0.0, (min(measured) - usual)) if measured else 0.0


def _fresh(plan: Plan) -> Recipe:
    """The same recipe for a few steps from a start of its own."""
    return dataclasses.replace(plan.recipe, start=None, steps=TIMED_STEPS)


