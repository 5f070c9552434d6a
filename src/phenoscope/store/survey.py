"""What lies in a folder of runs: experiments, runs in folders of their own, and what cannot be read."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phenoscope.claims import Verdict
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.record import Record
from phenoscope.store.experiment import Experiment
from phenoscope.store.experiments import EXPERIMENT, REQUEST, read_experiment
from phenoscope.store.files import exists, read_json
from phenoscope.store.members import MEMBER, read_member
from phenoscope.store.watched import read_diagnosis, read_watched


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """A folder that holds a run which cannot be read, and the sentence why."""

    path: Path
    why: str


@dataclasses.dataclass(frozen=True, eq=False)
class SingleRun:
    """A run in a folder of its own: a watched one, or a member of an experiment by itself.

    Attributes:
        path: its folder.
        record: its settings, outcome and series, as far as it has come.
        about: what `member.json` says of it; with the section "watched" for a watched one.
        verdicts: of its last diagnosis.
        rest: the claims that were not judged there: phenomenon, claim, why, needs.
        diagnosed: whether it was diagnosed at all.
    """

    path: Path
    record: Record
    about: Mapping[str, Any]
    verdicts: tuple[Verdict, ...] = ()
    rest: tuple[Mapping[str, Any], ...] = ()
    diagnosed: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Survey:
    """What a folder of runs holds.

    Attributes:
        folder: where was looked.
        experiments: the newest first.
        singles: runs in folders of their own, as watched ones are, by name. The members of experiments, in
            `members/`, are not among them.
        unfinished: folders of experiments that were begun and not judged yet; `phenoscope resume` goes on with them.
        unreadable: what a broken file or a newer version kept from being read, by name.
    """

    folder: Path
    experiments: tuple[Experiment, ...]
    singles: tuple[SingleRun, ...]
    unfinished: tuple[Path, ...]
    unreadable: tuple[Unreadable, ...]


def survey(folder: Path) -> Survey:
    """Everything that was run under a folder; one broken run among many hides none of the others.

    Raises:
        BadInput: the folder is not there, or cannot be looked into.
    """
    experiments: list[Experiment] = []
    singles: list[SingleRun] = []
    unfinished: list[Path] = []
    unreadable: list[Unreadable] = []
    for path in _folders(folder):
        try:
            if exists(path / EXPERIMENT):
                experiments.append(read_experiment(path))
            elif exists(path / MEMBER):
                singles.append(read_single(path))
            elif exists(path / REQUEST):
                unfinished.append(path)
        except PhenoscopeError as problem:
            unreadable.append(Unreadable(path, str(problem)))
    experiments.sort(key=lambda experiment: experiment.created, reverse=True)
    return Survey(folder, tuple(experiments), tuple(singles), tuple(unfinished), tuple(unreadable))


def read_single(path: Path) -> SingleRun:
    """A run from its own folder: a watched one with its diagnosis, or a member.

    Raises:
        BadInput: no run there, or one that cannot be read.
    """
    about = read_json(path / MEMBER)
    if "watched" not in about:
        return SingleRun(path, read_member(path), about)
    record, _ = read_watched(path)
    found = read_diagnosis(path)
    if found is None:
        return SingleRun(path, record, about)
    return SingleRun(path, record, about, found[0], tuple(found[1]), diagnosed=True)


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir())
    except OSError as problem:
        raise BadInput(
            f"{folder} holds no experiment: {problem.strerror or problem}. Pass the folder given as `--out`, or run "
            "`phenoscope run NAME` first."
        ) from None
