"""How complex a function could the weights of a network be? Their length, and their product against the margin."""

import dataclasses
import math

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective
from phenoscope.objective.kinds import are_classes

ROUNDINGS = 4
"""Units of rounding of the weights that a norm of them may be off by."""


@dataclasses.dataclass(frozen=True)
class WeightNorm(Reading):
    """How long the trained weights are.

    Attributes:
        value: ‖θ‖.
        rounding: what it may be off by, in the precision of the weights.
        parameters: that it is of.
    """

    value: float
    rounding: float
    parameters: int

    @property
    def evidence(self) -> str:
        return f"{self.parameters} parameters; rounding about {self.rounding:.0e}"


@dataclasses.dataclass(frozen=True)
class MarginNorm(Reading):
    """What a network needs of weights for its margin.

    Attributes:
        value: the product of the norms over the margin; nan where the margin is not positive.
        rounding: what it may be off by, in the precision of the weights.
        margin: that quantile of the margins of the examples.
        product: Π ‖W‖ of the weight matrices.
        matrices: how many there are.
        quantile: which it is.
    """

    value: float
    rounding: float
    margin: float
    product: float
    matrices: int
    quantile: float

    @property
    def evidence(self) -> str:
        return f"{self.matrices} matrices with the product {self.product:.3g}, margin {self.margin:.3g}"


def weight_norm(objective: Objective) -> WeightNorm:
    r"""Euclidean length of all trained parameters, $\|\theta\|$.

    Units: those of the parameters. Rescaling layers changes it where the function stays the same.

    Args:
        objective: the loss, at the model's own point.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> _ = model.weight.data.copy_(torch.tensor([[3.0, 4.0]]))
        >>> weight_norm(Objective(model, torch.nn.MSELoss(), (torch.eye(2), torch.zeros(2, 1)))).value
        5.0
    """
    point = objective.point
    value = float(point.double().norm())
    return WeightNorm(value, ROUNDINGS * torch.finfo(point.dtype).eps * value, len(point))


def margin_norm(objective: Objective, *, quantile: float = 0.5) -> MarginNorm:
    r"""The norms of the weight matrices over the margin, $\prod_l \|W_l\|_F / \gamma$.

    The margin of an example is the output of its class less the largest other one; γ is a quantile of these over the
    examples, the median unless given, so that some labels may be wrong. The product bounds, up to constants, by how
    much the function may vary over its inputs; to divide by γ makes it free of the outputs' scale, and the product of
    the scales of layers between which an activation is positively homogeneous (Neyshabur et al. 2017, arXiv:1706.08947;
    Bartlett, Foster and Telgarsky 2017, arXiv:1706.08498). Biases are left out; of a convolution all entries are one
    matrix. Examples with a target below 0 are ignored, as losses do with -100. Where targets are not one class an
    example, or nothing is a matrix, the value is nan. Units: one over those of the inputs.

    Args:
        objective: the loss, at the model's own point, on examples with labels.
        quantile: from 0, the smallest margin, to 1.

    Raises:
        BadInput: a quantile that is none.

    Example:
        >>> model = torch.nn.Linear(2, 2, bias=False)
        >>> _ = model.weight.data.copy_(2 * torch.eye(2))
        >>> data = (torch.eye(2), torch.tensor([0, 1]))
        >>> round(margin_norm(Objective(model, torch.nn.CrossEntropyLoss(), data)).value, 6)
        1.414214
    """
    if not 0 <= quantile <= 1:
        raise BadInput(f"a quantile lies from 0 to 1, got {quantile}.")
    margins, largest = _margins(objective)
    sizes = [float(p.detach().double().norm()) for p in objective.model.parameters() if p.ndim > 1]
    product = math.prod(sizes) if sizes else math.nan
    margin = math.nan if margins is None else float(margins.quantile(quantile))
    value = product / margin if margin > 0 else math.nan
    off = ROUNDINGS * (len(sizes) + largest / margin) if margin > 0 else math.nan
    rounding = off * torch.finfo(objective.point.dtype).eps * value
    return MarginNorm(value, rounding, margin, product, len(sizes), quantile)


def _margins(objective: Objective) -> tuple[Tensor | None, float]:
    """Of all examples, those of other processes among them, (n,), and the largest output; none where no classes are."""
    with objective.terms.network.evaluation():
        own = [(outputs, targets) for outputs, targets in objective.terms.forward(objective.row(None))]
    classes = all(are_classes(*seen) and seen[0].shape[1] > 1 for seen in own)
    parts = objective.processes.gather([(f.detach().double().cpu(), t.cpu()) for f, t in own] if classes else None)
    if any(part is None for part in parts):
        return None, math.nan
    outputs, labels = (torch.cat(each) for each in zip(*(pair for part in parts for pair in part), strict=True))
    outputs, labels = outputs[labels >= 0], labels[labels >= 0]
    if not len(labels):
        return None, math.nan
    chosen = outputs.gather(1, labels[:, None])[:, 0]
    others = outputs.scatter(1, labels[:, None], -math.inf).amax(dim=1)
    return chosen - others, float(outputs.abs().max())
