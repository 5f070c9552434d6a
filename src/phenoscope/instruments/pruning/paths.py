"""Which weights still matter: those on a path from the inputs to the outputs through weights that are left."""

import dataclasses
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.instruments.pruning.flow import example_of, flow, still, unlike
from phenoscope.instruments.pruning.weights import Masks, checked, nonzero, prunable
from phenoscope.instruments.reading import Reading


@dataclasses.dataclass(frozen=True, eq=False)
class EffectiveSparsity(Reading):
    """The share of weights that are removed, or on no path.

    Attributes:
        value: 1 - live/total.
        sparsity: that of the masks, 1 - kept/total.
        live: masks of the weights on a path, by name.
        kept, total: weights that the masks keep, and all that they are about.
    """

    value: float
    sparsity: float
    live: dict[str, Tensor]
    kept: int
    total: int

    @property
    def collapsed(self) -> bool:
        """Whether no path is left: the outputs no longer depend on the inputs."""
        return not any(bool(mask.any()) for mask in self.live.values())

    @property
    def evidence(self) -> str:
        live = sum(int(mask.sum()) for mask in self.live.values())
        return f"{live} of {self.kept} kept weights lie on a path from inputs to outputs, of {self.total} in all"


def effective_sparsity(model: nn.Module, masks: Masks | None = None, *, inputs: Any = None) -> EffectiveSparsity:
    """The sparsity of a network in which a weight on no path counts as removed.

    A weight is on a path if an input reaches it and it reaches an output through weights that are left. Masks without
    an empty layer can have no path at all: then the layers have *collapsed*, although each of them keeps weights. It
    is the structure that counts: a rectifier that is always off, or a signal too small to train with, is not seen.

    Args:
        model: any module.
        masks: which weights stay, by name; unless given, those of its weights with two axes or more that are not 0.
        inputs: the shape of one example, or inputs of a call; guessed from the first layer unless given.

    Raises:
        BadInput: masks that do not fit, or a model for which no input is found.

    Example:
        >>> network = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
        >>> first, last = torch.tensor([[True, True], [False, False]]), torch.tensor([[False, True]])
        >>> found = effective_sparsity(network, {"0.weight": first, "2.weight": last})
        >>> found.sparsity, found.value, found.collapsed
        (0.5, 1.0, True)
    """
    masks = nonzero(model) if masks is None else masks
    checked(model, masks)
    others = {name: torch.ones_like(value, dtype=torch.bool) for name, value in prunable(model).items()}
    weights = {name: _passing(mask) for name, mask in (others | {**masks}).items()}
    slopes = flow(still(model), weights, example_of(model, inputs), paths=True)
    live = {name: mask & (slopes[name] != 0) for name, mask in masks.items()}
    kept, total = (sum(int(part) for part in parts) for parts in _counted(masks))
    left = sum(int(mask.sum()) for mask in live.values())
    return EffectiveSparsity(1 - left / total, 1 - kept / total, live, kept, total)


def _passing(mask: Tensor) -> Tensor:
    """Weights where the mask has some, as large as keeps a signal at its size through any number of layers."""
    return mask.double() * unlike(mask.shape).to(mask.device) / max(int(mask.sum()) / len(mask), 1.0)


def _counted(masks: Masks) -> tuple[list[Tensor], list[int]]:
    return [mask.sum() for mask in masks.values()], [mask.numel() for mask in masks.values()]
