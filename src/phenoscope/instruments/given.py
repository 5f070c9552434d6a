"""Is the matrix that came one that can be measured: of one network, and of the loss at this point?"""

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective, Operator, Which
from phenoscope.objective.operators import Curvature


def given_or_made(given: Operator | None, objective: Objective, which: Which = "hessian") -> Operator:
    """The matrix that was given, or that of the objective at the model's own point.

    Raises:
        BadInput: a curvature of another point; of other operators nobody knows where they belong.
    """
    if given is None:
        return objective.operator(which)
    if isinstance(given, Curvature) and not _same(given.points, objective.point[None]):
        raise BadInput(
            "the matrix given is not the curvature at the model's point: the parameters have changed since it was "
            f"made, or it is another model's. Make it anew with `objective.operator({which!r})`, or leave it out."
        )
    return given


def check_one_network(matrix: Operator) -> None:
    """Refuse an operator of many networks."""
    if matrix.rows != 1:
        raise BadInput(f"this measures one network, got an operator of {matrix.rows} rows. Pass one row at a time.")


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two points are one, to the digits of the coarser dtype."""
    coarse = max(one.dtype, other.dtype, key=lambda dtype: torch.finfo(dtype).eps)
    return torch.equal(one.to(other.device, coarse), other.to(coarse))
