"""What gradient flow keeps: are two layers that follow each other as balanced as they were at the start?"""

import dataclasses
import itertools
import math
from collections.abc import Sequence

from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.reading import Reading


@dataclasses.dataclass(frozen=True, eq=False)
class Balance(Reading):
    """The differences that gradient flow keeps, and how they compare with the weights.

    Attributes:
        value: the largest ‖C‖ over the larger of ‖AᵀA‖ and ‖BBᵀ‖, over all neighbours: from 0,
            balanced, to at most √2.
        charges: C = AᵀA - BBᵀ of every two neighbours, A after B, (h, h) with the h units between them.
        units: of all layers between.
    """

    value: float
    charges: tuple[Tensor, ...]
    units: int

    @property
    def evidence(self) -> str:
        return f"{len(self.charges)} pairs of layers around {self.units} units"

    def drift(self, start: "Balance") -> float:
        """How far the charges are from those at another moment: the root of the sum of their squared differences.

        Args:
            start: the balance of the same network at that moment.
        """
        if [each.shape for each in self.charges] != [each.shape for each in start.charges]:
            raise BadInput("a drift is between two moments of one network, got charges of different shapes.")
        parts = zip(self.charges, start.charges, strict=True)
        return math.sqrt(sum(float((now - then).square().sum()) for now, then in parts))


def balance(weights: Sequence[Tensor]) -> Balance:
    """What gradient flow on the product of linear layers keeps: C = AᵀA - BBᵀ for a layer A after a layer B.

    For any loss of the product, and whatever the start. With ReLU between the layers the diagonal of C is kept, unit by
    unit: squared length of the outgoing less that of the incoming weights. Gradient descent with step η moves it by a
    term of η² a step, so over a fixed time in proportion to η. Momentum and adaptive rules keep none of it. Dimension:
    squared parameters; `value` has none. Sources: Arora, Cohen and Hazan 2018, arXiv:1802.06509; Du, Hu and Lee 2018,
    arXiv:1806.00900.

    Args:
        weights: of layers that follow each other, the first one first, each (outputs, inputs).

    Raises:
        BadInput: fewer than two layers, or shapes that do not follow each other.

    Example:
        >>> import torch
        >>> found = balance([torch.eye(2), 2 * torch.eye(2)])
        >>> round(found.value, 6), found.charges[0].diagonal().tolist()
        (0.75, [3.0, 3.0])
    """
    fit = all(b.ndim == a.ndim == 2 and a.shape[1] == b.shape[0] for b, a in itertools.pairwise(weights))
    if len(weights) < 2 or not fit:
        raise BadInput(
            "balance is between at least two layers (outputs, inputs), each with as many inputs as the one before has "
            f"outputs, got {[tuple(each.shape) for each in weights]}."
        )
    charges, value = [], 0.0
    for before, after in itertools.pairwise(weights):
        inner, outer = after.mT @ after, before @ before.mT
        charges.append(inner - outer)
        size = max(float(inner.norm()), float(outer.norm()))
        value = max(value, float((inner - outer).norm()) / size if size else 0.0)
    return Balance(value, tuple(charges), sum(len(each) for each in charges))
