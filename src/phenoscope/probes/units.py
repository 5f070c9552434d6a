"""Are the units of the network still alive?"""

from collections.abc import Mapping

import torch

from phenoscope.core.specs import spec
from phenoscope.instruments import dead_units
from phenoscope.probes.probe import Moment, Reading, Rows, at_least_one


@spec
class DeadUnits:
    """The share of rectified units that are zero on every training example, `dead units`; nan where none rectifies."""

    every: int = 50

    def __post_init__(self) -> None:
        at_least_one(self, "every")

    @property
    def units(self) -> Mapping[str, str]:
        return {"dead units": "1"}

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, moment: Moment, memory: None) -> Reading:
        networks = [moment.objective(row) for row in range(len(moment.alive))]
        shares = [float("nan") if network is None else dead_units(network).value for network in networks]
        return [Rows("dead units", moment.step, torch.tensor(shares, dtype=torch.float64))], None
