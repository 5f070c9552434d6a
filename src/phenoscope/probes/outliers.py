"""How many curvatures stand out from their bulk along training?"""

from collections.abc import Mapping

import torch

from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import outliers
from phenoscope.probes.probe import Moment, Reading, Rows, at_least_one

NAMES = ("hessian outliers", "hessian bulk", "outlier gap", "second gap")


@spec
class Outliers:
    """The number of Hessian eigenvalues above the widest gap, `hessian outliers`, and what lies below it.

    Beside it stand `hessian bulk`, the eigenvalues of a thousandth of the largest at least that are no outliers (nan
    above 3000 parameters, where not all are taken), and the two widest ratios of neighbours, `outlier gap` and `second
    gap`. One product a parameter up to 3000 parameters.

    Attributes:
        every: steps from one reading to the next.
        most: outliers to look for at most; one and a half times the square of the outputs, and 10, unless given.
    """

    every: int = 100
    most: int | None = None

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        if self.most is not None:
            at_least_one(self, "most")

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(NAMES, "1")

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return self.due(step)

    def update(self, moment: Moment, memory: None) -> Reading:
        rows = [self._row(moment, row) for row in range(len(moment.alive))]
        values = torch.tensor(rows, dtype=torch.float64)
        names = (*NAMES, f"{NAMES[0]}.converged")
        return [Rows(name, moment.step, values[:, i]) for i, name in enumerate(names)], None

    def _row(self, moment: Moment, row: int) -> tuple[float, ...]:
        network = moment.objective(row)
        if network is None or not bool(moment.alive[row]):
            return (float("nan"),) * 5
        found = outliers(network, self.most, generator=stream(moment.seed, "outliers", moment.step))
        return found.value or float("nan"), found.bulk, found.gap, found.second_gap, float(found.converged)
