"""Gradient descent for a given time, however its rate has to be changed on the way."""

import torch
from torch import Tensor, nn

from phenoscope.core.points import point, write

HALVINGS = 60
"""Of the rate in one step, at most."""
ROUNDING = 1e-12
"""Of the loss: where it cannot fall any more, a rise by less is none."""


def descend_for(model: nn.Module, inputs: Tensor, targets: Tensor, *, time: float, rate: float, most: int) -> None:
    """Gradient descent on ½ ‖f - y‖²/N, for rates that sum to a time, each halved where it would raise the loss.

    The model stands where training ends.

    Args:
        model: f.
        inputs: of N examples.
        targets: y.
        time: what the rates of all steps sum to.
        rate: of the first step.
        most: steps, after which it ends before its time.
    """
    here = point(model)

    def at(there: Tensor) -> tuple[float, Tensor]:
        write(there, model)
        loss = (model(inputs) - targets).square().sum() / (2 * len(inputs))
        slopes = torch.autograd.grad(loss, list(model.parameters()))
        return float(loss.detach()), torch.cat([slope.flatten() for slope in slopes])

    left = time
    loss, slope = at(here)
    for _ in range(most):
        there, after, steeper = here, loss, slope
        for _ in range(HALVINGS):
            there = here - min(rate, left) * slope
            after, steeper = at(there)
            if after <= loss * (1 + ROUNDING):
                break
            rate /= 2
        here, loss, slope, left = there, after, steeper, left - min(rate, left)
        if left <= 0:
            break
    write(here, model)
