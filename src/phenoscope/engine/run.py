"""Run a phenomenon: from its name to verdicts on disk."""

import datetime
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from phenoscope.atlas import find
from phenoscope.claims import judge
from phenoscope.comparisons import compared, pairs
from phenoscope.core.errors import BadInput
from phenoscope.core.specs import to_json
from phenoscope.engine.environment import environment
from phenoscope.engine.executor import Executor, executor_for
from phenoscope.engine.plans import Job, grouped, kept, waves
from phenoscope.engine.work import Cohort
from phenoscope.panels import evaluate
from phenoscope.phenomenon import Arm, Phenomenon, Scale
from phenoscope.record import Record
from phenoscope.store import (
    ArmResult,
    Experiment,
    finished,
    member_seconds,
    read_experiment,
    read_member,
    read_points,
    write_experiment,
)

SEEDS: dict[Scale, int] = {"smoke": 2, "laptop": 5, "paper": 5}
"""How many seeds each scale has unless the caller says otherwise."""

Evidence = dict[str, tuple[Record, ...]]


def run(
    phenomenon: str | Phenomenon,
    *,
    scale: Scale = "laptop",
    seeds: int | Sequence[int] | None = None,
    out: str | Path = "runs",
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Experiment:
    """Run a phenomenon and judge its claims; members that are finished already are found, not repeated.

    Args:
        phenomenon: a name of the atlas, or one of your own.
        scale: `"smoke"` (seconds), `"laptop"` (minutes) or `"paper"` (the source's size); for a name only.
        seeds: how many (0, 1, ...) or which; the scale's number unless given.
        out: the folder for members and experiments.
        jobs: worker processes; as many as cores unless given, one for the smoke scale.
        executor: runs the cohorts instead of local processes.
        progress: called with member-steps done and in all.
        options: of the phenomenon, for example `data="fashion_mnist"`; for a name only.

    Returns:
        The experiment: `.verdicts`, `.records`, `.path`.

    Raises:
        BadInput: an unknown name or option, seeds that served for a pilot, a folder that cannot be used.
    """
    made = find(phenomenon, scale=scale, **options) if isinstance(phenomenon, str) else phenomenon
    chosen = seed_list(seeds, made)
    members = Path(out) / "members"
    how = executor or executor_for(jobs or (1 if made.scale == "smoke" else os.cpu_count() or 1))
    skipped = _execute(made, chosen, members, how, progress or (lambda done, total: None))
    return _concluded(made, chosen, Path(out), members, skipped)


def seed_list(seeds: int | Sequence[int] | None, phenomenon: Phenomenon) -> tuple[int, ...]:
    """The seeds to run: a count means 0, 1, ...; seeds of the pilot are refused, as they fixed what is judged."""
    if seeds is None:
        seeds = SEEDS[phenomenon.scale]
    chosen = tuple(range(seeds)) if isinstance(seeds, int) else tuple(int(seed) for seed in seeds)
    if not chosen or len(set(chosen)) != len(chosen) or min(chosen) < 0:
        raise BadInput(f"seeds must be at least one, different and not negative, got {list(chosen)}.")
    pilot = sorted(set(chosen) & phenomenon.pilot_seeds)
    if pilot:
        raise BadInput(f"the seeds {pilot} served for the pilot of {phenomenon.name} and cannot judge it. Take others.")
    return chosen


def _execute(
    phenomenon: Phenomenon, seeds: tuple[int, ...], members: Path, executor: Executor,
    progress: Callable[[int, int], None],
) -> set[str]:  # fmt: skip
    """Run what is not there yet; returns the ids of those whose starting point was never reached."""
    ordered = waves(phenomenon, seeds)
    total = sum(job.plan.recipe.steps for wave in ordered for job in wave)
    done, skipped = 0, set()

    def advance(steps: int) -> None:
        nonlocal done
        done += steps
        progress(done, total)

    for wave in ordered:
        lost = {job.plan.id for job in wave if job.parent in skipped or not kept(members, job)}
        skipped |= lost
        todo = [job for job in wave if job.plan.id not in lost and not finished(members / job.plan.id)]
        advance(sum(job.plan.recipe.steps for job in wave if job not in todo))
        executor.run([_cohort(group, members) for group in grouped(todo)], advance)
    return skipped


def _cohort(jobs: list[Job], members: Path) -> Cohort:
    parents = tuple(job.parent for job in jobs if job.parent is not None)
    return Cohort(tuple(job.plan for job in jobs), members, parents or None)


def _concluded(
    phenomenon: Phenomenon, seeds: tuple[int, ...], out: Path, members: Path, skipped: set[str]
) -> Experiment:
    """Read the records, compare, judge, and write the experiment."""
    evidence: Evidence = {}
    arms = []
    for arm in phenomenon.arms:
        ids = [plan.id for plan in arm.plans(seeds)]
        there = [i for i in ids if i not in skipped]
        evidence[arm.name] = tuple(read_member(members / i) for i in there)
        arms.append(_arm_result(arm, there, len(ids) - len(there), evidence[arm.name], members))
    evidence |= _comparisons(phenomenon, evidence, members)
    verdicts = judge(phenomenon.claims, evidence, sweeps=phenomenon.sweeps, pilot_seeds=phenomenon.pilot_seeds)
    folder = out / folder_name(phenomenon)
    experiment = Experiment(
        path=folder,
        name=phenomenon.name,
        title=phenomenon.title,
        question=phenomenon.question,
        summary=phenomenon.summary,
        scale=phenomenon.scale,
        options=dict(phenomenon.options),
        sources=phenomenon.sources,
        seeds=seeds,
        looks=_looks(folder, seeds),
        arms=tuple(arms),
        verdicts=verdicts,
        panels=tuple(evaluate(panel, evidence, phenomenon.sweeps) for panel in phenomenon.panels),
        command=_command(phenomenon, seeds),
        environment=environment(),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    write_experiment(experiment)
    return experiment


def _comparisons(phenomenon: Phenomenon, evidence: Mapping[str, Sequence[Record]], members: Path) -> Evidence:
    found: Evidence = {}
    for comparison in phenomenon.comparisons:
        records = []
        for pair in pairs(comparison, evidence):
            one, two = (read_points(members / record.id) for record in pair)
            records.append(compared(comparison, pair, (one, two)))
        found[comparison.name] = tuple(records)
    return found


def _arm_result(arm: Arm, ids: list[str], skipped: int, records: Sequence[Record], members: Path) -> ArmResult:
    recipe = to_json(arm.recipe)
    assert isinstance(recipe, dict)  # a spec is an object
    seconds = sum(member_seconds(members / i) for i in ids)
    diverged = sum(record.outcome == "diverged" for record in records)
    sweep = {name: tuple(values) for name, values in arm.sweep.items()}
    return ArmResult(arm.name, arm.role, arm.says, recipe, sweep, tuple(ids), seconds, diverged, skipped)


def folder_name(phenomenon: Phenomenon) -> str:
    """The experiment's folder: name, scale, and the options that are not the default."""
    extra = [f"{key}={value}" if not isinstance(value, str) else value for key, value in phenomenon.options.items()]
    text = "-".join([phenomenon.name, phenomenon.scale, *extra])
    return "".join(c if c.isalnum() or c in "-_=.," else "_" for c in text)


def _looks(folder: Path, seeds: tuple[int, ...]) -> int:
    """How often these claims have been judged here with different seeds, this time included."""
    try:
        earlier = read_experiment(folder)
    except BadInput:
        return 1
    return earlier.looks + (set(earlier.seeds) != set(seeds))


def _command(phenomenon: Phenomenon, seeds: tuple[int, ...]) -> str:
    words = [f"phenoscope run {phenomenon.name}", f"--scale {phenomenon.scale}", f"--seeds {','.join(map(str, seeds))}"]
    for name, value in phenomenon.options.items():
        words.append(f"--{name} {','.join(map(str, value)) if isinstance(value, tuple) else value}")
    return " ".join(words)


