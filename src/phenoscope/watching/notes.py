"""What a watch writes down: by one process, where several hold the data; and what they must know of each other."""

from collections.abc import Mapping, Sequence
from typing import Any

from phenoscope.core.errors import PhenoscopeError
from phenoscope.objective import Processes
from phenoscope.probes import Rows
from phenoscope.record import Outcome
from phenoscope.store import Journal, WatchedFolder


class Notes:
    """The record of a watch. The first of the processes keeps it; in the others nothing is written.

    Args:
        folder: of the run.
        processes: that hold a part of the data each.
    """

    def __init__(self, folder: WatchedFolder, processes: Processes) -> None:
        self._folder, self._processes = folder, processes
        self._journal: Journal | None = None

    def begin(self, *, overwrite: bool) -> None:
        """Start a fresh record; refused in all processes if it is in the one that writes."""
        refusal: PhenoscopeError | None = None
        if self._processes.rank == 0:
            try:
                self._journal = self._folder.begin(overwrite=overwrite)
            except PhenoscopeError as problem:
                refusal = problem
        told = self.agreed("" if refusal is None else str(refusal))
        if refusal is not None or told:
            raise refusal or PhenoscopeError(told)

    def agreed(self, problem: str) -> str:
        """The first problem that any of the processes has; all ask at the same time."""
        return next(filter(None, self._processes.gather(problem)), "")

    def append(self, rows: Sequence[Rows]) -> None:
        if self._journal is not None:
            for row in rows:
                self._journal.append(row.step, row.name, float(row.values[0]))

    def breathe(self) -> None:
        if self._journal is not None:
            self._journal.breathe()

    def finish(
        self, outcome: Outcome, stopped_at: int | None, settings: Mapping[str, float], ended: Mapping[str, Any]
    ) -> None:
        if self._journal is not None:
            self._journal.close()
            self._folder.finish(outcome, stopped_at, settings, ended)
