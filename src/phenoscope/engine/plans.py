"""From a phenomenon and seeds to plans in order: parents before those that start from their points."""

import dataclasses
import functools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout
from phenoscope.core.seeds import stream
from phenoscope.models import Architecture
from phenoscope.phenomenon import Phenomenon, Plan
from phenoscope.store import rule_name
from phenoscope.training import Point, Recipe, cohorts


def point_name(at: Point | int) -> str:
    """The name under which a point is kept: its mark's, or its step."""
    place = at.at if isinstance(at, Point) else at
    return place if isinstance(place, str) else f"step {place}"


@dataclasses.dataclass(frozen=True)
class Job:
    """A plan, the id of the member whose point it starts from, and that of the one whose mask it has, if any."""

    plan: Plan
    parent: str | None = None
    masker: str | None = None

    @functools.cached_property
    def id(self) -> str:
        """The plan's, which takes a while to compute."""
        return self.plan.id


def waves(phenomenon: Phenomenon, seeds: Sequence[int]) -> list[list[Job]]:
    """All members to be run, each once, in waves: those of a wave start from points of earlier waves."""
    plans = {plan.id: plan for arm in phenomenon.arms for plan in arm.plans(seeds)}
    level: dict[str, int] = {}
    jobs: dict[str, Job] = {}

    def place(plan: Plan) -> tuple[int, str]:
        name = plan.id
        if name not in jobs:
            needed = [None if at is None else place(_parent(at, plans.values())) for at in (plan.start, plan.mask)]
            level[name] = 1 + max((one[0] for one in needed if one is not None), default=-1)
            jobs[name] = Job(plan, *(None if one is None else one[1] for one in needed))
        return level[name], name

    for plan in plans.values():
        place(plan)
    return [[job for i, job in jobs.items() if level[i] == wave] for wave in range(max(level.values()) + 1)]


def grouped(jobs: Sequence[Job]) -> list[list[Job]]:
    """Jobs that advance together as cohorts, the most expensive first so that workers end together.

    Forks go on with their rule's memory only if the parent had the same rule, so those that do and those that do not
    are kept apart. A computation is alone.
    """
    together: list[list[Job]] = []
    alike: dict[object, list[tuple[Job, Recipe]]] = {}
    for job in jobs:
        start, recipe = job.plan.start, job.plan.training
        if recipe is None:
            together.append([job])
            continue
        parents_rule = None if start is None else rule_name(start.recipe.rule)
        kind = (job.plan.probes, job.plan.marks, job.plan.keep, parents_rule)
        alike.setdefault(kind, []).append((job, recipe))
    for same in alike.values():
        recipes = [recipe for _, recipe in same]
        together += [[same[i][0] for i in group] for group in cohorts(recipes, [work_of(r) for r in recipes])]
    return sorted(together, key=lambda group: -sum(_cost(job.plan) for job in group))


def work_of(recipe: Recipe) -> int:
    """Parameters x examples of one step; data sets whose size is not in the recipe count as large."""
    examples = recipe.batch or recipe.data.train or 10_000
    return examples * parameters_of(recipe)


def parameters_of(recipe: Recipe) -> int:
    """The number of parameters p."""
    return _parameters(recipe.model, recipe.data.shape, recipe.data.outputs)


@functools.lru_cache(maxsize=256)
def _parameters(model: Architecture, inputs: tuple[int, ...], outputs: int) -> int:
    return layout(model.build(stream(0, "size"), inputs=inputs, outputs=outputs)).size


def _cost(plan: Plan) -> float:
    """The work of a training; a computation comes before all of them, since nobody can say."""
    recipe = plan.training
    if recipe is None:
        return math.inf
    factor = {"network": 1.0, "linearised": 2.5, "quadratic": 1.5}[recipe.dynamics]
    return factor * recipe.steps * work_of(recipe)


def _parent(start: Point, plans: Iterable[Plan]) -> Plan:
    """The plan that runs the parent's recipe and keeps the point; one is made where no mark is asked for."""
    name, steps = point_name(start), start.recipe.steps
    if isinstance(start.at, int) and not 0 <= start.at <= steps:
        raise BadInput(
            f"a fork starts from step {start.at} of a recipe with {steps} steps. Choose one from 0 to {steps}."
        )
    for plan in plans:
        always = {"initial", "final", *(mark.name for mark in plan.marks), *(point_name(s) for s in plan.keep)}
        if plan.training == start.recipe and name in always:
            return plan
    if isinstance(start.at, int) or name in ("initial", "final"):
        return Plan(start.recipe, probes=(), keep=(start.at,) if isinstance(start.at, int) else ())
    raise BadInput(f"no arm with the parent's recipe sets the mark {start.at!r}, from which another one starts.")


def kept(members: Path, job: Job) -> bool:
    """Whether the points that a job starts from, or has its mask from, were reached and kept."""
    needed = ((job.parent, job.plan.start), (job.masker, job.plan.mask))
    return all(
        (members / name / "points" / f"{point_name(at)}.safetensors").exists()
        for name, at in needed
        if name is not None and at is not None
    )
