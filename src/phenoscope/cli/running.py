"""What `phenoscope run` does, with its progress and its dry run."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from phenoscope.atlas import find
from phenoscope.engine import run
from phenoscope.engine.estimate import estimate
from phenoscope.engine.progress import shown
from phenoscope.engine.run import seed_list
from phenoscope.report import write_page
from phenoscope.store import Experiment

Seeds = int | Sequence[int] | None


@dataclasses.dataclass(frozen=True)
class Described:
    """A dry run: as JSON and as text."""

    as_json: dict[str, Any]
    text: str


def execute(
    name: str, scale: Any, seeds: Seeds, out: Path, jobs: int | None, options: dict[str, Any], *, quiet: bool
) -> tuple[Experiment, Path]:
    """Run with progress, then write the page."""
    with shown(name.replace("_", " "), quiet=quiet) as progress:
        experiment = run(name, scale=scale, seeds=seeds, out=out, jobs=jobs, progress=progress, **options)
    return experiment, write_page(experiment, experiment.path / "report")


def describe(
    name: str, scale: Any, seeds: Seeds, out: Path, jobs: int | None, options: dict[str, Any]
) -> Described:
    """What would be run, and its estimated cost."""
    phenomenon = find(name, scale=scale, **options)
    chosen = seed_list(seeds, phenomenon)
    cost = estimate(phenomenon, chosen, out, jobs or os.cpu_count() or 1)
    arms = [{"name": arm.name, "members": len(list(arm.plans(chosen))), "says": arm.says} for arm in phenomenon.arms]
    lines = [f"{phenomenon.title}, scale {scale}, seeds {', '.join(map(str, chosen))}:"]
    lines += [f"  {arm['members']:4d} members of {arm['name']} ({arm['says']})" for arm in arms]
    lines.append(
        f"{cost.members} members, {cost.finished} of them finished already; {cost.steps:,} steps to go, about "
        f"{cost.seconds / 60:.1f} min on {cost.jobs} workers."
    )
    return Described({"name": name, "scale": scale, "seeds": chosen, "arms": arms, **dataclasses.asdict(cost)}, "\n".join(lines))
