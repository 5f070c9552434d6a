"""A panel of what lies between two networks of one architecture."""

import torch
from torch import nn

from phenoscope.core.errors import BadInput
from phenoscope.engine.readings import Line, Panel
from phenoscope.instruments import Barrier, barrier
from phenoscope.objective import Objective


def measure_against(objective: Objective, other: nn.Module | torch.Tensor) -> Panel:
    """The barriers of loss and error on the straight line from a network to another one.

    Args:
        objective: the loss, at the first network's point.
        other: the second network, or its point (p,).

    Returns:
        `Panel`: "barrier" in the loss; "error_barrier" where targets are classes.

    Raises:
        BadInput: another architecture.
    """
    rise = barrier(objective, objective.point, other)
    first = _line("barrier", "rise of the loss on the line between both", "loss", rise)
    try:
        wrong = objective.of_errors()
    except BadInput:  # targets that are no classes
        return Panel((first,))
    says = "rise of the share of wrong predictions there"
    return Panel((first, _line("error_barrier", says, "1", barrier(wrong, wrong.point, other))))


def _line(name: str, says: str, unit: str, reading: Barrier) -> Line:
    return Line(name, says, unit, reading.value, reading.evidence, reading.converged, reading)
