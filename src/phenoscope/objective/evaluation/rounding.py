"""How many digits a curvature has: fewer than its numbers where outputs are large and the loss reads differences.

A score of 100 is known to 1e-5 in float32. The curvature p (1 - p) of a cross-entropy changes by as much, relative to
itself, whatever precision it is then computed in. Squared errors have one curvature everywhere, and lose nothing.
"""

import functools
from collections.abc import Iterable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from phenoscope.objective.batches import Batch
from phenoscope.objective.evaluation.network import Loss, Network
from phenoscope.objective.losses import SquaredError
from phenoscope.objective.processes import Processes

LAYERS = 4.0
"""Roundings that a curvature has in any case: it goes forwards and backwards through several layers."""


def rounding(network: Network, largest: Iterable[Tensor], processes: Processes) -> float:
    """What a curvature may be off by, relative to the whole matrix.

    Args:
        network: model and loss.
        largest: outputs of this process's data, batch by batch; not looked at where they do not matter.
        processes: that hold a part of the data each, and must all ask.
    """
    found = LAYERS
    for each in () if _squared(network.loss) else largest:
        found = max(found, float(each))
    return torch.finfo(network.dtype).eps * max(processes.gather(found))


def largest_at(network: Network, point: Float[Tensor, " p"], batches: Iterable[Batch]) -> Iterator[Float[Tensor, ""]]:
    """The largest output at a point (p,), batch by batch: a forward pass."""
    parameters = network.layout.unravel(point)
    for inputs, _ in batches:
        with network.evaluation(), torch.no_grad():
            found = network.outputs(parameters, inputs)
        yield largest_of(found)


def largest_of(outputs: Tensor) -> Float[Tensor, ""]:
    """Of some outputs the largest, in size; 0 where there are none."""
    return torch.linalg.vector_norm(outputs.detach(), ord=torch.inf) if outputs.numel() else outputs.new_zeros(())


def _squared(loss: Loss) -> bool:
    function = loss.func if isinstance(loss, functools.partial) else loss
    return isinstance(loss, nn.MSELoss | SquaredError) or function is functional.mse_loss
