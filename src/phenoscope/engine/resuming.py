"""What was begun and not finished: the cohorts that earlier processes recorded, to be gone on with as they were."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import from_json
from phenoscope.engine.cohort import Cohort
from phenoscope.engine.environment import best_device, circumstances
from phenoscope.engine.plans import Job, grouped
from phenoscope.phenomenon import Plan
from phenoscope.store import Maker, NewerSchema, checkpoint_step, cohort_of, finished, read_json


def arranged(jobs: Sequence[Job], members: Path) -> list[Cohort]:
    """The cohorts in which unfinished members are to be advanced.

    A cohort that has a checkpoint, or of which a part is finished, is gone on with as it was composed, since the
    results of a row depend on the others in the last bits; members in it that are not among the jobs are read from
    their folders. The other jobs are grouped anew.
    """
    known = {job.id: job for job in jobs}
    left, begun = dict(known), []
    for name in known:
        found = _begun(members / name, known) if name in left else None
        if found is not None:
            begun.append(_cohort(found, members))
            left = {other: job for other, job in left.items() if other not in begun[-1].ids}
    return begun + [_cohort(group, members) for group in grouped(list(left.values()))]


def step_reached(cohort: Cohort) -> int:
    """The step from which a cohort goes on; 0 if it begins."""
    maker = Maker(cohort.ids, circumstances(best_device()))
    return checkpoint_step(cohort.members / cohort.ids[0], maker) or 0


def _cohort(jobs: Sequence[Job], members: Path) -> Cohort:
    parents = tuple(job.parent for job in jobs if job.parent is not None)
    maskers = tuple(job.masker for job in jobs if job.masker is not None)
    return Cohort(tuple(job.plan for job in jobs), members, parents or None, maskers=maskers or None)


def _begun(path: Path, known: Mapping[str, Job]) -> list[Job] | None:
    """The jobs of the cohort that a member's folder records, if it is to be gone on with."""
    members, ids = path.parent, cohort_of(path)
    if not ids:
        return None
    there = checkpoint_step(members / ids[0], Maker(ids, circumstances(best_device()))) is not None
    if not there and not any(finished(members / name) for name in ids):
        return None
    jobs = [known.get(name) or _job(members / name) for name in ids]
    return None if None in jobs else [job for job in jobs if job is not None]


def _job(path: Path) -> Job | None:
    """The plan that a member's folder records; `None` where that cannot be read, or is another one by now."""
    try:
        about = read_json(path / "member.json")
        plan, parent, masker = from_json(about["plan"]), about["parent"], about.get("masker")
        whole = isinstance(plan, Plan) and plan.id == path.name
        whole = whole and (plan.start is None, plan.mask is None) == (parent is None, masker is None)
    except NewerSchema:
        raise
    except (BadInput, KeyError, TypeError, ValueError, AttributeError):
        return None
    return Job(plan, parent, masker) if whole else None
