"""Reading back what was run, as data frames."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from phenoscope.record import Record
from phenoscope.store.experiment import Experiment
from phenoscope.store.experiments import find_experiment, read_experiment
from phenoscope.store.members import MEMBER, read_member


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
        return _tidy([self.record]).select("step", "name", "value")


def load(run: str | Path | Experiment) -> Experiment | Member:
    """Open a run: an experiment's folder, a member's, or a folder that holds a single experiment.

    `.series` is a tidy polars data frame of every reading, `.verdicts` (of an experiment) what was judged.

    Raises:
        BadInput: no run there, or one that cannot be read.
    """
    if isinstance(run, Experiment):
        return run
    path = Path(run)
    if (path / MEMBER).exists():
        return Member(path, read_member(path))
    return read_experiment(find_experiment(path))


def frame(experiment: Experiment) -> pl.DataFrame:
    """Every reading of an experiment: arm, the recipe's settings that were swept, seed, member, step, name, value."""
    parts = []
    for arm in experiment.arms:
        swept = {name: name for name in arm.sweep}
        table = _tidy(experiment.records[arm.name], tuple(swept))
        parts.append(table.with_columns(pl.lit(arm.name).alias("arm")))
    joined = pl.concat(parts, how="diagonal")
    first = ["arm", *[c for c in joined.columns if c not in ("arm", "seed", "member", "step", "name", "value")]]
    return joined.select(*first, "seed", "member", "step", "name", "value")


def _tidy(records: Iterable[Record], swept: tuple[str, ...] = ()) -> pl.DataFrame:
    schema = {"step": pl.Int64, "value": pl.Float64, "name": pl.String, "seed": pl.Int64, "member": pl.String}
    parts = [pl.DataFrame(schema=schema)]
    for record in records:
        about = [pl.lit(record.seed).alias("seed"), pl.lit(record.id).alias("member")]
        about += [pl.lit(record.settings[name]).alias(name) for name in swept]
        for name, series in record.series.items():
            rows = pl.DataFrame({"step": series.steps, "value": series.values})
            parts.append(rows.with_columns(pl.lit(name).alias("name"), *about))
    return pl.concat(parts, how="diagonal_relaxed")
