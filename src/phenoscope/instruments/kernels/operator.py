"""Tangent kernels of many examples, known through their products: nothing of the size of the matrix is ever stored."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.instruments.kernels.empirical import MEMORY, Outputs
from phenoscope.instruments.kernels.subject import Named, subject
from phenoscope.objective import Operator
from phenoscope.objective.batches import length, split


class TangentKernel(Operator):
    """The tangent kernel of some examples as an operator: K v = J (Jᵀ v), a pass backwards and one forwards a product.

    Its size is n k, outputs within examples; or n for the trace over outputs, where a product takes k passes each way.
    So `eigenvalues` finds the largest eigenvalues for more examples than a matrix could be made of.

    Args:
        model, x, outputs, parameters: as `empirical_ntk` takes them.
        memory: bytes that the values inside the network may take; examples are taken in chunks.

    Raises:
        BadInput: as `empirical_ntk` does.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> kernel = TangentKernel(model, torch.tensor([[1.0, 2.0], [3.0, 0.0]]))
        >>> kernel @ torch.tensor([1.0, 0.0])
        tensor([5., 3.])
    """

    def __init__(
        self,
        model: nn.Module,
        x: Any,
        outputs: Outputs = "full",
        *,
        parameters: Sequence[str] | None = None,
        memory: int = MEMORY,
    ) -> None:
        one_of("`outputs`", outputs, ("full", "trace"))
        if memory < 1:
            raise BadInput(f"`memory` is a number of bytes, got {memory}.")
        self._subject, self._x, self._outputs = subject(model, x, parameters), (x, None), outputs
        network, count = self._subject.network, length(self._x)
        size = count * (self._subject.entries if outputs == "full" else 1)
        super().__init__(1, size, network.dtype, network.device)
        with network.evaluation():
            few = next(split(self._x, 1))
            held = sum(place.numel() for place in self._subject.displaced(few).places) + self._subject.entries
        self._chunk = max(1, int(memory / (8 * held * torch.finfo(network.dtype).bits / 8)))

    def _apply(self, block: Tensor) -> Tensor:
        with self._subject.network.evaluation():
            return torch.stack([self._product(vector) for vector in block[0]])[None].detach()

    def _product(self, vector: Tensor) -> Tensor:
        k = self._subject.entries
        if self._outputs == "full":
            return self._between(vector.reshape(-1, k)).flatten()
        units = torch.eye(k, dtype=vector.dtype, device=vector.device)
        return torch.stack([self._between(vector[:, None] * unit) @ unit for unit in units]).sum(0)

    def _between(self, seeds: Tensor) -> Tensor:
        """J Jᵀ u for u (n, k)."""
        moved: Named = {}
        for batch, own in zip(split(self._x, self._chunk), seeds.split(self._chunk), strict=True):
            for name, part in self._subject.pulled(batch, own).items():
                moved[name] = moved[name] + part if name in moved else part
        direction = {name: part[None] for name, part in moved.items()}
        return torch.cat([self._subject.pushed(batch, direction)[0] for batch in split(self._x, self._chunk)])
