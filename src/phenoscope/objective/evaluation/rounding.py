"""How many digits a curvature has: fewer than its numbers where outputs are large and the loss reads differences.

A score of 100 is known to 1e-5 in float32. The curvature p (1 - p) of a cross-entropy changes by as much, relative to
itself, whatever precision it is then computed in. Squared errors have one curvature everywhere, and lose nothing.
"""

import functools
from collections.abc import Iterable

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


def rounding(network: Network, point: Float[Tensor, " p"], batches: Iterable[Batch], processes: Processes) -> float:
    """What a curvature at the point may be off by, relative to the whole matrix; one forward pass, or none.

    Args:
        network: model and loss.
        point: (p,).
        batches: a pass over this process's data.
        processes: that hold a part of the data each, and must all ask.
    """
    largest = LAYERS
    if not _squared(network.loss):
        parameters = network.layout.unravel(point)
        with network.evaluation(), torch.no_grad():
            for inputs, _ in batches:
                largest = max(largest, float(network.outputs(parameters, inputs).abs().amax()))
    return torch.finfo(network.dtype).eps * max(processes.gather(largest))


def _squared(loss: Loss) -> bool:
    function = loss.func if isinstance(loss, functools.partial) else loss
    return isinstance(loss, nn.MSELoss | SquaredError) or function is functional.mse_loss
