"""Reading back what was run, as data frames."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from phenoscope.core import displays
from phenoscope.core.displays import Axes
from phenoscope.record import Record
from phenoscope.store.experiment import Experiment
from phenoscope.store.experiments import find_experiment, read_experiment
from phenoscope.store.files import exists
from phenoscope.store.members import MEMBER, read_member
from phenoscope.store.tables import COLUMNS


@dataclasses.dataclass(frozen=True, eq=False)
class Member:
    """One member on disk.

    Attributes:
        path: its folder.
        record: its settings, outcome and series.
    """

    path: Path
    record: Record

    @property
    def series(self) -> pl.DataFrame:
        """All readings, tidy: step, name, value."""
        return tidy([self.record]).select("step", "name", "value")

    def _repr_html_(self) -> str:
        return displays.html(self)

    def plot(self, ax: Axes | None = None, *names: str, log: bool = False) -> Axes:
        """Draw series of its record against the step, as `Record.plot` does."""
        return displays.plot(self.record, ax, names=names, log=log)


def load(run: str | Path | Experiment) -> Experiment | Member:
    """Open a run: an experiment's folder, a member's, or a folder that holds a single experiment.

    `.series` is a tidy polars data frame of every reading, `.verdicts` (of an experiment) what was judged.

    Raises:
        BadInput: no run there, or one that cannot be read.
    """
    if isinstance(run, Experiment):
        return run
    path = Path(run)
    if exists(path / MEMBER):
        return Member(path, read_member(path))
    return read_experiment(find_experiment(path))


def frame(experiment: Experiment) -> pl.DataFrame:
    """Every reading of an experiment: arm, the recipe's settings that were swept, seed, member, step, name, value."""
    records = experiment.records
    swept = tuple(dict.fromkeys(name for arm in experiment.arms for name in arm.sweep))
    parts = [
        tidy(records[arm.name], tuple(arm.sweep)).with_columns(pl.lit(arm.name, pl.String).alias("arm"))
        for arm in experiment.arms
    ]
    return pl.concat(parts, how="diagonal").select("arm", *swept, "seed", "member", "step", "name", "value")


def tidy(records: Iterable[Record], swept: tuple[str, ...] = ()) -> pl.DataFrame:
    """The readings of records: the swept settings, seed, member (or pair), step, name, value."""
    schema = dict.fromkeys(swept, pl.Float64) | {"seed": pl.Int64, "member": pl.String, **COLUMNS}
    parts = [pl.DataFrame(schema=schema)]
    for record in records:
        about = [pl.lit(record.settings[name], pl.Float64).alias(name) for name in swept]
        about += [pl.lit(record.seed, pl.Int64).alias("seed"), pl.lit(record.id, pl.String).alias("member")]
        for name, series in record.series.items():
            rows = pl.DataFrame({"step": series.steps, "value": series.values}, schema_overrides=COLUMNS)
            parts.append(rows.with_columns(pl.lit(name, pl.String).alias("name"), *about).select(*schema))
    return pl.concat(parts)
