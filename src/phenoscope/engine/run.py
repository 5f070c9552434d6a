"""Run a phenomenon: from its name to verdicts on disk."""

import datetime
import operator
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from phenoscope.atlas import controlled, find, known, origin
from phenoscope.claims import judge
from phenoscope.comparisons import compared, pairs
from phenoscope.core.errors import BadInput
from phenoscope.core.specs import to_json
from phenoscope.engine.environment import environment
from phenoscope.engine.executor import Executor, executor_for, workers
from phenoscope.engine.plans import waves
from phenoscope.engine.sharing import Say, execute
from phenoscope.panels import evaluate
from phenoscope.phenomenon import Arm, Phenomenon, Scale
from phenoscope.record import Record
from phenoscope.store import (
    ArmResult,
    Asked,
    Experiment,
    NewerSchema,
    awaited,
    find_asked,
    member_seconds,
    read_asked,
    read_experiment,
    read_members,
    read_points,
    swept,
    write_asked,
    write_experiment,
    write_pairs,
)
from phenoscope.store.soundness import nameable
from phenoscope.training import Recipe

SEEDS: dict[Scale, int] = {"smoke": 2, "laptop": 5, "paper": 5}
"""How many seeds each scale has unless the caller says otherwise."""

MOST_SEEDS, LARGEST_SEED = 10_000, 2**53
"""A larger count is a slip of the hand; a larger seed is no whole number among the settings of a record."""

OUT = "runs"
"""The folder of members and experiments unless the caller says otherwise."""

Evidence = dict[str, tuple[Record, ...]]


def run(
    phenomenon: str | Phenomenon,
    *,
    scale: Scale = "laptop",
    seeds: int | Sequence[int] | None = None,
    out: str | Path = OUT,
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    say: Say | None = None,
    control: str | None = None,
    **options: Any,
) -> Experiment:
    """Run a phenomenon and judge its claims.

    Members that are finished are found, not repeated; those that were begun are gone on with; those that another
    process is working on are left to it, and waited for at the end.

    Args:
        phenomenon: a name of the atlas, or one of your own.
        scale: `"smoke"` (seconds), `"laptop"` (minutes) or `"paper"` (the source's size); for a name only.
        seeds: how many (0, 1, ...) or which; the scale's number unless given.
        out: the folder for members and experiments.
        jobs: worker processes; as many as cores unless given, one for the smoke scale.
        executor: runs the cohorts instead of local processes.
        progress: called with member-steps done and in all.
        say: called with a sentence when there is nothing left to do but to wait for another process.
        control: `"linearised"` for the same experiment with frozen features, judged by the same claims.
        options: of the phenomenon, for example `data="fashion_mnist"`; for a name only.

    Returns:
        The experiment: `.verdicts`, `.records`, `.path`.

    Raises:
        BadInput: an unknown name or option, seeds that served for a pilot, a folder that cannot be used.
    """
    if not isinstance(phenomenon, str) and options:
        raise BadInput(
            f"the options {sorted(options)} are for a phenomenon of the atlas, named by text. Leave them out."
        )
    if isinstance(phenomenon, str):
        made = find(phenomenon, scale=scale, control=control, **options)
    else:
        made = phenomenon if control is None else controlled(phenomenon, control)
    chosen = seed_list(seeds, made)
    how = executor or executor_for(workers(jobs, made.scale))
    folder = Path(out) / folder_name(made)
    named = isinstance(phenomenon, str)
    return _run(made, chosen, folder, named=named, how=how, progress=progress, say=say)


def resume(
    path: str | Path,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    say: Say | None = None,
) -> Experiment:
    """Go on with an experiment that was begun, by what is written in its folder; as `run` would with the same words.

    Args:
        path: the experiment's folder, or the `out` folder if there is only one experiment in it.
        jobs: as for `run`.
        executor: as for `run`.
        progress: as for `run`; what was done earlier counts as done.
        say: as for `run`.

    Raises:
        BadInput: no experiment there, or one that was made in Python, which only its maker can run again.
    """
    folder = find_asked(Path(path))
    asked = read_asked(folder)
    if not asked.named:
        raise BadInput(
            f"{asked.name} was made in Python, so only there it can be gone on with. Run it again: {asked.command}"
        )
    made = find(asked.name, scale=asked.scale, **asked.options)
    how = executor or executor_for(workers(jobs, made.scale))
    seeds = seed_list(asked.seeds, made)
    return _run(made, seeds, folder, named=True, how=how, progress=progress, say=say)


def _run(
    made: Phenomenon,
    seeds: tuple[int, ...],
    folder: Path,
    *,
    named: bool,
    how: Executor,
    progress: Callable[[int, int], None] | None,
    say: Say | None,
) -> Experiment:
    """Write down what is asked, run what is missing, judge."""
    nameable(folder)
    ordered = waves(made, seeds)
    again = command(made, seeds, folder.parent)
    with awaited(folder):
        _earlier(folder)
        write_asked(folder, Asked(made.name, named, made.scale, dict(made.options), seeds, again))
    members = folder.parent / "members"
    skipped = execute(ordered, members, how, progress or (lambda done, total: None), say or (lambda sentence: None))
    with awaited(folder):  # another process may conclude the same: one after the other, so that the files fit together
        swept(folder)
        earlier = _earlier(folder)
        looks = 1 if earlier is None else earlier.looks + (set(earlier.seeds) != set(seeds))
        return _concluded(made, seeds, folder, skipped, looks)


