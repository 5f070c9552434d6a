"""Points of training that are kept for others to start from."""

import math

from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.probes.probe import Rows


@spec
class Mark:
    """Keep the state of the first step at which a series reaches a level, under a name that a `Point` can refer to.

    The level is reached from below (`at_least`) or from above (`at_most`); with both, the series lies between them.

    A reading known only a step later (`relative progress`) keeps the state of the step at which it is known.

    Attributes:
        name: of the point, and of the file that keeps it.
        series: what is watched.
        at_least: the level of a series that rises to it.
        after: no step before this one counts.
        at_most: the level of a series that falls to it.
    """

    name: str
    series: str
    at_least: float | None = None
    after: int = 0
    at_most: float | None = None

    def __post_init__(self) -> None:
        taken = self.name in ("initial", "final") or self.name.startswith("step ")
        if taken or not self.name.strip(" .") or set(self.name) & set("/\\\0"):
            raise BadInput(
                f"a mark's name also names a file and is not 'initial', 'final' or 'step ...', got {self.name!r}."
            )
        if self.at_least is None and self.at_most is None:
            raise BadInput(f"the mark {self.name!r} needs a level: give `at_least`, `at_most` or both.")

    def reached(self, rows: list[Rows]) -> Tensor | None:
        """Which rows are at the level now; `None` where the series was not read."""
        for row in rows:
            if row.name == self.series and row.step >= self.after:
                low = -math.inf if self.at_least is None else self.at_least
                high = math.inf if self.at_most is None else self.at_most
                return (row.values >= low) & (row.values <= high)
        return None
