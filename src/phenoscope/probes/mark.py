"""Points of training that are kept for others to start from."""

from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.probes.probe import Rows


@spec
class Mark:
    """Keep the state of the first step at which a series reaches a level, under a name that a `Point` can refer to.

    A reading known only a step later (`relative progress`) keeps the state of the step at which it is known.

    Attributes:
        name: of the point, and of the file that keeps it.
        series: what is watched.
        at_least: the level.
        after: no step before this one counts.
    """

    name: str
    series: str
    at_least: float
    after: int = 0

    def __post_init__(self) -> None:
        taken = self.name in ("initial", "final") or self.name.startswith("step ")
        if taken or not self.name.strip(" .") or set(self.name) & set("/\\\0"):
            raise BadInput(
                f"a mark's name also names a file and is not 'initial', 'final' or 'step ...', got {self.name!r}."
            )

    def reached(self, rows: list[Rows]) -> Tensor | None:
        """Which rows are at the level now; `None` where the series was not read."""
        for row in rows:
            if row.name == self.series and row.step >= self.after:
                return row.values >= self.at_least
        return None