def seed_list(seeds: int | Sequence[int] | None, phenomenon: Phenomenon) -> tuple[int, ...]:
    """The seeds to run: a count means 0, 1, ...; seeds of the pilot are refused, as they fixed what is judged."""
    if seeds is None:
        seeds = SEEDS[phenomenon.scale]
    try:
        if isinstance(seeds, int) and seeds > MOST_SEEDS:
            raise BadInput(f"seeds are at most {MOST_SEEDS:,}, got {seeds:.3g}. For one certain seed, write a list.")
        chosen = tuple(range(seeds)) if isinstance(seeds, int) else tuple(operator.index(seed) for seed in seeds)
    except TypeError:
        raise BadInput(f"seeds are whole numbers, or a count of them, got {seeds!r}.") from None
    if not chosen or len(set(chosen)) != len(chosen) or min(chosen) < 0 or max(chosen) > LARGEST_SEED:
        raise BadInput(f"seeds must be at least one, different and from 0 to 2^53, got {list(chosen) or seeds}.")
    pilot = sorted(set(chosen) & phenomenon.pilot_seeds)
    if pilot:
        raise BadInput(f"the seeds {pilot} served for the pilot of {phenomenon.name} and cannot judge it. Take others.")
    return chosen


def _earlier(folder: Path) -> Experiment | None:
    """The experiment that was there before; one that cannot be read is written anew, a newer version's is left alone.

    Raises:
        NewerSchema: before anything is trained.
    """
    try:
        return read_experiment(folder)
    except NewerSchema:
        raise
    except BadInput:
        return None


def _concluded(
    phenomenon: Phenomenon, seeds: tuple[int, ...], folder: Path, skipped: set[str], looks: int
) -> Experiment:
    """Read the records, compare, judge, and write the experiment."""
    members = folder.parent / "members"
    evidence: Evidence = {}
    recipes: dict[str, Recipe | None] = {}
    arms = []
    for arm in phenomenon.arms:
        planned = {plan.id: plan.training for plan in arm.plans(seeds)}
        recipes |= planned
        ids = list(planned)
        there = [i for i in ids if i not in skipped]
        evidence[arm.name] = read_members(members / i for i in there)
        arms.append(_arm_result(arm, there, len(ids) - len(there), evidence[arm.name], members))
    evidence |= _comparisons(phenomenon, evidence, folder, recipes)
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
        looks=looks,
        arms=tuple(arms),
        verdicts=judge(phenomenon.claims, evidence, sweeps=phenomenon.sweeps, pilot_seeds=phenomenon.pilot_seeds),
        panels=tuple(evaluate(panel, evidence, phenomenon.sweeps) for panel in phenomenon.panels),
        command=command(phenomenon, seeds, folder.parent),
        environment=environment() | _outside(phenomenon),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        comparisons=tuple(comparison.name for comparison in phenomenon.comparisons),
    )
    write_experiment(experiment)
    return experiment


def _outside(phenomenon: Phenomenon) -> dict[str, str]:
    """The distribution and version of a phenomenon that is not of this library, to be recorded with the run."""
    found = origin(phenomenon.name)
    return {} if found is None else {"phenomenon from": found}


def _comparisons(
    phenomenon: Phenomenon, evidence: Mapping[str, Sequence[Record]], folder: Path, recipes: Mapping[str, Recipe | None]
) -> Evidence:
    """Measure the pairs of each comparison, and write what was read."""
    found: Evidence = {}
    members = folder.parent / "members"
    for comparison in phenomenon.comparisons:
        records = []
        for pair in pairs(comparison, evidence, sweeps=phenomenon.sweeps):
            one, two = (read_points(members / record.id) for record in pair)
            trained = (recipes[pair[0].id], recipes[pair[1].id])
            records.append(compared(comparison, pair, (one, two), trained))
        write_pairs(folder, comparison.name, records, phenomenon.sweeps[comparison.name])
        found[comparison.name] = tuple(records)
    return found


def _arm_result(arm: Arm, ids: list[str], skipped: int, records: Sequence[Record], members: Path) -> ArmResult:
    recipe = to_json(arm.recipe)
    assert isinstance(recipe, dict)  # a spec is an object
    seconds = sum(member_seconds(members / i) for i in ids)
    diverged = sum(record.outcome == "diverged" for record in records)
    sweep = {name: tuple(values) for name, values in arm.varied.items()}
    return ArmResult(arm.name, arm.role, arm.says, recipe, sweep, tuple(ids), seconds, diverged, skipped)


def folder_name(phenomenon: Phenomenon) -> str:
    """The experiment's folder: name, scale, and the options it was made with."""
    options = [value if isinstance(value, str) else f"{name}={_text(value)}" for name, value in _options(phenomenon)]
    text = "-".join([phenomenon.name, phenomenon.scale, *options])
    return "".join(c if c.isalnum() or c in "-_=.," else "_" for c in text)


def command(phenomenon: Phenomenon, seeds: tuple[int, ...], out: Path) -> str:
    """How to run it again to the same folder: at the prompt, or in Python for a phenomenon outside the atlas."""
    numbers = ",".join(map(str, seeds)) + ("," if len(seeds) == 1 else "")
    if not known(phenomenon.name):
        return f"phenoscope.run({phenomenon.name}, seeds=({numbers}), out={str(out)!r})"
    words = ["phenoscope", "run", phenomenon.name, "--scale", phenomenon.scale, "--seeds", numbers]
    words += [word for name, value in _options(phenomenon) for word in (f"--{name}", _text(value))]
    return shlex.join(words if out == Path(OUT) else [*words, "--out", str(out)])


def _options(phenomenon: Phenomenon) -> list[tuple[str, Any]]:
    return [(name.replace("_", "-"), value) for name, value in phenomenon.options.items()]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
