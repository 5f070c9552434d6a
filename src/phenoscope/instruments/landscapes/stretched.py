"""Perturbed weights: in coordinates as they are, or in proportion to their magnitudes; and the loss there."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective import NotFinite, Objective, Operator, Restricted, Scaled

Scale = Literal["magnitude"] | Tensor | None
"""What a perturbation of length 1 does to each weight: 1, as much as it is large, or (p,) as given, none negative."""


def stretch(scale: Scale, at: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
    """The factor s of each weight at a point: a perturbation u in the stretched coordinates is s ∘ u in the weights."""
    if scale is None:
        return torch.ones_like(at)
    if isinstance(scale, str):
        if scale != "magnitude":
            raise BadInput(f"`scale` must be 'magnitude', a tensor or None, got {scale!r}.")
        return at.abs()
    found = scale.detach().to(at)
    if found.shape != at.shape or not bool((found >= 0).all()) or not bool(torch.isfinite(found).all()):
        raise BadInput(f"a `scale` given as a tensor must be finite, not negative and of shape ({len(at)},).")
    return found


def loss_at(objective: Objective, point: Float[Tensor, " p"]) -> float:
    """The loss at some other point, infinite where it is not finite: far away that is no mistake of the caller's."""
    try:
        return objective.loss(point).item()
    except NotFinite:
        return math.inf


def in_stretched(matrix: Operator, scale: Scale, factors: Float[Tensor, " p"]) -> Operator | None:
    """S A S on the weights that can move at all; `None` where none can."""
    if scale is None:
        return matrix
    free = factors > 0
    if not bool(free.any()):
        return None
    return Scaled(matrix if bool(free.all()) else Restricted(matrix, free), factors[free])
