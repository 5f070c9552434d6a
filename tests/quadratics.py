"""Losses that are known in closed form: quadratics of any Hessian and gradient, as objectives."""

import torch
from torch import Tensor, nn

from oracles import normal
from phenoscope.objective import Objective


class Quadratic(nn.Module):
    """Outputs θᵀHθ/2 + gᵀθ for every input."""

    def __init__(self, hessian: Tensor, gradient: Tensor) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.zeros_like(gradient))
        self.register_buffer("hessian", hessian)
        self.register_buffer("slope", gradient)

    def forward(self, inputs: Tensor) -> Tensor:
        value = self.theta @ self.hessian @ self.theta / 2 + self.slope @ self.theta
        return value.expand(len(inputs))


def mean_output(outputs: Tensor, targets: Tensor) -> Tensor:
    return outputs.mean()


def bowl(hessian: Tensor, gradient: Tensor | None = None, at: Tensor | None = None) -> Objective:
    """The quadratic with this Hessian and, at 0, this gradient; measured at a point, 0 unless given."""
    model = Quadratic(hessian, torch.zeros_like(hessian[0]) if gradient is None else gradient)
    if at is not None:
        with torch.no_grad():
            model.theta.copy_(at)
    ones = torch.ones(4, dtype=hessian.dtype)
    return Objective(model, mean_output, (ones[:, None], ones))


def turned(values: Tensor, seed: int = 0) -> Tensor:
    """A symmetric matrix with these eigenvalues and vectors in general position."""
    basis = torch.linalg.qr(normal(len(values), len(values), seed=seed)).Q
    return basis @ torch.diag(values) @ basis.T


def spread(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)
