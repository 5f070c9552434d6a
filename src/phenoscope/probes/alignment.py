"""The feature ansatz along training: do weights turn to where the outputs are sensitive?"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from phenoscope.core.points import layout
from phenoscope.core.specs import spec
from phenoscope.instruments import feature_ansatz, gradient_outer_product
from phenoscope.objective.batches import take
from phenoscope.probes.probe import Moment, Reading, Regular, Rows, at_least_one
from phenoscope.training import Linearised

SERIES = ("feature alignment", "mean feature alignment", "centred feature alignment", "first layer's drift")


@spec
class FeatureAlignment(Regular):
    """WᵀW of the first dense layer beside the average gradient outer product of its input (`ps.feature_ansatz`).

    Series: `feature alignment`, their cosine; `mean feature alignment`, the mean over dense layers but the last;
    `centred feature alignment`, the cosine for the weights less those at the first reading, from the second reading on;
    `first layer's drift`, ‖W - W₀‖/‖W₀‖. Of a linearised network the first layer is read, whose input is the network's,
    and the centred cosine is not. Rows of a cohort are measured one after the other.

    Attributes:
        every: steps from one reading to the next.
        examples: the first so many of the training examples.
    """

    every: int = 100
    examples: int = 200

    def __post_init__(self) -> None:
        Regular.__post_init__(self)
        at_least_one(self, "examples")

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(SERIES, "1")

    def update(self, moment: Moment, memory: Tensor | None) -> Reading:
        """Memory: the points of all rows at the first reading, (n, p)."""
        starts = moment.points.clone() if memory is None else memory
        found = [self._row(moment, row, starts[row]) if ok else {} for row, ok in enumerate(moment.alive.tolist())]
        lists = {name: [each.get(name, math.nan) for each in found] for name in SERIES}
        columns = {name: torch.tensor(values, dtype=torch.float64) for name, values in lists.items()}
        return [Rows(name, moment.step, v) for name, v in columns.items() if bool(torch.isfinite(v).any())], starts

    def _row(self, moment: Moment, row: int, start: Tensor) -> dict[str, float]:
        objective = moment.objective(row)
        if objective is None:
            return {}
        inputs = take(next(objective.terms.passes()), 0, self.examples)[0]
        if isinstance(objective.model, Linearised):
            return _of_linear_model(objective.model, inputs, start)
        found = feature_ansatz(objective.model, inputs, start=start)
        name, first = next(iter(found.layers.items()))
        weight = f"{name}.weight".lstrip(".")
        before = layout(objective.model).unravel(start)[weight]
        drift = _drift(objective.model.get_parameter(weight).detach(), before)
        return dict(zip(SERIES, (first.alignment, found.value, first.centred, drift), strict=True))


def _of_linear_model(model: Linearised, inputs: Any, start: Tensor) -> dict[str, float]:
    """The first layer's weights as the parameters have them, and the gradient of the linear model in its input."""
    now, before = model.values(model.point.detach()), model.values(start)
    name = next(name for name, value in now.items() if value.ndim == 2)
    weights, outer = now[name].double(), gradient_outer_product(model, inputs)
    seen = weights.mT @ weights
    cosine = float((seen * outer).sum() / (seen.norm() * outer.norm()))
    return {SERIES[0]: cosine, SERIES[3]: _drift(now[name], before[name])}


def _drift(now: Tensor, before: Tensor) -> float:
    return float((now - before).double().norm() / before.double().norm())
