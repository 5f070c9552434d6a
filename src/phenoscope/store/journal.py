"""The journal: series of a member while it runs, appended and flushed, so that a crash loses nothing flushed.

One line a reading: step, name, value, separated by tabs; the value is written so that reading it back gives the
same bits. A line cut short by a crash is left out when the journal is read, and cut off when it is continued.
"""

import io
import os
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np
import polars as pl

from phenoscope.core.errors import BadInput
from phenoscope.record import Series
from phenoscope.store.files import refused, writing
from phenoscope.store.soundness import plain_file
from phenoscope.store.tables import COLUMNS, by_name

FLUSH_SECONDS = 1.0
PIECE = 8 << 20
"""Bytes of a journal that are taken apart at a time."""


class Journal:
    """An open journal; rows are appended in the order they come and flushed at least once a second.

    A journal that is there already is continued: after a crash its last line may have no end, and is cut off first,
    else the next row would run on in it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        plain_file(path)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            cut_short(path)
            self._file = path.open("a", encoding="utf-8", newline="\n")
        self._flushed = time.monotonic()
        self._names: set[str] = set()

    def append(self, step: int, name: str, value: float) -> None:
        if name not in self._names:
            self._know(name)
        try:
            self._file.write(f"{step}\t{name}\t{value!r}\n")
        except OSError as problem:
            raise refused(self._path, problem) from problem

    def breathe(self) -> None:
        """Flush if a second has passed since the last time."""
        now = time.monotonic()
        if now - self._flushed >= FLUSH_SECONDS:
            with writing(self._path):
                self._file.flush()
            self._flushed = now

    def settle(self) -> int:
        """Flush to the disk itself; returns the length in bytes."""
        with writing(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
            return self._file.seek(0, io.SEEK_END)

    def close(self) -> None:
        with writing(self._path):
            self._file.close()

    def _know(self, name: str) -> None:
        if not name or "\t" in name or "\n" in name:
            raise BadInput(f"a series needs a name of one line without tabs, got {name!r}. Rename it in its probe.")
        self._names.add(name)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def cut_short(path: Path) -> None:
    """Cut off what a crash left behind the last whole line, if anything."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        end = size = file.seek(0, io.SEEK_END)
        while end:
            begin = max(0, end - 4096)
            file.seek(begin)
            found = file.read(end - begin).rfind(b"\n")
            if found >= 0:
                end = begin + found + 1
                break
            end = begin
        if end < size:
            file.truncate(end)


def read_journal(path: Path) -> dict[str, Series]:
    """The series in a journal; of several readings of one name at one step the last counts."""
    parts = [pl.DataFrame(schema=COLUMNS)]
    plain_file(path)
    try:
        with path.open("rb") as file:
            while lines := file.readlines(PIECE):
                parts.append(_parsed(b"".join(lines).decode(errors="replace")))
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror or problem}.") from None
    found = by_name(pl.concat(parts))
    return {name: _in_order(one) for name, one in found.items()}


def series(rows: Iterable[tuple[int, float]]) -> Series:
    """A series from (step, value) pairs in any order; of several at one step the last counts."""
    pairs = list(rows)
    steps, values = (np.array([pair[i] for pair in pairs], dtype) for i, dtype in enumerate((np.int64, np.float64)))
    return _in_order(Series(steps, values))


def _in_order(one: Series) -> Series:
    """The same readings by rising steps, each step once with its last value."""
    if bool((np.diff(one.steps) > 0).all()):
        return one
    order = np.argsort(one.steps, kind="stable")
    steps = one.steps[order]
    last = np.append(steps[1:] != steps[:-1], True)
    return Series(steps[last], one.values[order][last])


def _parsed(text: str) -> pl.DataFrame:
    """The rows of whole lines; those that are no step, name and value are left out."""
    lines = pl.Series("line", text.split("\n")[:-1], dtype=pl.String)
    parts = lines.str.split_exact("\t", 3).struct.rename_fields([*COLUMNS, "more"]).struct.unnest()
    numbers = (pl.col(name).cast(COLUMNS[name], strict=False) for name in ("step", "value"))
    rows = parts.filter(pl.col("more").is_null()).with_columns(*numbers).select(*COLUMNS).drop_nulls()
    return rows.filter((pl.col("step") >= 0) & (pl.col("name") != ""))
