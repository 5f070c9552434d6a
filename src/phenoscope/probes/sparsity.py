"""How many of the weights are in use?"""

from collections.abc import Mapping

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.instruments import early_bird, largest_gains
from phenoscope.probes.probe import Moment, Reading, Regular, Rows, at_least_one
from phenoscope.training import channel_layout, layout_of
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
        wide = layout_of(network.model)
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
        weights = prunable(layout_of(network.model)).to(moment.points.device)
        mask = moment.memory.get(MASK, torch.ones_like(moment.points, dtype=torch.bool))
        tried = mask if memory is None else mask | memory
        found = {"active share": mask, "explored share": tried}
        return [Rows(n, moment.step, value[:, weights].double().mean(dim=1)) for n, value in found.items()], tried


@spec
class EarlyBirds(Regular):
    """Which channels would be kept now, and whether that has come to rest (`ps.channel_masks`, `ps.early_bird`).

    Series: `channel mask distance`, the largest share of channels in which two of the last masks differ, from the
    reading on at which there are so many masks; `channel mask distance / random`, the same over what is expected of
    random masks; `least layer share`, of its channels what the mask leaves to the layer with the least. A `Mark` at 0.1
    or below on the first of them keeps the point where the ticket is drawn.

    Attributes:
        every: steps from one mask to the next; where it was found, an epoch.
        sparsity: the share of channels that would go.
        window: how many of the last masks must agree.
    """

    every: int = 50
    sparsity: float = 0.5
    window: int = 5

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        if not 0 < self.sparsity < 1 or self.window < 2:
            raise BadInput(
                f"a probe of channels needs a sparsity between 0 and 1 and a window of 2 or more, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        return {
            "channel mask distance": "share of channels",
            "channel mask distance / random": "1",
            "least layer share": "share of channels",
        }

    def update(self, moment: Moment, memory: Tensor | None) -> Reading:
        network = moment.objective(0)
        if network is None:
            return [], memory
        places, names = channel_layout(network.model)
        gains = [places.unravel(point) for point in moment.points.cpu()]
        chosen = [largest_gains({name: each[name] for name in names}, self.sparsity) for each in gains]
        least = torch.stack([min(mask.double().mean() for mask in masks.values()) for masks in chosen])
        layers_left = [Rows("least layer share", moment.step, least)]
        now = torch.stack([torch.cat(list(masks.values())) for masks in chosen])[:, None]  # (n, 1, channels)
        memory = (now if memory is None else torch.cat([memory, now], dim=1))[:, -self.window :]
        if memory.shape[1] < self.window:
            return layers_left, memory
        found = [early_bird([{"channels": mask} for mask in row], window=self.window) for row in memory]
        apart = torch.tensor([each.value for each in found], dtype=torch.float64)
        relative = torch.tensor([each.relative for each in found], dtype=torch.float64)
        rows = {"channel mask distance": apart, "channel mask distance / random": relative}
        return [*(Rows(name, moment.step, values) for name, values in rows.items()), *layers_left], memory
