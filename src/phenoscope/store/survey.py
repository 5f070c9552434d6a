"""What lies in a folder of runs: experiments, runs in folders of their own, and what cannot be read."""

import dataclasses
import os
from pathlib import Path

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.store.experiment import Experiment
from phenoscope.store.experiments import EXPERIMENT, read_experiment
from phenoscope.store.files import exists
from phenoscope.store.loading import Member
from phenoscope.store.members import MEMBER, read_member


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """A folder that holds a run which cannot be read, and the sentence why."""

    path: Path
    why: str


@dataclasses.dataclass(frozen=True, eq=False)
class Survey:
    """What a folder of runs holds.

    Attributes:
        folder: where was looked.
        experiments: the newest first.
        runs: members that lie in folders of their own, as watched runs do, by name. The members of experiments,
            in `members/`, are not among them.
        unreadable: what a broken file or a newer version kept from being read, by name.
    """

    folder: Path
    experiments: tuple[Experiment, ...]
    runs: tuple[Member, ...]
    unreadable: tuple[Unreadable, ...]


def survey(folder: Path) -> Survey:
    """Everything that was run under a folder; one broken run among many hides none of the others.

    Raises:
        BadInput: the folder is not there, or cannot be looked into.
    """
    experiments: list[Experiment] = []
    runs: list[Member] = []
    unreadable: list[Unreadable] = []
    for path in _folders(folder):
        try:
            if exists(path / EXPERIMENT):
                experiments.append(read_experiment(path))
            elif exists(path / MEMBER):
                runs.append(Member(path, read_member(path)))
        except PhenoscopeError as problem:
            unreadable.append(Unreadable(path, str(problem)))
    experiments.sort(key=lambda experiment: experiment.created, reverse=True)
    return Survey(folder, tuple(experiments), tuple(runs), tuple(unreadable))


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir())
    except OSError as problem:
        raise BadInput(
            f"{folder} holds no experiment: {problem.strerror or problem}. Pass the folder given as `--out`, or run "
            "`phenoscope run NAME` first."
        ) from None
