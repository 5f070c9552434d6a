"""Are the units of the network still alive, and how many directions do its features take?"""

import math
from collections.abc import Mapping

import torch

from phenoscope.core.specs import spec
from phenoscope.instruments import dead_units, feature_rank
from phenoscope.probes.probe import Moment, Reading, Regular, Rows


@spec
class DeadUnits(Regular):
    """The share of rectified units that are zero on every training example, `dead units`; nan where none rectifies."""

    every: int = 50

    @property
    def units(self) -> Mapping[str, str]:
        return {"dead units": "1"}

    def update(self, moment: Moment, memory: None) -> Reading:
        networks = [moment.objective(row) for row in range(len(moment.alive))]
        shares = [float("nan") if network is None else dead_units(network).value for network in networks]
        return [Rows("dead units", moment.step, torch.tensor(shares, dtype=torch.float64))], None


@spec
class Features(Regular):
    """What the last layer is given: `feature rank` (99 % of the variance) and `active share` (entries that are not 0).

    Read on the training examples; see `instruments.feature_rank`.
    """

    every: int = 50

    @property
    def units(self) -> Mapping[str, str]:
        return {"feature rank": "dimensions", "active share": "1"}

    def update(self, moment: Moment, memory: None) -> Reading:
        networks = [moment.objective(row) for row in range(len(moment.alive))]
        found = [None if network is None else feature_rank(network) for network in networks]
        columns = {
            "feature rank": [math.nan if each is None else each.value for each in found],
            "active share": [math.nan if each is None else each.active for each in found],
        }
        rows = [Rows(name, moment.step, torch.tensor(values, dtype=torch.float64)) for name, values in columns.items()]
        return rows, None
