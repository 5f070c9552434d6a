"""What gradient flow keeps: are two layers that follow each other as balanced as they were at the start?"""

import dataclasses
import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

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


@dataclasses.dataclass(frozen=True, eq=False)
class UnitBalance(Reading):
    """For each hidden unit what its weights towards the outputs have more than those from the inputs.

    Attributes:
        value: Σ |c| over the sum of all squares that enter it: 0 where all units are balanced, at most 1; nan where no
            layers follow each other.
        charges: c of all units, (h,), layer by layer.
        total: the sum of the squares.
        rounding: what the value may be off by, in the precision of the weights.
    """

    value: float
    charges: Tensor
    total: float
    rounding: float

    @property
    def evidence(self) -> str:
        return f"{len(self.charges)} hidden units" if len(self.charges) else "no layers that follow each other"

    def drift(self, start: "UnitBalance") -> float:
        """Σ |c - c₀| over the sum of the squares at the start, for another moment of the same network."""
        if self.charges.shape != start.charges.shape:
            raise BadInput("a drift is between two moments of one network, got different numbers of units.")
        return float((self.charges - start.charges).abs().sum()) / start.total if start.total else math.nan


def unit_balance(model: nn.Module) -> UnitBalance:
    """What gradient flow keeps in a network of layers with ReLU, or nothing, between them: c = ‖a‖² - ‖w‖² - b².

    a are the weights from a hidden unit to the next layer, w and b those to it and its bias: a unit that is multiplied
    by what the next layer is divided by computes the same, and to such a symmetry belongs a quantity that gradient flow
    keeps, for any loss and data. Gradient descent moves it by a term of η² a step; momentum, adaptive rules, weight
    decay and functions like tanh do not keep it at all. Layers are the parameters that are matrices, in the order in
    which they are registered and where one has as many inputs as the one before has outputs; biases are found by their
    names ("0.weight", "0.bias"). Dimension of c: squared parameters. Source: Du, Hu and Lee 2018, arXiv:1806.00900.

    Args:
        model: any; it is left as it is.

    Example:
        >>> model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU(), nn.Linear(1, 1, bias=False))
        >>> _ = model[0].weight.data.fill_(1.0), model[2].weight.data.fill_(2.0)
        >>> found = unit_balance(model)
        >>> found.charges.tolist(), found.value
        ([3.0], 0.6)
    """
    named = {name: each.detach() for name, each in model.named_parameters()}
    layers = [(name, each) for name, each in named.items() if each.ndim == 2]
    charges, total = [], 0.0
    for (name, before), (_, after) in itertools.pairwise(layers):
        if after.shape[1] != before.shape[0]:
            continue
        inner = before.double().square().sum(dim=1)
        bias = named.get(f"{name.removesuffix('weight')}bias") if name.endswith("weight") else None
        if bias is not None and bias.shape == inner.shape:
            inner = inner + bias.double().square()
        outer = after.double().square().sum(dim=0)
        charges.append(outer - inner)
        total += float((outer + inner).sum())
    every = torch.cat(charges) if charges else torch.zeros(0, dtype=torch.float64)
    value = float(every.abs().sum()) / total if total else math.nan
    eps = max((torch.finfo(each.dtype).eps for _, each in layers), default=0.0)
    return UnitBalance(value, every, total, 10 * eps)
