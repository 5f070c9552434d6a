"""Is the matrix that came one that can be measured: of one network, and of the loss at this point?"""

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective, Operator, OperatorName
from phenoscope.objective.operators import KINDS, Curvature, Fisher, GaussNewton

TOLERANCE = 1e4
"""Of a loss that was taken over the same data cut otherwise, in units of the working precision."""


def given_or_made(given: Operator | None, objective: Objective, which: OperatorName = "hessian") -> Operator:
    """The matrix that was given, or that of the objective at the model's own point.

    Raises:
        BadInput: a curvature of another point, of another kind, or of another loss than that on these data; of other
            operators nobody knows where they belong.
    """
    if given is None:
        return objective.operator(which)
    if not isinstance(given, Curvature):
        return given
    if not _same(given.points, objective.point[None]):
        raise BadInput(
            "the matrix given is not the curvature at the model's point: the parameters have changed since it was "
            f"made, or it is another model's. Make it anew with `objective.operator({which!r})`, or leave it out."
        )
    if _kind(type(given)) is not _kind(KINDS[which]):
        raise BadInput(
            f"the matrix given is a {type(given).__name__}, and what is needed is {which!r}. Make it with "
            f"`objective.operator({which!r})`, or leave it out."
        )
    here, there = objective.loss().item(), given.loss.item()
    eps = max(torch.finfo(matrix.dtype).eps for matrix in (given, objective.point))
    if abs(here - there) > TOLERANCE * eps * max(abs(here), abs(there)):
        raise BadInput(
            f"the matrix given is that of a loss of {there:.6g} at this point, and the objective's is {here:.6g}: it "
            f"was made of other data or another loss. Make it anew with `objective.operator({which!r})`, or leave it "
            "out."
        )
    return given


def check_one_network(matrix: Operator) -> None:
    """Refuse an operator of many networks."""
    if matrix.rows != 1:
        raise BadInput(f"this measures one network, got an operator of {matrix.rows} rows. Pass one row at a time.")


def _kind(made: type[Curvature]) -> type[Curvature]:
    """Of a loss that has a Fisher matrix, it is the Gauss-Newton matrix."""
    return GaussNewton if made is Fisher else made


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two points are one, to the digits of the coarser dtype."""
    coarse = max(one.dtype, other.dtype, key=lambda dtype: torch.finfo(dtype).eps)
    return torch.equal(one.to(other.device, coarse), other.to(coarse))
