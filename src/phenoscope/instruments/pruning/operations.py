"""What a sparse network costs: its parameters, and the multiplications that one example takes."""

import copy
import dataclasses
import math
from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from phenoscope.instruments.pruning.flow import example_of
from phenoscope.instruments.pruning.weights import Masks, checked, nonzero
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.symmetries.tracing import called

PRODUCTS = {"mm": (0, 1), "addmm": (1, 2), "bmm": (0, 1), "baddbmm": (1, 2), "matmul": (0, 1), "mv": (0, 1)}
"""Where an operation has the two factors of a matrix product."""


@dataclasses.dataclass(frozen=True)
class SparseCost(Reading):
    """What is left of the cost of a network.

    Attributes:
        value: multiplications (each with an addition) of one example by weights that are kept.
        dense: the same with all weights.
        operations: of the kept weights of each layer, by name.
        parameters: kept weights and all other trainable parameters.
        dense_parameters: all trainable parameters.
    """

    value: float
    dense: float
    operations: dict[str, float]
    parameters: int
    dense_parameters: int

    @property
    def speedup(self) -> float:
        """Dense over sparse multiplications: what could be gained, if zeros cost nothing."""
        return self.dense / self.value if self.value else math.inf

    @property
    def compression(self) -> float:
        """Dense over sparse parameters."""
        return self.dense_parameters / self.parameters if self.parameters else math.inf

    @property
    def evidence(self) -> str:
        return (
            f"multiply-adds an example by kept weights, of {self.dense:.6g}; {self.parameters} of "
            f"{self.dense_parameters} parameters"
        )


def sparse_cost(model: nn.Module, masks: Masks | None = None, *, inputs: Any = None) -> SparseCost:
    """Parameters, and multiplications of one example, of a network under masks.

    Counted are products of activations with weights, each entry of a weight as often as it is used: once for each
    place of a convolution, padding included. Additions of biases, normalisations and products of activations with each
    other are not, and a weight that is looked up, as in an embedding, costs nothing.

    Args:
        model: any module.
        masks: which weights stay, by name; unless given, those of its weights with two axes or more that are not 0.
        inputs: the shape of one example, or inputs of a call; guessed from the first layer unless given.

    Raises:
        BadInput: masks that do not fit, or a model for which no input is found.

    Example:
        >>> import torch
        >>> network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Flatten(), nn.Linear(32, 5))
        >>> found = sparse_cost(network, {"0.weight": torch.eye(3).bool().expand(2, 1, 3, 3)}, inputs=(1, 4, 4))
        >>> found.operations, found.dense
        ({'0.weight': 96.0, '2.weight': 160.0}, 448.0)
    """
    masks = nonzero(model) if masks is None else masks
    checked(model, masks)
    twin = copy.deepcopy(model).eval()
    uses = _Uses(twin)
    with uses:
        called(twin, example_of(twin, inputs))
    own = {name: value for name, value in twin.named_parameters() if name in uses.found}
    kept = {name: int(masks[name].sum()) if name in masks else value.numel() for name, value in own.items()}
    operations = {name: kept[name] * uses.found[name] for name in own}
    dense = sum(value.numel() * uses.found[name] for name, value in own.items())
    removed = sum(int((~mask).sum()) for mask in masks.values())
    trained = sum(value.numel() for value in twin.parameters() if value.requires_grad)
    return SparseCost(sum(operations.values()), dense, operations, trained - removed, trained)


class _Uses(TorchDispatchMode):
    """How often each entry of a parameter is multiplied with an activation in one run."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.found: dict[str, float] = {}
        # tensors are kept, so that no other one can come to have their place in memory
        self._names: dict[int, tuple[Tensor, str]] = {id(value): (value, n) for n, value in model.named_parameters()}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch's own question: if so, it would import its compiler first, which takes seconds."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func._overloadpacket.__name__
        taken = [value for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor)]
        if name in PRODUCTS:
            first, second = (args[place] for place in PRODUCTS[name])
            self._count(first, second, first.numel() * (second.shape[-1] if second.ndim > 1 else 1))
        elif name == "convolution":
            transposed = args[6]
            self._count(args[0], args[1], (args[0] if transposed else result).numel() * args[1][0].numel())
        elif len(taken) == 1 and id(taken[0]) in self._names:  # seen otherwise, or multiplied by a number
            for value in tree_leaves(result):
                if isinstance(value, Tensor) and value.numel() <= taken[0].numel():
                    self._names[id(value)] = value, self._names[id(taken[0])][1]
        return result

    def _count(self, first: Tensor, second: Tensor, products: int) -> None:
        weights = [value for value in (first, second) if id(value) in self._names]
        if len(weights) == 1:  # not a product of activations, nor of parameters
            name = self._names[id(weights[0])][1]
            self.found[name] = self.found.get(name, 0.0) + products / weights[0].numel()
