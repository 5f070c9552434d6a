"""An experiment on disk: which members answer which question, the verdicts, and what is drawn."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from phenoscope.claims import Verdict
from phenoscope.core import displays
from phenoscope.core.displays import Axes
from phenoscope.panels import PanelData
from phenoscope.record import Record


@dataclasses.dataclass(frozen=True, eq=False)
class ArmResult:
    """One arm as it was run.

    Attributes:
        name, role, says: as in the phenomenon.
        recipe: the recipe as canonical JSON, before seeds and sweeps.
        sweep: values of the swept settings.
        members: their ids, in the order run.
        seconds: computing time of its members together.
        diverged: how many members diverged.
        skipped: how many could not be run, because the point they start from was never reached.
    """

    name: str
    role: str
    says: str
    recipe: Mapping[str, Any]
    sweep: Mapping[str, tuple[float, ...]]
    members: tuple[str, ...]
    seconds: float
    diverged: int
    skipped: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Experiment:
    """A run of a phenomenon: everything that a report needs, with no model and no expression.

    Attributes:
        path: its folder; the members lie in `path.parent / "members"`.
        name, title, question, summary, scale, options, sources: as in the phenomenon.
        seeds: of the members, in the order asked for.
        looks: how many times verdicts were drawn with other seeds: each is another look at the data.
        arms: as they were run.
        verdicts: one a claim and place.
        panels: the numbers to draw.
        command: how to run it again.
        environment: versions, machine, commit.
        created: date and time, ISO 8601, UTC.
        comparisons: their names; what they measured lies in `path / "pairs"`.
    """

    path: Path
    name: str
    title: str
    question: str
    summary: str
    scale: str
    options: Mapping[str, Any]
    sources: tuple[tuple[str, str], ...]
    seeds: tuple[int, ...]
    looks: int
    arms: tuple[ArmResult, ...]
    verdicts: tuple[Verdict, ...]
    panels: tuple[PanelData, ...]
    command: str
    environment: Mapping[str, Any]
    created: str
    comparisons: tuple[str, ...] = ()

    @property
    def series(self) -> pl.DataFrame:
        """Every reading, tidy: arm, swept settings, seed, member, step, name, value."""
        from phenoscope.store.loading import frame

        return frame(self)

    @property
    def records(self) -> dict[str, tuple[Record, ...]]:
        """The records of the members, by arm, read from disk."""
        from phenoscope.store.members import read_members

        folder = self.path.parent / "members"
        return {arm.name: read_members(folder / member for member in arm.members) for arm in self.arms}

    @property
    def pairs(self) -> dict[str, pl.DataFrame]:
        """The readings of each comparison, tidy: pair, swept settings, seed, name, step, value."""
        from phenoscope.store.pairs import read_pairs

        return {name: read_pairs(self.path, name) for name in self.comparisons}

    @property
    def seconds(self) -> float:
        """Computing time of all members together."""
        return sum(arm.seconds for arm in self.arms)

    def _repr_html_(self) -> str:
        return displays.html(self)

    def plot(self, ax: Axes | None = None, *, panel: int | str = 0) -> Axes:
        """Draw one of its panels.

        Args:
            ax: where to; new axes unless given.
            panel: its place among `.panels`, or its title.
        """
        return displays.plot(self, ax, panel=panel)
