"""A watched run as a folder: like a member's, but with what was watched in place of a recipe."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phenoscope.claims import Verdict, verdict_from_json
from phenoscope.core.errors import BadInput
from phenoscope.record import Outcome, Record, Series
from phenoscope.store.files import SCHEMA, exists, read_json, write_json, writing
from phenoscope.store.journal import Journal, read_journal
from phenoscope.store.members import JOURNAL, MEMBER, SERIES, read_member
from phenoscope.store.tables import write_series

DIAGNOSIS = "diagnosis.json"
"""The file in a watched run's folder that holds its diagnosis."""
DEPARTURE = "departure from the full-batch step"
"""The series of how far each checked step lies from that of the recognised rule on all data, in parts of its length."""

FULL_BATCH = 0.05
"""A step that departs further from the full-batch step than this part of its length was another step."""

RATE = "learning rate"
"""The series of the one learning rate: a reading at the first step and wherever it changed."""


class WatchedFolder:
    """A watched run's folder while it is written.

    Args:
        path: the folder.
        about: what is watched, and where: kept as it is.
        settings: the numbers of the rule at the start, for a run that is read before it has ended.
    """

    def __init__(self, path: Path, about: Mapping[str, Any], settings: Mapping[str, float]) -> None:
        self.path, self._about, self._settings, self._id = path, dict(about), dict(settings), uuid.uuid4().hex[:16]

    def begin(self, *, overwrite: bool) -> Journal:
        """Start a fresh record.

        Raises:
            BadInput: a run or something else is there already.
        """
        self._refuse_taken(overwrite)
        with writing(self.path):
            for old in (JOURNAL, SERIES, DIAGNOSIS):
                (self.path / old).unlink(missing_ok=True)
        self._write("running", None, self._settings, {})
        return Journal(self.path / JOURNAL)

    def finish(
        self, outcome: Outcome, stopped_at: int | None, settings: Mapping[str, float], ended: Mapping[str, Any]
    ) -> None:
        """Compact the journal into `series.parquet`; `ended` is what was learned on the way."""
        write_series(self.path / SERIES, read_journal(self.path / JOURNAL))
        self._write(outcome, stopped_at, settings, ended)
        with writing(self.path):
            (self.path / JOURNAL).unlink(missing_ok=True)

    def _refuse_taken(self, overwrite: bool) -> None:
        if exists(self.path) and not self.path.is_dir():
            raise BadInput(f"{self.path} is a file; a watched run needs a folder. Pass another `run`.")
        if exists(self.path / MEMBER):
            about = {} if overwrite else _readable(self.path / MEMBER)
            if overwrite:
                _check_replaceable(self.path / MEMBER)
                return
            state = "was not finished" if about.get("outcome") == "running" else "is finished"
            raise BadInput(
                f"{self.path} holds a run already, which {state}. Pass another `run`, or overwrite=True to replace it."
            )
        if exists(self.path) and any(self.path.iterdir()):
            raise BadInput(f"{self.path} is not empty, and no watched run. Pass another `run`.")

    def _write(
        self, outcome: Outcome, stopped_at: int | None, settings: Mapping[str, float], ended: Mapping[str, Any]
    ) -> None:
        known = {"seed": 0.0, "steps": 0.0}
        about = {
            "schema": SCHEMA,
            "id": self._id,
            "outcome": outcome,
            "stopped_at": stopped_at,
            "seconds": ended.get("seconds", 0.0),
            "resolved": {"settings": known | dict(settings)},
            **self._about,
        }
        about["watched"] = {**self._about["watched"], **ended}
        write_json(self.path / MEMBER, about)


def is_watched(path: Path) -> bool:
    """Whether a folder holds a watched run."""
    return exists(path / MEMBER) and "watched" in read_json(path / MEMBER)


def read_watched(path: Path) -> tuple[Record, dict[str, Any]]:
    """The record of a watched run as far as it has come, and what was watched.

    The learning rate is a setting only if it never changed; the steps of a run that was cut short are those that
    were read.
    """
    about = read_json(path / MEMBER)
    watched = about.get("watched")
    if not isinstance(watched, dict):
        raise BadInput(f"{path} is no watched run. Pass the `run` that was given to `ps.watch`.")
    record = read_member(path)
    settings = dict(record.settings)
    settings.pop("lr", None)
    rates = {name: series for name, series in record.series.items() if name.startswith(RATE)}
    if set(rates) == {RATE} and len(set(rates[RATE].values.tolist())) == 1:
        settings["lr"] = float(rates[RATE].values[0])
    if record.outcome == "running":
        settings["steps"] = float(last_step(record.series))
    made = Record(record.id, settings, record.series, record.outcome, record.stopped_at)
    return made, {**watched, "created": about.get("created"), "environment": about.get("environment")}


def read_diagnosis(path: Path) -> tuple[tuple[Verdict, ...], list[dict[str, Any]]] | None:
    """The verdicts on a watched run and the claims that were not judged, as its last diagnosis wrote them, if any."""
    if not exists(path / DIAGNOSIS):
        return None
    found = read_json(path / DIAGNOSIS)
    try:
        rest = [{name: each[name] for name in ("phenomenon", "claim", "why", "needs")} for each in found["rest"]]
        return tuple(verdict_from_json(each) for each in found["verdicts"]), rest
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise BadInput(f"{path / DIAGNOSIS} cannot be read as a diagnosis ({problem!r}). Diagnose again.") from None


def last_step(series: Mapping[str, Series]) -> int:
    """The last step of any series; 0 without one."""
    return max((int(found.steps[-1]) for found in series.values() if len(found)), default=0)


def _readable(path: Path) -> dict[str, Any]:
    try:
        return read_json(path)
    except BadInput:
        return {}


def _check_replaceable(path: Path) -> None:
    """Only a watched run may be replaced: a member of an experiment, or a newer version's folder, may not."""
    about = read_json(path)
    if "watched" not in about:
        raise BadInput(f"{path.parent} is a member of an experiment, not a watched run. Pass another `run`.")
