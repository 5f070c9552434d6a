"""Losses that are evaluated in float64, whatever the precision of the network.

The slope of a cross-entropy in its outputs is p - 1 at the target. In float32 it is known to 6e-8 only, which is all of
it once the loss is that small, and a hundredth of it at a loss of 1e-5; curvatures p (1 - p) lose as much. The outputs
of a network are few beside its parameters, so they are scored in float64: the rounding that is left is the network's.
"""

import copy
import functools
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from phenoscope.objective.losses import CrossEntropy, PenalisedCrossEntropy

Loss = Callable[[Tensor, Any], Tensor]

KINDS = (nn.CrossEntropyLoss, nn.BCEWithLogitsLoss, CrossEntropy, PenalisedCrossEntropy)
FUNCTIONS = (functional.cross_entropy, functional.binary_cross_entropy_with_logits)


def precise(loss: Loss) -> Loss:
    """The loss, with outputs and targets in float64 if it is one in which that matters."""
    function = loss.func if isinstance(loss, functools.partial) else loss
    if type(loss) not in KINDS and not any(function is known for known in FUNCTIONS):
        return loss
    inside = _doubled(loss)

    def value(outputs: Tensor, targets: Any) -> Tensor:
        if not outputs.is_floating_point() or outputs.device.type == "mps":  # which has no float64
            return loss(outputs, targets)
        return inside(outputs.double(), _double(targets))

    return value


def _doubled(loss: Loss) -> Loss:
    """With weights of classes and the like in float64."""
    if isinstance(loss, nn.Module):
        return copy.deepcopy(loss).double()
    if isinstance(loss, functools.partial):
        return functools.partial(
            loss.func, *map(_double, loss.args), **{k: _double(v) for k, v in loss.keywords.items()}
        )
    return loss


def _double(value: Any) -> Any:
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value
