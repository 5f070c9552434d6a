"""`compare`: two experiments, or two single runs, side by side."""

import dataclasses
from pathlib import Path
from typing import Any

from phenoscope.claims import Verdict
from phenoscope.comparing.differing import Differing, differing
from phenoscope.comparing.matching import Match, matches, unmatched
from phenoscope.comparing.overlaying import overlaid
from phenoscope.core import displays
from phenoscope.core.displays import Axes
from phenoscope.core.errors import BadInput
from phenoscope.panels import PanelData
from phenoscope.store import Experiment, Member, SingleRun, find_experiment, read_experiment, read_single
from phenoscope.store.files import exists
from phenoscope.store.members import MEMBER

Run = Experiment | SingleRun


@dataclasses.dataclass(frozen=True)
class Side:
    """One of the two runs.

    Attributes:
        path: its folder.
        name: the folder's name.
        title: of its phenomenon; of a single run, its name again.
        what: in a few words, such as "laptop scale, 5 seeds".
    """

    path: Path
    name: str
    title: str
    what: str


@dataclasses.dataclass(frozen=True, eq=False)
class SideBySide:
    """Two runs side by side. It tests nothing: each verdict is that of its own run.

    Attributes:
        a, b: the runs.
        matches: the verdicts on claims that both runs judged at the same place.
        only_a, only_b: the verdicts that only one run has.
        differing: in what recipes, options and surroundings differ.
        panels: the series of both over each other.
        shared_members: how many members the two have in common; their numbers are the same ones, not alike.
    """

    a: Side
    b: Side
    matches: tuple[Match, ...]
    only_a: tuple[Verdict, ...]
    only_b: tuple[Verdict, ...]
    differing: tuple[Differing, ...]
    panels: tuple[PanelData, ...]
    shared_members: int = 0

    def to_json(self) -> dict[str, Any]:
        """Everything but the panels, whose titles alone are named."""
        sides = {
            name: {"folder": str(side.path), "title": side.title, "what": side.what}
            for name, side in (("a", self.a), ("b", self.b))
        }
        return {
            **sides,
            "shared_members": self.shared_members,
            "matches": [_match_json(match) for match in self.matches],
            "only_a": [verdict.to_json() for verdict in self.only_a],
            "only_b": [verdict.to_json() for verdict in self.only_b],
            "differing": [dataclasses.asdict(each) for each in self.differing],
            "panels": [panel.title for panel in self.panels],
        }

    def _repr_html_(self) -> str:
        return displays.html(self)

    def plot(self, ax: Axes | None = None, *, panel: int | str = 0) -> Axes:
        """Draw one of its panels.

        Args:
            ax: where to; new axes unless given.
            panel: its place among `.panels`, or its title.
        """
        return displays.plot(self, ax, panel=panel)


def compare(a: str | Path | Run | Member, b: str | Path | Run | Member) -> SideBySide:
    """Lay two runs side by side: verdicts on the same claims, what differs between them, and their series.

    Nothing is tested. Outcomes are compared as they are; for seeds that both experiments have, the differences are
    given with an interval, each by itself.

    Args:
        a: an experiment, or a single run (a member or a watched run), as a folder or as `ps.load` gives it.
        b: another one of that kind.

    Raises:
        BadInput: no run there, one of each kind, or two that have no claim and no series in common.
    """
    one, other = _opened(a), _opened(b)
    if isinstance(one, Experiment) != isinstance(other, Experiment):
        kinds = " and ".join(
            f"{'an experiment' if isinstance(run, Experiment) else 'a single run'} ({run.path})" for run in (one, other)
        )
        raise BadInput(f"side by side go two experiments, or two single runs; got {kinds}. Pass two of a kind.")
    related = not (isinstance(one, Experiment) and isinstance(other, Experiment)) or one.name == other.name
    found = matches(one.verdicts, other.verdicts, related=related)
    panels = overlaid(one, other, from_members=not found)
    if not found and not panels:
        raise BadInput(
            f"{one.path} and {other.path} have no claim and no series in common. "
            "Pass two runs of one phenomenon, or two that measured the same."
        )
    alone = (unmatched(one.verdicts, other.verdicts, related=related),
             unmatched(other.verdicts, one.verdicts, related=related))  # fmt: skip
    sides = (_side(one), _side(other))
    return SideBySide(*sides, found, *alone, differing(one, other), panels, len(_members(one) & _members(other)))


def _opened(run: str | Path | Run | Member) -> Run:
    if isinstance(run, Experiment | SingleRun):
        return run
    path = run.path if isinstance(run, Member) else Path(run)
    return read_single(path) if exists(path / MEMBER) else read_experiment(find_experiment(path))


def _side(run: Run) -> Side:
    name = run.path.resolve().name
    if isinstance(run, Experiment):
        count = len(run.seeds)
        return Side(run.path, name, run.title, f"{run.scale} scale, {count} seed{'' if count == 1 else 's'}")
    rate = f", rate {run.record.settings['lr']:g}" if "lr" in run.record.settings else ""
    kind = run.about["watched"]["optimizer"] if "watched" in run.about else "a member"
    return Side(run.path, name, name, f"{kind}{rate}, {run.record.steps:,} steps, {run.record.outcome}")


def _members(run: Run) -> set[str]:
    return {member for arm in run.arms for member in arm.members} if isinstance(run, Experiment) else set()


def _match_json(match: Match) -> dict[str, Any]:
    difference = None if match.difference is None else dataclasses.asdict(match.difference)
    about = {"claim": match.a.claim, "arm": match.a.arm, "where": dict(match.a.where)}
    said = {"agree": match.agree, "overlap": match.overlap, "difference": _finite(difference), "note": match.note}
    return about | said | {"a": match.a.to_json(), "b": match.b.to_json()}


def _finite(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """JSON has no infinity: an end that is none becomes null."""
    if found is None:
        return None
    return {name: None if value in (float("inf"), float("-inf")) else value for name, value in found.items()}
