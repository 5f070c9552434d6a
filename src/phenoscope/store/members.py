"""Members as folders: `member.json`, `series.parquet` (or a journal while it runs), `points/`."""

import dataclasses
import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import polars as pl
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import to_json
from phenoscope.phenomenon import Plan
from phenoscope.record import Outcome, Record, Series
from phenoscope.store.files import SCHEMA, NewerSchema, exists, read_json, write_bytes, write_json, writing
from phenoscope.store.journal import Journal, read_journal
from phenoscope.training import Rule, settings

JOURNAL, SERIES, MEMBER, POINTS = "series.journal", "series.parquet", "member.json", "points"
COLUMNS = {"step": pl.Int64, "name": pl.String, "value": pl.Float64}


class MemberFolder:
    """One member's folder while it is written.

    Args:
        root: the folder of all members.
        plan: what is run; its id names the folder.
        about: what else to record (environment, cohort, sizes).
    """

    def __init__(self, root: Path, plan: Plan, about: Mapping[str, Any]) -> None:
        self.path, self._plan = root / plan.id, plan
        self._about = dict(about)

    def begin(self) -> Journal:
        """Start afresh: what an unfinished earlier attempt left is removed."""
        with writing(self.path):
            for old in (JOURNAL, SERIES):
                (self.path / old).unlink(missing_ok=True)
            if (self.path / POINTS).exists():
                shutil.rmtree(self.path / POINTS)
        self._write("running", None, 0.0)
        return Journal(self.path / JOURNAL)

    def keep(self, name: str, step: int, point: Tensor, memory: Mapping[str, Tensor]) -> None:
        """Keep a point with the rule's memory at it, so that training can be forked there."""
        tensors = {"point": point, **{f"memory.{key}": value for key, value in memory.items()}}
        stored = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
        about = {"step": str(step), "rule": rule_name(self._plan.recipe.rule)}
        write_bytes(self.path / POINTS / f"{name}.safetensors", save(stored, about))

    def finish(self, outcome: Outcome, stopped_at: int | None, seconds: float) -> None:
        """Compact the journal into `series.parquet`; only then does the member count as finished."""
        write_series(self.path / SERIES, read_journal(self.path / JOURNAL))
        self._write(outcome, stopped_at, seconds)
        with writing(self.path):
            (self.path / JOURNAL).unlink(missing_ok=True)

    def _write(self, outcome: Outcome, stopped_at: int | None, seconds: float) -> None:
        recipe = self._plan.recipe
        write_json(
            self.path / MEMBER,
            {
                "schema": SCHEMA,
                "id": self._plan.id,
                "outcome": outcome,
                "stopped_at": stopped_at,
                "seconds": seconds,
                "plan": to_json(self._plan),
                "resolved": {**cast(dict[str, Any], to_json(self._plan, versions=True)), "settings": settings(recipe)},
                **self._about,
            },
        )


@dataclasses.dataclass(frozen=True)
class KeptPoint:
    """A point (p,) of a member as it was kept, with the rule's memory there, the step, and the rule's name."""

    point: Tensor
    memory: dict[str, Tensor]
    step: int
    rule: str


def rule_name(rule: Rule) -> str:
    """The classes of a rule, outermost first: rules of one name share the shape of their memory."""
    inner = getattr(rule, "of", None)
    return type(rule).__name__ if inner is None else f"{type(rule).__name__}({rule_name(inner)})"


def finished(path: Path) -> bool:
    """Whether a member's folder holds a finished (or diverged) run; one that cannot be read is to be made anew.

    Raises:
        NewerSchema: a newer version wrote it, which must not be overwritten.
    """
    if not exists(path / MEMBER) or not exists(path / SERIES):
        return False
    try:
        return read_json(path / MEMBER).get("outcome") in ("finished", "diverged")
    except NewerSchema:
        raise
    except BadInput:
        return False


