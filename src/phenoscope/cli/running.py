"""What `phenoscope run` does, with its progress and its dry run."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from phenoscope.atlas import find
from phenoscope.engine import run
from phenoscope.engine.estimate import estimate
from phenoscope.engine.executor import workers
from phenoscope.engine.progress import shown, spoken
from phenoscope.engine.run import seed_list
from phenoscope.phenomenon import Scale
from phenoscope.report import write_page
from phenoscope.store import Experiment

Seeds = int | Sequence[int] | None


@dataclasses.dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    name: str
    scale: Scale
    seeds: Seeds
    out: Path
    jobs: int | None
    options: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Described:
    """A dry run: as JSON and as text."""

    as_json: dict[str, Any]
    text: str


def execute(asked: Request, *, quiet: bool) -> tuple[Experiment, Path]:
    """Run with progress, then write the page."""
    how = {"scale": asked.scale, "seeds": asked.seeds, "out": asked.out, "jobs": asked.jobs}
    with shown(asked.name.replace("_", " "), quiet=quiet) as progress:
        experiment = run(asked.name, progress=progress, **how, **asked.options)
    return experiment, write_page(experiment, experiment.path / "report")


def describe(asked: Request) -> Described:
    """What would be run, and its estimated cost."""
    phenomenon = find(asked.name, scale=asked.scale, **asked.options)
    seeds = seed_list(asked.seeds, phenomenon)
    cost = estimate(phenomenon, seeds, asked.out, workers(asked.jobs, asked.scale))
    arms = [{"name": arm.name, "members": len(list(arm.plans(seeds))), "says": arm.says} for arm in phenomenon.arms]
    lines = [f"{phenomenon.title}, scale {asked.scale}, seeds {', '.join(map(str, seeds))}:"]
    lines += [f"  {arm['members']:4d} members of {arm['name']} ({arm['says']})" for arm in arms]
    lines.append(
        f"{cost.members} members, {cost.finished} of them finished already; {cost.steps:,} steps to go, "
        f"about {spoken(cost.seconds)} on {cost.jobs} worker{'s' if cost.jobs > 1 else ''}."
    )
    about = {"name": asked.name, "scale": asked.scale, "seeds": seeds, "arms": arms}
    return Described(about | dataclasses.asdict(cost), "\n".join(lines))
