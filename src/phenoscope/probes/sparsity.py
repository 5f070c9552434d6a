"""How many of the weights are in use?"""

from collections.abc import Mapping

import torch
from torch import Tensor

from phenoscope.core.points import layout
from phenoscope.core.specs import spec
from phenoscope.probes.probe import Moment, Reading, Regular, Rows
from phenoscope.training.masks import MASK, layers, prunable


@spec
class Density(Regular):
    """The share of weights that are not exactly 0, `density`, and that of the layer with the least, `least density`.

    Weights are the parameters of two dimensions or more: what masks hold at 0, and what a regulariser set to 0.
    """

    every: int = 50

    @property
    def units(self) -> Mapping[str, str]:
        return {"density": "1", "least density": "1"}

    def update(self, moment: Moment, memory: None) -> Reading:
        network = moment.objective(0)
        if network is None:
            return [], None
        wide = layout(network.model)
        used = moment.points != 0
        weights = prunable(wide).to(used.device)
        if not weights.any():
            return [], None
        least = torch.stack([used[:, place].double().mean(dim=1) for _, place in layers(wide)]).amin(dim=0)
        return [
            Rows("density", moment.step, used[:, weights].double().mean(dim=1)),
            Rows("least density", moment.step, least),
        ], None


@spec
class Explored(Regular):
    """Which weights a mask lets train: the share now, `active share`, and at any reading so far, `explored share`.

    Weights are the parameters of two dimensions or more. Without a mask all are active.
    """

    every: int = 50

    @property
    def units(self) -> Mapping[str, str]:
        return {"active share": "1", "explored share": "1"}

    def update(self, moment: Moment, memory: Tensor | None) -> Reading:
        network = moment.objective(0)
        if network is None:
            return [], memory
        weights = prunable(layout(network.model)).to(moment.points.device)
        mask = moment.memory.get(MASK, torch.ones_like(moment.points, dtype=torch.bool))
        tried = mask if memory is None else mask | memory
        found = {"active share": mask, "explored share": tried}
        return [Rows(n, moment.step, value[:, weights].double().mean(dim=1)) for n, value in found.items()], tried