def read_member(path: Path) -> Record:
    """The record of a member, from its parquet file, or from the journal of one still running."""
    about = read_json(path / MEMBER)
    try:
        found = {str(name): float(value) for name, value in about["resolved"]["settings"].items()}
        identity, outcome, stopped = str(about["id"]), about["outcome"], about["stopped_at"]
        if outcome not in get_args(Outcome) or not {"seed", "steps"} <= found.keys():
            raise ValueError(f"outcome {outcome!r} with the settings {sorted(found)}")
        stopped = None if stopped is None else int(stopped)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise BadInput(f"{path / MEMBER} is not a member of Phenoscope ({problem!r}). Run it again.") from None
    if exists(path / SERIES):
        series = read_series(path / SERIES)
    else:
        series = read_journal(path / JOURNAL) if exists(path / JOURNAL) else {}
    return Record(identity, found, series, outcome, stopped)


def write_series(path: Path, series: Mapping[str, Series]) -> None:
    """Write series as one tidy table: step, name, value."""
    table = pl.DataFrame(
        {
            "step": np.concatenate([s.steps for s in series.values()] or [np.empty(0, np.int64)]),
            "name": [name for name, s in series.items() for _ in range(len(s))],
            "value": np.concatenate([s.values for s in series.values()] or [np.empty(0)]),
        },
        schema=COLUMNS,
    )
    write_table(path, table)


def write_table(path: Path, table: pl.DataFrame) -> None:
    """Write a data frame as parquet, whole or not at all."""
    content = io.BytesIO()
    table.write_parquet(content)
    write_bytes(path, content.getvalue())


def read_table(path: Path, columns: Mapping[str, Any]) -> pl.DataFrame:
    """A parquet file that has at least these columns, of these types and without gaps."""
    try:
        # Polars panics on some broken files; that is not an `Exception`.
        table = pl.read_parquet(path.read_bytes())
        if not columns.items() <= dict(table.schema).items() or any(table.select(*columns).null_count().row(0)):
            raise ValueError(f"its columns are {dict(table.schema)}")
    except (OSError, MemoryError, pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as problem:
        first = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise BadInput(f"{path} cannot be read as series ({first}). It may be truncated or foreign.") from None
    return table


def read_series(path: Path) -> dict[str, Series]:
    """The series of a parquet file with the columns step, name, value."""
    parts = read_table(path, COLUMNS).partition_by("name", as_dict=True, maintain_order=True)
    return {
        str(name): Series(part["step"].to_numpy().astype(np.int64), part["value"].to_numpy().astype(np.float64))
        for (name,), part in parts.items()
    }


def read_point(path: Path, name: str) -> KeptPoint:
    """One of a member's kept points."""
    file = path / POINTS / f"{name}.safetensors"
    if not exists(file):
        kept = ", ".join(_kept(path))
        raise BadInput(f"the member {path.name} kept no point {name!r}. It kept {kept or 'none'}.")
    try:
        with safe_open(file, framework="pt") as stored:
            tensors = {key: cast(Tensor, stored.get_tensor(key)) for key in stored.keys()}  # noqa: SIM118
            about = stored.metadata() or {}
        memory = {key.removeprefix("memory."): value for key, value in tensors.items() if key.startswith("memory.")}
        point, step, rule = tensors["point"], int(about["step"]), about["rule"]
        if point.ndim != 1:
            raise ValueError(f"its point has shape {tuple(point.shape)}")
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError) as problem:
        raise BadInput(f"{file} cannot be read as a point ({problem}). It may be truncated or foreign.") from None
    return KeptPoint(point, memory, step, rule)


def read_points(path: Path) -> dict[str, Tensor]:
    """All kept points of a member by name."""
    return {name: read_point(path, name).point for name in _kept(path)}


def member_seconds(path: Path) -> float:
    """Computing time of a member."""
    seconds = read_json(path / MEMBER).get("seconds")
    if not isinstance(seconds, int | float):
        raise BadInput(f"{path / MEMBER} is not a member of Phenoscope: its `seconds` are {seconds!r}. Run it again.")
    return float(seconds)


def _kept(path: Path) -> list[str]:
    return sorted(found.stem for found in (path / POINTS).glob("*.safetensors"))
