"""Diagnose a watched run: every claim of the atlas that is about runs like it, and what the others would need."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phenoscope.atlas import entries
from phenoscope.claims import Claim, Verdict, judge_run
from phenoscope.core import displays
from phenoscope.engine.likeness import lacking, median_departure, unlike
from phenoscope.phenomenon import Phenomenon
from phenoscope.record import Record
from phenoscope.store import DEPARTURE, DIAGNOSIS, FULL_BATCH, read_watched, write_json
from phenoscope.store.files import SCHEMA


@dataclasses.dataclass(frozen=True)
class Unjudged:
    """A claim that was not judged.

    Attributes:
        phenomenon, name, claim: whose, its slug and its sentence.
        why: in what this run is no case of it, or what was not measured.
        needs: probes that would be needed, as one writes them; empty where the run itself is of another kind.
    """

    phenomenon: str
    name: str | None
    claim: str
    why: str
    needs: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class Diagnosis:
    """What the claims of the atlas say of one watched run.

    Attributes:
        path: the run's folder.
        record: what was measured, as far as the run has come.
        watched: what was watched: model, loss, optimizer, examples, cost of the watch.
        verdicts: on the claims that are about runs like it; they are about this run only.
        rest: the other claims, each with the reason or with the probes it would need.
    """

    path: Path
    record: Record
    watched: Mapping[str, Any]
    verdicts: tuple[Verdict, ...]
    rest: tuple[Unjudged, ...]

    def _repr_html_(self) -> str:
        return displays.html(self)

    @property
    def departure(self) -> float | None:
        """The median departure of the checked steps from full-batch steps of the rule, in parts of their length."""
        return median_departure(self.record)

    @property
    def full_batch(self) -> bool:
        """Whether it is so small that the steps are the rule's on all data."""
        return self.departure is not None and self.departure < FULL_BATCH

    def to_json(self) -> dict[str, Any]:
        """In the form of `phenoscope run --json`, with `rest` beside the verdicts; there is no scale and no seed."""
        return {
            "name": self.path.name,
            "scale": None,
            "seeds": [],
            "scope": "this run",
            "folder": str(self.path),
            "report": None,
            "outcome": self.record.outcome,
            "steps": self.record.steps,
            "watched": dict(self.watched),
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
            "rest": [dataclasses.asdict(unjudged) for unjudged in self.rest],
        }


def diagnose(run: str | Path) -> Diagnosis:
    """Judge a watched run by every claim of the atlas whose series and preconditions are there.

    The claims of one phenomenon are one family. The unit is a block of time of at least ten autocorrelation times, so
    a short run leaves most claims undecided. A run that goes on is judged as far as it has come. The result is also
    written to the run's folder.

    Args:
        run: the folder that was given to `ps.watch`.

    Raises:
        BadInput: no watched run there, or one that cannot be read.
    """
    path = Path(run)
    record, watched = read_watched(path)
    ended = dataclasses.replace(record, outcome="finished") if record.outcome == "running" else record
    verdicts: list[Verdict] = []
    rest: list[Unjudged] = []
    for phenomenon in (entry.phenomenon for entry in entries() if entry.phenomenon is not None):
        reasons = [_why_not(phenomenon, claim, ended, watched) for claim in phenomenon.claims]
        sorted_out = list(zip(phenomenon.claims, reasons, strict=True))
        rest += [
            Unjudged(phenomenon.name, claim.name, claim.says, *why) for claim, why in sorted_out if why is not None
        ]
        verdicts += judge_run([claim for claim, why in sorted_out if why is None], ended)
    made = Diagnosis(path, record, watched, tuple(verdicts), tuple(rest))
    kept = ("verdicts", "rest")
    write_json(path / DIAGNOSIS, {"schema": SCHEMA} | {key: made.to_json()[key] for key in kept})
    return made


def _why_not(
    phenomenon: Phenomenon, claim: Claim, record: Record, watched: Mapping[str, Any]
) -> tuple[str, tuple[str, ...]] | None:
    """Why a claim is not judged on this run, and the probes that would change that; `None` where it is judged."""
    if claim.on not in {arm.name for arm in phenomenon.arms}:
        return "it compares pairs of runs", ()
    if claim.used_up:
        return f"it compares runs at several values of {' and '.join(claim.used_up)}", ()
    arm = phenomenon.arm(claim.on)
    reasons = unlike(arm, record, watched)
    if reasons:
        return "; ".join(reasons), ()
    missing = [name for name in claim.names if name not in record.series]
    unknown = [name for name in claim.settings if name not in record.settings]
    both = (("not measured", missing), ("not known of this run", unknown))
    absent = [f"{what}: {', '.join(names)}" for what, names in both if names]
    if absent:
        return "; ".join(absent), lacking(arm, missing)
    if DEPARTURE not in record.series:
        return "no step was checked against the rule on all data; a probe of the curvature does that", (
            "ps.probes.Sharpness(every=20)",
        )
    return None
