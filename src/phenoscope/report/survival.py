"""How many claims of each kind survive a control: a count over phenomena, since claims of one are not independent."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from scipy import special

from phenoscope.atlas import KINDS, Kind
from phenoscope.report.falsification import Falsification
from phenoscope.report.fates import FATES, Fate

LEVEL = 0.95


@dataclasses.dataclass(frozen=True)
class Survival:
    """What became of the claims of one kind under one control.

    Attributes:
        control: its name.
        kind: what the claims are about.
        counts: verdicts by fate.
        shares: of each phenomenon with verdicts that survive or fall, the part of these that survives.
    """

    control: str
    kind: Kind
    counts: Mapping[Fate, int]
    shares: Mapping[str, float]

    @property
    def share(self) -> float | None:
        """The mean share of survivors over the phenomena; `None` where there are none."""
        return sum(self.shares.values()) / len(self.shares) if self.shares else None

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of that mean at level 0.95, with the phenomenon as the unit.

        It is that of Clopper and Pearson for as many trials as there are phenomena. Numbers between 0 and 1 vary at
        most as much as trials of the same mean, so that it is not too short, and it has a length where all agree.
        """
        hits, trials = sum(self.shares.values()), len(self.shares)
        tail = (1 - LEVEL) / 2
        low = float(special.betaincinv(hits, trials - hits + 1, tail)) if hits > 0 else 0.0
        high = float(special.betaincinv(hits + 1, trials - hits, 1 - tail)) if hits < trials else 1.0
        return low, high

    @property
    def says(self) -> str:
        """Whether most survive or most fall, as far as the interval tells."""
        low, high = self.interval
        return "most survive" if low > 0.5 else "most fall" if high < 0.5 else "undecided"


def survivals(found: Iterable[Falsification]) -> list[Survival]:
    """The count of each control and kind, for all pairs of runs of a phenomenon under it."""
    pairs = list(found)
    controls = sorted({each.control for each in pairs})
    return [_survival(control, kind, pairs) for control in controls for kind in get_args(Kind)]


def survival_rows(found: Sequence[Survival]) -> list[dict[str, Any]]:
    """Each count as the page and JSON have it."""
    return [
        {
            "control": each.control,
            "kind": each.kind,
            "about": KINDS[each.kind],
            "counts": dict(each.counts),
            "phenomena": len(each.shares),
            "share": each.share,
            "low": each.interval[0],
            "high": each.interval[1],
            "says": each.says,
        }
        for each in found
    ]


def _survival(control: str, kind: Kind, pairs: Sequence[Falsification]) -> Survival:
    fates = {
        each.twin.name: [case.fate for case in each.cases if case.kind == kind]
        for each in pairs
        if each.control == control
    }
    every = [fate for own in fates.values() for fate in own]
    decided = {name: [fate for fate in own if fate in ("survives", "falls")] for name, own in fates.items()}
    shares = {name: own.count("survives") / len(own) for name, own in decided.items() if own}
    return Survival(control, kind, {fate: every.count(fate) for fate in FATES}, shares)
