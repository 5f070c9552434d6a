"""Traces of blocks of parameters against blocks of dense matrices: measured against the block, not the whole."""

import torch
from torch import nn

from oracles import Problem, dense_hessian, drawn, normal
from phenoscope.instruments import trace
from phenoscope.objective import Objective


class Apart(nn.Module):
    """Two branches, of which one sees inputs that are a hundred times larger."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.small = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())
        self.large = nn.Linear(width, 1)

    def forward(self, x):
        return torch.stack([self.small(x).sum((1, 2)), self.large(100 * x).sum((1, 2))], 1)


def one_straight_one_squared(outputs, targets):
    return (outputs[:, 0] * targets).mean() + outputs[:, 1].square().mean()


def test_a_trace_near_zero_is_held_against_the_norm_of_its_own_block():
    """The norm of the whole matrix is thousands of times larger: against it anything would be small enough."""
    targets = torch.tensor([1.0, -1.0], dtype=torch.float64)
    problem = Problem(drawn(Apart(12), 1), one_straight_one_squared, normal(2, 2, 12), targets)
    objective = Objective(problem.model, problem.loss, problem.data, denominator="examples")
    chosen = objective.chosen("small.*")
    whole = dense_hessian(problem.total, problem.model)
    block = whole[chosen][:, chosen]
    value, norm = torch.trace(block).item(), torch.linalg.matrix_norm(block).item()
    assert abs(value) < 0.05 * norm < 1e-4 * torch.linalg.matrix_norm(whole).item()
    reading = trace(objective, 0.1, chosen=chosen)
    assert reading.converged
    assert reading.scale <= 1.5 * norm  # estimated
    assert reading.standard_error <= 0.15 * norm
    assert abs(reading.value - value) <= 3 * reading.standard_error
