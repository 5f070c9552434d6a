"""Members as folders: `member.json`, `series.parquet` (or a journal while it runs), `points/`."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import to_json
from phenoscope.phenomenon import Plan
from phenoscope.record import Outcome, Record, Series
from phenoscope.store.files import SCHEMA, read_json, write_json, written_aside
from phenoscope.store.journal import Journal, read_journal
from phenoscope.training import settings

JOURNAL, SERIES, MEMBER = "series.journal", "series.parquet", "member.json"


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
        for old in (JOURNAL, SERIES):
            (self.path / old).unlink(missing_ok=True)
        shutil.rmtree(self.path / "points", ignore_errors=True)
        self._write("running", None, 0.0)
        return Journal(self.path / JOURNAL)

    def keep(self, name: str, step: int, point: Tensor, memory: Mapping[str, Tensor]) -> None:
        """Keep a point with the rule's memory at it, so that training can be forked there."""
        tensors = {"point": point, **{f"memory.{key}": value for key, value in memory.items()}}
        with written_aside(self.path / "points" / f"{name}.safetensors") as aside:
            save_file(
                {key: value.detach().cpu().contiguous() for key, value in tensors.items()},
                aside,
                metadata={"step": str(step), "rule": type(self._plan.recipe.rule).__name__},
            )

    def finish(self, outcome: Outcome, stopped_at: int | None, seconds: float) -> None:
        """Compact the journal into `series.parquet`; only then does the member count as finished."""
        series = read_journal(self.path / JOURNAL)
        table = pl.DataFrame(
            {
                "step": np.concatenate([s.steps for s in series.values()] or [np.empty(0, np.int64)]),
                "name": [name for name, s in series.items() for _ in range(len(s))],
                "value": np.concatenate([s.values for s in series.values()] or [np.empty(0)]),
            },
            schema={"step": pl.Int64, "name": pl.String, "value": pl.Float64},
        )
        with written_aside(self.path / SERIES) as aside:
            table.write_parquet(aside)
        self._write(outcome, stopped_at, seconds)
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


def finished(path: Path) -> bool:
    """Whether a member's folder holds a finished (or diverged) run."""
    if not (path / MEMBER).exists() or not (path / SERIES).exists():
        return False
    return read_json(path / MEMBER).get("outcome") in ("finished", "diverged")


def read_member(path: Path) -> Record:
    """The record of a member, from its parquet file, or from the journal of one still running."""
    about = read_json(path / MEMBER)
    try:
        outcome, found = about["outcome"], about["resolved"]["settings"]
        identity, stopped = about["id"], about["stopped_at"]
    except (KeyError, TypeError) as problem:
        raise BadInput(f"{path / MEMBER} lacks {problem}: not a member of Phenoscope.") from None
    if (path / SERIES).exists():
        series = read_series(path / SERIES)
    else:
        series = read_journal(path / JOURNAL) if (path / JOURNAL).exists() else {}
    return Record(identity, found, series, outcome, stopped)


def read_series(path: Path) -> dict[str, Series]:
    """The series of a parquet file with the columns step, name, value."""
    try:
        table = pl.read_parquet(path, columns=["step", "name", "value"])
        parts = table.partition_by("name", as_dict=True, maintain_order=True)
        return {
            str(name): Series(part["step"].to_numpy().astype(np.int64), part["value"].to_numpy().astype(np.float64))
            for (name,), part in parts.items()
        }
    except (OSError, pl.exceptions.PolarsError, ValueError, TypeError) as problem:
        first = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise BadInput(f"{path} cannot be read as series ({first}). It may be truncated or foreign.") from None


def read_point(path: Path, name: str) -> tuple[Tensor, dict[str, Tensor], int, str]:
    """A kept point: (p,), the rule's memory there, the step, and the rule's name."""
    file = path / "points" / f"{name}.safetensors"
    if not file.exists():
        kept = sorted(found.stem for found in (path / "points").glob("*.safetensors"))
        raise BadInput(f"the member {path.name} kept no point {name!r}. It kept {', '.join(kept) or 'none'}.")
    try:
        with safe_open(file, framework="pt") as stored:
            tensors = {key: cast(torch.Tensor, stored.get_tensor(key)) for key in stored.keys()}  # noqa: SIM118
            about = stored.metadata() or {}
        memory = {key.removeprefix("memory."): value for key, value in tensors.items() if key.startswith("memory.")}
        return tensors["point"], memory, int(about["step"]), about["rule"]
    except (SafetensorError, OSError, KeyError, ValueError) as problem:
        raise BadInput(f"{file} cannot be read as a point ({problem}). It may be truncated or foreign.") from None


def read_points(path: Path) -> dict[str, Tensor]:
    """All kept points of a member by name."""
    names = sorted(found.stem for found in (path / "points").glob("*.safetensors"))
    return {name: read_point(path, name)[0] for name in names}


def member_seconds(path: Path) -> float:
    """Computing time of a member."""
    return float(json.loads((path / MEMBER).read_text())["seconds"])
