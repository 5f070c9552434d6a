"""The cross-entropy of many networks on the same labels.

With label y an example's loss is log(1 + Σⱼ exp(zⱼ - z_y)) over the other classes j. Nothing cancels in it, so it is as
well known as the outputs z are, in their own precision and however small it is; a softmax needs float64 for that, and
takes seven times as long (`benchmarks/planes.py`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from phenoscope.objective.losses import CrossEntropy

IGNORED = -100
"""The label that PyTorch leaves out unless told otherwise."""


def plain_scores(loss: Any, targets: Any) -> bool:
    """Whether the loss is the mean cross-entropy of every example with one of these labels, and nothing more."""
    if not isinstance(targets, Tensor) or targets.ndim != 1 or targets.is_floating_point():
        return False
    if type(loss) is nn.CrossEntropyLoss:
        plain = loss.weight is None and loss.reduction == "mean" and loss.label_smoothing == 0
    else:
        plain = type(loss) is CrossEntropy or loss is functional.cross_entropy
    ignored = getattr(loss, "ignore_index", IGNORED)
    return plain and bool(((targets >= 0) & (targets != ignored)).all())


def cross_entropies(labels: Int[Tensor, " e"], classes: int) -> Callable[[Float[Tensor, "m c e"]], Float[Tensor, " m"]]:
    """The function from the outputs of m networks to their losses, in float64; infinite where exp(zⱼ - z_y) is.

    Example:
        >>> labels, outputs = torch.tensor([1, 0]), torch.tensor([[[0.0, 2.0], [0.0, 2.0]]])
        >>> round(cross_entropies(labels, 2)(outputs).item(), 4)
        0.6931
    """
    places = labels.long() * len(labels) + torch.arange(len(labels), device=labels.device)
    others = 1 - functional.one_hot(labels.long(), classes).mT.contiguous()

    def losses(outputs: Float[Tensor, "m c e"]) -> Float[Tensor, " m"]:
        right = outputs.flatten(1).index_select(1, places)
        odds = _exp(outputs - right[:, None]).mul_(others.to(outputs)).sum(dim=1)
        return odds.log1p_().mean(dim=1, dtype=torch.float64)

    return losses


def _exp(values: Tensor) -> Tensor:
    """In place; on a processor by NumPy, which takes half of PyTorch's time for it."""
    if values.device.type != "cpu" or values.dtype not in (torch.float32, torch.float64):
        return values.exp_()
    entries = values.numpy()
    with np.errstate(over="ignore", invalid="ignore"):
        np.exp(entries, out=entries)
    return values
