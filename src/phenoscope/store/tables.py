"""Series and other tables as parquet files, whole or not at all, and read with suspicion."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from phenoscope.core.errors import BadInput
from phenoscope.record import Series
from phenoscope.store.files import write_bytes
from phenoscope.store.seals import outlived, sealed, whole
from phenoscope.store.soundness import plain_file

COLUMNS = {"step": pl.Int64, "name": pl.String, "value": pl.Float64}
"""Of a table of series."""
MOST_ROWS, LAST_STEP = 10**8, 2**53
"""Of a table that can be one of ours; beyond that step, steps are no floats."""


def write_series(path: Path, series: Mapping[str, Series]) -> None:
    """Write series as one tidy table: step, name, value."""
    parts = [pl.DataFrame(schema=COLUMNS)]
    for name, one in series.items():
        rows = pl.DataFrame({"step": one.steps, "value": one.values}, schema_overrides=COLUMNS)
        parts.append(rows.with_columns(pl.lit(name, pl.String).alias("name")).select(*COLUMNS))
    write_table(path, pl.concat(parts))


def read_series(path: Path, *, checked: bool = False) -> dict[str, Series]:
    """The series of a parquet file with the columns step, name, value, each at rising steps.

    Args:
        path: of the file.
        checked: whether it is known that parsing it does not end the process.
    """
    found = by_name(read_table(path, COLUMNS, checked=checked))
    for name, one in found.items():
        if one.steps[0] < 0 or one.steps[-1] > LAST_STEP or not bool((np.diff(one.steps) > 0).all()):
            raise BadInput(
                f"{path} cannot be read as series: {name!r} has steps that do not rise from 0. It is foreign."
            )
    return found


def by_name(table: pl.DataFrame) -> dict[str, Series]:
    """The series of a tidy table, in the order of their first rows."""
    parts = table.partition_by("name", as_dict=True, maintain_order=True)
    return {
        str(name): Series(part["step"].to_numpy().astype(np.int64), part["value"].to_numpy().astype(np.float64))
        for (name,), part in parts.items()
    }


def write_table(path: Path, table: pl.DataFrame) -> None:
    """Write a data frame as parquet, whole or not at all, with a digest of its bytes."""
    content = io.BytesIO()
    table.write_parquet(content)
    write_bytes(path, sealed(content.getvalue()))


def read_table(path: Path, columns: Mapping[str, Any], *, checked: bool = False) -> pl.DataFrame:
    """A parquet file that has at least these columns, of these types and without gaps.

    Args:
        path: of the file.
        columns: names and types.
        checked: whether it is known that parsing it does not end the process.

    Raises:
        BadInput: it cannot be read, or its bytes are not those that were written.
    """
    plain_file(path)
    try:
        content = path.read_bytes()
        sound = whole(content)
        if sound is False:  # even if it could be read: its numbers are not those that were written
            raise ValueError("it is not whole")
        if sound is None and not (checked or outlived([path], MOST_ROWS)):
            raise ValueError("reading it ends the process that reads it")
        # Polars panics on some broken files; that is not an `Exception`.
        rows = pl.scan_parquet(io.BytesIO(content)).select(pl.len()).collect().item()
        if rows > MOST_ROWS:  # equal ones take no room in the file
            raise ValueError(f"it has {rows:,} rows")
        table = pl.read_parquet(content)
        if not columns.items() <= dict(table.schema).items() or any(table.select(*columns).null_count().row(0)):
            raise ValueError(f"its columns are {dict(table.schema)}")
    except (OSError, MemoryError, pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as problem:
        first = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise BadInput(f"{path} cannot be read as series ({first}). It may be truncated or foreign.") from None
    return table
