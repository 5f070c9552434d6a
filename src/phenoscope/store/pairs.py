"""What comparisons measured, in an experiment's folder: `pairs/<comparison>.parquet`, tidy."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from phenoscope.record import Record
from phenoscope.store.loading import tidy
from phenoscope.store.tables import COLUMNS, read_table, write_table

PAIRS = "pairs"


def write_pairs(experiment: Path, name: str, records: Sequence[Record], swept: tuple[str, ...]) -> None:
    """Write the readings of a comparison's pairs: pair, swept settings, seed, name, step, value.

    Args:
        experiment: its folder.
        name: of the comparison.
        records: one a pair.
        swept: the settings that become columns.
    """
    table = tidy(records, swept).rename({"member": "pair"})
    write_table(experiment / PAIRS / f"{name}.parquet", table.select("pair", *swept, "seed", "name", "step", "value"))


def read_pairs(experiment: Path, name: str) -> pl.DataFrame:
    """The readings of a comparison's pairs, as `write_pairs` wrote them."""
    return read_table(experiment / PAIRS / f"{name}.parquet", {"pair": pl.String, "seed": pl.Int64, **COLUMNS})
