"""Chapters: each phenomenon of the atlas with its runs here; one that only runs know has a chapter too."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from phenoscope.atlas import Entry, entries
from phenoscope.claims import Breaks, Claim
from phenoscope.claims.controls import label
from phenoscope.claims.verdict import Verdict
from phenoscope.core.specs import to_json
from phenoscope.phenomenon import Arm, Phenomenon
from phenoscope.report.falsification import is_plain
from phenoscope.report.numbers import number
from phenoscope.report.parts import arm_parts
from phenoscope.report.ranking import rank
from phenoscope.report.recipes import phrase, recipe_lines
from phenoscope.report.words import ORIGINS
from phenoscope.store import Experiment


@dataclasses.dataclass(frozen=True, eq=False)
class Chapter:
    """A phenomenon with its runs.

    Attributes:
        name: as the command calls it.
        entry: what the atlas says of it; None for one that is not in the atlas here.
        runs: its experiments, the best first: of the largest scale, with the most seeds, the newest. Those under a
            control of the whole experiment come last: what they show is not the phenomenon's own.
    """

    name: str
    entry: Entry | None
    runs: tuple[Experiment, ...]

    @property
    def phenomenon(self) -> Phenomenon | None:
        """At the laptop scale, if the atlas has it."""
        return None if self.entry is None else self.entry.phenomenon

    @property
    def best(self) -> Experiment | None:
        """The run that is shown: the best of the phenomenon itself."""
        return self.runs[0] if self.runs and is_plain(self.runs[0]) else None

    @property
    def about(self) -> Phenomenon | Experiment:
        """What has title, question, summary and sources."""
        return self.phenomenon or self.runs[0]

    @property
    def command(self) -> str:
        """How to run it; one that is not in the atlas is run by who made it."""
        return f"phenoscope run {self.name}" if self.phenomenon else ""

    @property
    def options(self) -> Mapping[str, Any]:
        return self.entry.options if self.entry else {}

    @property
    def origin(self) -> str:
        """The package that offers it, if it is another than this one."""
        if self.entry is None or self.entry.distribution == "phenoscope":
            return ""
        return f"{self.entry.distribution} {self.entry.version}"


def chapters(experiments: Iterable[Experiment]) -> tuple[list[Chapter], list[str]]:
    """All chapters by name, and a sentence for each phenomenon of the atlas that cannot be used."""
    runs: dict[str, list[Experiment]] = {}
    for experiment in sorted(experiments, key=lambda run: (is_plain(run), *rank(run)), reverse=True):
        runs.setdefault(experiment.name, []).append(experiment)
    offered = entries()
    usable = {entry.name: entry for entry in offered if entry.phenomenon is not None}
    made = [Chapter(n, usable.get(n), tuple(runs.get(n, ()))) for n in sorted({*usable, *runs})]
    return made, [entry.problem for entry in offered if entry.phenomenon is None]


def claim_parts(chapter: Chapter) -> list[dict[str, Any]]:
    """Each claim as the phenomenon's page shows it, from the atlas, or from what was judged where that is all."""
    if chapter.phenomenon is None:
        return list({verdict.claim: _judged(verdict) for verdict in chapter.runs[0].verdicts}.values())
    return [_claimed(claim) for claim in chapter.phenomenon.claims]


def arms_of(chapter: Chapter) -> list[dict[str, Any]]:
    """Each arm as its card shows it."""
    if chapter.phenomenon is None:
        return [arm_parts(arm) for arm in chapter.runs[0].arms]
    return [_arm(arm) for arm in chapter.phenomenon.arms]


def comparisons_of(chapter: Chapter) -> Sequence[tuple[str, str]]:
    """The comparisons, each with what it is of."""
    if chapter.phenomenon is None:
        return [(name, "") for name in chapter.runs[0].comparisons]
    return [
        (each.name, f"of {' and '.join(each.of)}: {', '.join(each.series)}") for each in chapter.phenomenon.comparisons
    ]


def _claimed(claim: Claim) -> dict[str, Any]:
    control = claim.control
    told = "" if control is None else "should break it" if isinstance(control, Breaks) else "is reported beside"
    over = f"one number a seed from all {' and '.join(claim.used_up)}" if claim.used_up else ""
    at = f"at every {claim.each}" if claim.each else over
    return {
        "name": claim.name or claim.says,
        "says": claim.says,
        "source": claim.source,
        "statistic": f"{claim.statistic}",
        "region": f"{claim.region}",
        "origin": ORIGINS[claim.region_from],
        "on": claim.on,
        "at": at,
        "given": "" if claim.given is None else f"{claim.given}",
        "control": None if control is None else (label(control), told),
    }


def _judged(verdict: Verdict) -> dict[str, Any]:
    told = {"breaks": "should break it", "twin": "is reported beside"}
    return {
        "name": verdict.name or verdict.claim,
        "says": verdict.claim,
        "source": verdict.source,
        "statistic": verdict.statistic,
        "region": f"{verdict.region}",
        "origin": ORIGINS[verdict.region_from],
        "on": verdict.arm,
        "at": f"at every {', '.join(verdict.where)}" if verdict.where else "",
        "given": "",
        "control": None if verdict.control is None else (verdict.control.arm, told[verdict.control.role]),
    }


def _arm(arm: Arm) -> dict[str, Any]:
    recipe = to_json(arm.recipe)
    assert isinstance(recipe, dict)
    return {
        "ran": False,
        "name": arm.name,
        "role": arm.role,
        "says": arm.says,
        "recipe": recipe_lines(recipe),
        "json": json.dumps(recipe, indent=2, ensure_ascii=False),
        "sweep": [(name, ", ".join(number(value, 6) for value in values)) for name, values in arm.varied.items()],
        "probes": [phrase(to_json(probe)) for probe in arm.probes],
        "members": (),
    }
