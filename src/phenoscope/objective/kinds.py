"""Which loss is it? Told by what it does, whatever it is called."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from phenoscope.objective.evaluation.network import Loss

LossKind = Literal["cross-entropy", "binary cross-entropy", "squared error", "other"]
"""Squared error stands for every loss whose curvature in the outputs is constant, whatever its factor."""

DRAWS, RTOL = 3, 1e-4

UNFIT = (RuntimeError, TypeError, ValueError, IndexError, AttributeError)
"""What a loss may raise of outputs and targets that are not its own kind."""


def loss_kind(value: Loss, outputs: Tensor, targets: Any) -> LossKind:
    """What the loss does with the outputs and targets of a batch."""
    found = value(outputs, targets)
    for kind, function in LIKELIHOODS.items():
        if _agrees(found, function, outputs, targets):
            return kind
    return "squared error" if _constant_curvature(value, outputs.double(), _as_double(targets)) else "other"


def are_classes(outputs: Tensor, targets: Any) -> bool:
    """Whether outputs (n, c) are scored against one class an example."""
    whole = isinstance(targets, Tensor) and not targets.is_floating_point() and not targets.is_complex()
    return whole and outputs.ndim == 2 and targets.shape == outputs.shape[:1]


def wrong_share(outputs: Tensor, targets: Tensor) -> Tensor:
    """The share of the examples whose largest output is not the target; targets below 0 are none."""
    kept = targets >= 0
    return ((outputs.argmax(dim=1) != targets) & kept).to(outputs).sum() / kept.sum()


LIKELIHOODS: dict[LossKind, Callable[..., Tensor]] = {
    "cross-entropy": torch.nn.functional.cross_entropy,
    "binary cross-entropy": torch.nn.functional.binary_cross_entropy_with_logits,
}


def _agrees(found: Tensor, function: Callable[..., Tensor], outputs: Tensor, targets: Any) -> bool:
    """Whether the loss is the function's mean, or its sum."""
    for reduction in ("mean", "sum"):
        try:
            expected = function(outputs, targets, reduction=reduction)
        except UNFIT:
            return False
        if torch.allclose(found.double(), expected.double(), rtol=RTOL):
            return True
    return False


def _constant_curvature(value: Loss, outputs: Tensor, targets: Any) -> bool:
    """Whether vᵀ ∇² ℓ(f) v is the same, and not zero, wherever the outputs f are, for some directions v."""
    generator = torch.Generator().manual_seed(0)
    spread = float(outputs.std()) if outputs.numel() > 1 else 1.0
    for _ in range(DRAWS):
        away, direction = (torch.randn(outputs.shape, generator=generator).to(outputs) for _ in range(2))
        try:
            here, there = (
                _curvature(value, at, targets, direction) for at in (outputs, outputs + 3 * (spread or 1.0) * away)
            )
        except UNFIT:
            return False
        if not here > 0 or not abs(here - there) <= 10 * RTOL * here:
            return False
    return True


def _curvature(value: Loss, outputs: Tensor, targets: Any, direction: Tensor) -> float:
    at = outputs.detach().requires_grad_()
    (slope,) = torch.autograd.grad(value(at, targets), at, create_graph=True)
    if not slope.requires_grad:
        return 0.0
    (product,) = torch.autograd.grad(slope, at, direction)
    return float((product * direction).sum())


def _as_double(targets: Any) -> Any:
    return targets.double() if isinstance(targets, Tensor) and targets.is_floating_point() else targets
