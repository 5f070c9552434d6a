"""Where would gradient flow end from here? For products of scalars the answer is a closed form."""

from collections.abc import Mapping

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.probes.probe import Moment, Reading, Regular, Rows
from phenoscope.theory import flow_sharpness


@spec
class FlowSharpness(Regular):
    """The sharpness of the minimum that gradient flow would reach from here, `flow sharpness`, of a `models.Product`.

    Gradient descent is said to lower it at every step, whatever loss and sharpness do (Kreisler et al. 2023,
    arXiv:2305.13064). `flow sharpness rise` is its change since the reading before, in parts of it.

    Attributes:
        powers: those of the product.
        every: steps from one reading to the next.
    """

    powers: tuple[int, ...] = (2, 2)
    every: int = 1

    @property
    def units(self) -> Mapping[str, str]:
        return {"flow sharpness": "loss / parameter²", "flow sharpness rise": "1"}

    def update(self, moment: Moment, memory: Tensor | None) -> Reading:
        if moment.points.shape[1] != len(self.powers):
            raise BadInput(
                f"FlowSharpness is of a product with the powers {self.powers}, got a model of "
                f"{moment.points.shape[1]} parameters. Measure `phenoscope.models.Product` with its own powers."
            )
        powers = torch.tensor(self.powers, dtype=torch.float64, device=moment.points.device)
        found = flow_sharpness(moment.points, powers)
        rows = [Rows("flow sharpness", moment.step, found)]
        if memory is not None:
            rows.append(Rows("flow sharpness rise", moment.step, found / memory - 1))
        return rows, found
