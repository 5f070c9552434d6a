"""The journal: series of a member while it runs, appended and flushed, so that a crash loses nothing flushed.

One line a reading: step, name, value, separated by tabs; the value is written so that reading it back gives the
same bits. A line cut short by a crash is left out when the journal is read.
"""

import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np

from phenoscope.core.errors import BadInput
from phenoscope.record import Series
from phenoscope.store.files import writing

FLUSH_SECONDS = 1.0
STEPS = range(2**63)


class Journal:
    """An open journal; rows are appended in the order they come and flushed at least once a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", newline="\n")
        self._flushed = time.monotonic()

    def append(self, step: int, name: str, value: float) -> None:
        with writing(self._path):
            self._file.write(f"{step}\t{name}\t{value!r}\n")

    def breathe(self) -> None:
        """Flush if a second has passed since the last time."""
        now = time.monotonic()
        if now - self._flushed >= FLUSH_SECONDS:
            with writing(self._path):
                self._file.flush()
            self._flushed = now

    def close(self) -> None:
        with writing(self._path):
            self._file.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_journal(path: Path) -> dict[str, Series]:
    """The series in a journal; of several readings of one name at one step the last counts."""
    rows: dict[str, dict[int, float]] = {}
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for line in file:
                parsed = _parsed(line)
                if parsed is not None:
                    step, name, value = parsed
                    rows.setdefault(name, {})[step] = value
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror or problem}.") from None
    return {name: series(found.items()) for name, found in rows.items()}


def series(rows: Iterable[tuple[int, float]]) -> Series:
    """A series from (step, value) pairs in any order, one a step."""
    ordered = sorted(rows, key=lambda row: row[0])
    steps = np.array([step for step, _ in ordered], dtype=np.int64)
    return Series(steps, np.array([value for _, value in ordered], dtype=np.float64))


def _parsed(line: str) -> tuple[int, str, float] | None:
    """Step, name and value of a line, or `None` where it was cut short."""
    parts = line.split("\t")
    if len(parts) != 3 or not line.endswith("\n"):
        return None
    try:
        step, name, value = int(parts[0]), parts[1], float(parts[2])
    except ValueError:
        return None
    return (step, name, value) if step in STEPS and name else None
