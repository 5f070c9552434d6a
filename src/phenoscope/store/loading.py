"""Reading back what was run, as data frames."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from phenoscope.core import displays
from phenoscope.core.displays import Axes
from phenoscope.core.errors import BadInput
from phenoscope.record import Record
from phenoscope.store.experiment import Experiment
from phenoscope.store.experiments import find_experiment, read_experiment
from phenoscope.store.files import exists
from phenoscope.store.members import MEMBER, SERIES, read_about, read_member, read_members
from phenoscope.store.seals import harmless
from phenoscope.store.soundness import plain_file
from phenoscope.store.tables import COLUMNS, MOST_ROWS


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
    members = experiment.path.parent / "members"
    swept = tuple(dict.fromkeys(name for arm in experiment.arms for name in arm.sweep))
    parts = [
        _arm([members / name for name in arm.members], tuple(arm.sweep)).with_columns(
            pl.lit(arm.name, pl.String).alias("arm")
        )
        for arm in experiment.arms
    ]
    return pl.concat(parts, how="diagonal").select("arm", *swept, "seed", "member", "step", "name", "value")


def _arm(paths: Sequence[Path], swept: tuple[str, ...]) -> pl.DataFrame:
    """The readings of an arm's members, as `tidy` gives them."""
    table = _at_once([path / SERIES for path in paths])
    if table is None:  # one by one, which can tell what is wrong, and reads what is still running
        return tidy(read_members(paths), swept)
    records = [read_about(path) for path in paths]
    about = {name: [record.settings[name] for record in records] for name in swept}
    about |= {"seed": [record.seed for record in records], "member": [record.id for record in records]}
    schema = dict.fromkeys(swept, pl.Float64) | {"seed": pl.Int64, "member": pl.String}
    return pl.DataFrame(about, schema=schema)[table["index"]].hstack(table.select(*COLUMNS))


def _at_once(files: Sequence[Path]) -> pl.DataFrame | None:
    """The series in many files, with the index of each row's file; `None` if any is not as we write them.

    A thousand small files are read several times faster so than one after the other.
    """
    if not files:
        return None
    try:
        if not _fit(files):
            return None
        table = pl.read_parquet(list(files), include_file_paths="file", glob=False)
    except (OSError, MemoryError, BadInput, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if dict(table.schema) != {**COLUMNS, "file": pl.String} or any(table.null_count().row(0)):
        return None
    place = {str(file): index for index, file in enumerate(files)}
    runs = table["file"].rle().struct.unnest()
    if len(place) != len(files) or not set(runs["value"]) <= place.keys():
        return None
    index = np.repeat([place[name] for name in runs["value"]], runs["len"])
    return table.drop("file").with_columns(pl.Series("index", index, dtype=pl.UInt32))


def _fit(files: Sequence[Path]) -> bool:
    """Whether these are plain files that can be parsed, and no more rows in all than a table of ours has."""
    for file in files:
        plain_file(file)
    if not harmless(files, MOST_ROWS):
        return False
    return pl.scan_parquet(list(files), glob=False).select(pl.len()).collect().item() <= MOST_ROWS


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
