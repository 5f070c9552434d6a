"""What `phenoscope run` does, with its progress and its dry run."""

import dataclasses
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from phenoscope.atlas import find
from phenoscope.engine import resume, run
from phenoscope.engine.estimate import estimate
from phenoscope.engine.executor import workers
from phenoscope.engine.progress import shown, spoken
from phenoscope.engine.run import folder_name, seed_list
from phenoscope.phenomenon import Scale
from phenoscope.report import write_page
from phenoscope.store import REQUEST, Experiment, read_asked

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
    control: str | None = None

    @property
    def made_with(self) -> dict[str, Any]:
        """All that decides the phenomenon besides its name and scale."""
        return self.options | ({} if self.control is None else {"control": self.control})


@dataclasses.dataclass(frozen=True)
class Described:
    """A dry run: as JSON and as text."""

    as_json: dict[str, Any]
    text: str


def execute(asked: Request, *, quiet: bool) -> tuple[Experiment, Path]:
    """Run with progress, then write the page."""
    how = {"scale": asked.scale, "seeds": asked.seeds, "out": asked.out, "jobs": asked.jobs}
    with going_on(lambda: _folder(asked)), shown(asked.name.replace("_", " "), quiet=quiet) as progress:
        experiment = run(asked.name, progress=progress, say=progress.say, **how, **asked.made_with)
        return experiment, write_page(experiment, experiment.path / "report")


def execute_again(folder: Path, *, jobs: int | None, quiet: bool) -> tuple[Experiment, Path]:
    """Go on with progress, then write the page."""
    what = read_asked(folder).name.replace("_", " ")
    with going_on(lambda: folder), shown(what, quiet=quiet) as progress:
        experiment = resume(folder, jobs=jobs, progress=progress, say=progress.say)
        return experiment, write_page(experiment, experiment.path / "report")


def request_of(folder: Path, jobs: int | None) -> Request:
    """What was asked for in an experiment's folder, as if it were asked again."""
    asked = read_asked(folder)
    return Request(asked.name, asked.scale, asked.seeds, folder.parent, jobs, dict(asked.options))


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with the sentence that says how to go on."""


@contextmanager
def going_on(folder: Callable[[], Path]) -> Iterator[None]:
    """Turn Ctrl-C into the sentence that says how to go on with the experiment in a folder."""
    try:
        yield
    except KeyboardInterrupt:
        sentence = "Interrupted. What was done is kept: run the same command again to go on"
        begun = folder()
        known = (begun / REQUEST).exists()  # else it was interrupted before it had begun
        words = shlex.join(["phenoscope", "resume", str(begun)])
        raise Interrupted(f"{sentence}, or: {words}" if known else f"{sentence}.") from None


def _folder(asked: Request) -> Path:
    return asked.out / folder_name(find(asked.name, scale=asked.scale, **asked.made_with))


def describe(asked: Request) -> Described:
    """What would be run, and its estimated cost."""
    phenomenon = find(asked.name, scale=asked.scale, **asked.made_with)
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
