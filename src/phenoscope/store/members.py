"""Members as folders: `member.json`, `series.parquet` (or a journal while it runs), `points/`."""

import dataclasses
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast, get_args

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import to_json
from phenoscope.phenomenon import Plan
from phenoscope.record import Outcome, Record
from phenoscope.store.checkpoints import CHECKPOINT
from phenoscope.store.files import ASIDE, SCHEMA, NewerSchema, exists, read_json, write_bytes, write_json, writing
from phenoscope.store.journal import Journal, read_journal
from phenoscope.store.locks import LOCK
from phenoscope.store.seals import harmless
from phenoscope.store.soundness import plain_file
from phenoscope.store.tables import MOST_ROWS, read_series, write_series
from phenoscope.training import Rule

JOURNAL, SERIES, MEMBER = "series.journal", "series.parquet", "member.json"
POINTS = "points"
"""The folder, in that of a member, of the points that were kept."""


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

    def continues(self) -> bool:
        """Whether an unfinished attempt lies there whose rows are what this one will write again.

        It is one by the same cohort in the same circumstances, if `about` names them.
        """
        try:
            there = read_json(self.path / MEMBER)
        except NewerSchema:
            raise
        except BadInput:
            return False
        same = all(there.get(name) == self._about.get(name) for name in ("cohort", "circumstances"))
        return same and there.get("id") == self._plan.id and there.get("outcome") == "running"

    def resume(self) -> Journal:
        """Go on from an unfinished attempt: its rows and points stay; what is read again takes their place."""
        there = read_json(self.path / MEMBER)
        before, now = there.get("environment"), self._about.get("environment")
        earlier = [*there.get("earlier environments", ()), *([before] if before != now else ())]
        if earlier:
            self._about["earlier environments"] = earlier
        self._write("running", None, 0.0)
        return Journal(self.path / JOURNAL)

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
        # Under one key, since safetensors writes several in an order that differs from process to process.
        assert self._plan.training is not None  # only a training has points
        about = json.dumps({"rule": rule_name(self._plan.training.rule), "step": step})
        write_bytes(self.path / POINTS / f"{name}.safetensors", save(stored, {"point": about}))

    def finish(self, outcome: Outcome, stopped_at: int | None, seconds: float) -> None:
        """Compact the journal into `series.parquet`; only then does the member count as finished."""
        write_series(self.path / SERIES, read_journal(self.path / JOURNAL))
        self._write(outcome, stopped_at, seconds)
        with writing(self.path):
            (self.path / JOURNAL).unlink(missing_ok=True)

    def _write(self, outcome: Outcome, stopped_at: int | None, seconds: float) -> None:
        resolved = cast(dict[str, Any], to_json(self._plan, versions=True))
        write_json(
            self.path / MEMBER,
            {
                "schema": SCHEMA,
                "id": self._plan.id,
                "outcome": outcome,
                "stopped_at": stopped_at,
                "seconds": seconds,
                "plan": to_json(self._plan),
                "resolved": {**resolved, "settings": self._plan.settings},
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


def journal_bytes(path: Path) -> int:
    """The length of a member's journal; 0 where there is none."""
    try:
        return (path / JOURNAL).stat().st_size
    except OSError:
        return 0


def leftovers(path: Path) -> list[Path]:
    """What a process that was killed may have left in the folder of a member that is finished."""
    names = [path / name for name in (JOURNAL, CHECKPOINT, LOCK)]
    return [*(found for found in names if found.exists()), *path.glob(f".*{ASIDE}")]


def tidied(path: Path) -> None:
    """Remove what is left over in the folder of a finished member; for those who hold its lock.

    A checkpoint stays as long as some member of its cohort is not finished.
    """
    for left in leftovers(path):
        needed = left.name == CHECKPOINT and not all(finished(path.parent / name) for name in cohort_of(path))
        if left.name != LOCK and not needed:
            with writing(left):
                left.unlink(missing_ok=True)


def cohort_of(path: Path) -> tuple[str, ...]:
    """The ids of the members that a member was last advanced with, itself among them; empty if that is not known."""
    try:
        ids = read_json(path / MEMBER).get("cohort")
    except NewerSchema:
        raise
    except BadInput:
        return ()
    if not isinstance(ids, list) or path.name not in ids:
        return ()
    sound = all(isinstance(one, str) and re.fullmatch("[0-9a-f]{16}", one) for one in ids)  # they become paths
    return tuple(ids) if sound and len(set(ids)) == len(ids) else ()


def read_member(path: Path) -> Record:
    """The record of a member, from its parquet file, or from the journal of one still running."""
    return _member(path, checked=False)


def read_members(paths: Iterable[Path]) -> tuple[Record, ...]:
    """The records of members; files without a digest are checked by one process for all, not by one for each."""
    folders = tuple(paths)
    try:
        checked = harmless([path / SERIES for path in folders if (path / SERIES).is_file()], MOST_ROWS)
    except OSError:
        checked = False  # reading that member says why
    return tuple(_member(path, checked=checked) for path in folders)


def _member(path: Path, *, checked: bool) -> Record:
    about = read_about(path)
    if exists(path / SERIES):
        series = read_series(path / SERIES, checked=checked)
    else:
        series = read_journal(path / JOURNAL) if exists(path / JOURNAL) else {}
    return dataclasses.replace(about, series=series)


def read_about(path: Path) -> Record:
    """The record of a member without its series."""
    about = read_json(path / MEMBER)
    try:
        found = {str(name): float(value) for name, value in about["resolved"]["settings"].items()}
        identity, outcome, stopped = str(about["id"]), about["outcome"], about["stopped_at"]
        if outcome not in get_args(Outcome) or not {"seed", "steps"} <= found.keys():
            raise ValueError(f"outcome {outcome!r} with the settings {sorted(found)}")
        stopped = None if stopped is None else int(stopped)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise BadInput(f"{path / MEMBER} is not a member of Phenoscope ({problem!r}). Run it again.") from None
    return Record(identity, found, {}, outcome, stopped)


UNREADABLE_POINT = (
    SafetensorError, OSError, MemoryError, RuntimeError, LookupError, ValueError, TypeError, AttributeError,
    OverflowError,
)  # fmt: skip


def read_point(path: Path, name: str) -> KeptPoint:
    """One of a member's kept points."""
    file = path / POINTS / f"{name}.safetensors"
    if not exists(file):
        kept = ", ".join(_kept(path))
        raise BadInput(f"the member {path.name} kept no point {name!r}. It kept {kept or 'none'}.")
    plain_file(file)
    try:
        with safe_open(file, framework="pt") as stored:
            tensors = {key: cast(Tensor, stored.get_tensor(key)) for key in stored.keys()}  # noqa: SIM118
            about = json.loads((stored.metadata() or {})["point"])
        memory = {key.removeprefix("memory."): value for key, value in tensors.items() if key.startswith("memory.")}
        point, step, rule = tensors["point"], int(about["step"]), about["rule"]
        if point.ndim != 1 or not point.is_floating_point() or not isinstance(rule, str):
            raise ValueError(f"its point has shape {tuple(point.shape)} and type {point.dtype}, its rule is {rule!r}")
    except UNREADABLE_POINT as problem:
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
