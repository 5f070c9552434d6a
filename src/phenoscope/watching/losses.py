"""Which loss is it? Told by what it does, whatever it is called."""

from typing import Any, Literal

import torch
from torch import Tensor

from phenoscope.objective import Objective

LossKind = Literal["cross-entropy", "squared error", "other"]
"""Squared error stands for every loss whose curvature in the outputs is constant, whatever its factor."""

DRAWS, RTOL = 3, 1e-3


def loss_kind(objective: Objective) -> LossKind:
    """What the loss does with the first batch's outputs and targets."""
    outputs, targets = objective.first_outputs()
    value = objective.loss_of
    if _agrees_with_cross_entropy(value(outputs, targets), outputs, targets):
        return "cross-entropy"
    return "squared error" if _constant_curvature(value, outputs.double(), _as_double(targets)) else "other"


def _agrees_with_cross_entropy(found: Tensor, outputs: Tensor, targets: Any) -> bool:
    try:
        expected = torch.nn.functional.cross_entropy(outputs, targets)
    except (RuntimeError, TypeError, ValueError, IndexError):
        return False
    return torch.allclose(found, expected, rtol=RTOL)


def _constant_curvature(value: Any, outputs: Tensor, targets: Any) -> bool:
    """Whether vᵀ ∇² ℓ(f) v is the same, and not zero, wherever the outputs f are, for some directions v."""
    generator = torch.Generator().manual_seed(0)
    spread = float(outputs.std()) if outputs.numel() > 1 else 1.0
    for _ in range(DRAWS):
        away, direction = (torch.randn(outputs.shape, generator=generator).to(outputs) for _ in range(2))
        try:
            here, there = (
                _curvature(value, at, targets, direction) for at in (outputs, outputs + 3 * (spread or 1.0) * away)
            )
        except (RuntimeError, TypeError, ValueError):
            return False
        if not here > 0 or not abs(here - there) <= RTOL * here:
            return False
    return True


def _curvature(value: Any, outputs: Tensor, targets: Any, direction: Tensor) -> float:
    at = outputs.detach().requires_grad_()
    (slope,) = torch.autograd.grad(value(at, targets), at, create_graph=True)
    if not slope.requires_grad:
        return 0.0
    (product,) = torch.autograd.grad(slope, at, direction)
    return float((product * direction).sum())


def _as_double(targets: Any) -> Any:
    return targets.double() if isinstance(targets, Tensor) and targets.is_floating_point() else targets
