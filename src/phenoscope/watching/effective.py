"""The curvature that an optimizer of PyTorch meets after its own preconditioning."""

from typing import Any

from torch.optim import Optimizer

from phenoscope.objective import Objective, OperatorName, Scaled
from phenoscope.training.dividing import divisor


def preconditioned(objective: Objective, optimizer: Optimizer | Any, operator: OperatorName = "hessian") -> Scaled:
    """P^(-1/2) A P^(-1/2), with P what an adaptive optimizer divides its step by now, from its own state.

    Its largest eigenvalue is the effective sharpness, to be laid against the optimizer's threshold, 2/η for RMSprop and
    38/η for Adam with β₁ = 0.9 (Cohen et al. 2022, Adaptive gradient methods at the edge of stability,
    arXiv:2207.14484). Along training `ps.probes.EffectiveSharpness` reads it. The rates stay outside P, so where groups
    of parameters differ in theirs there is no one threshold; and A is of the loss alone, without what decay adds to it.

    Args:
        objective: the loss, at the model's own point.
        optimizer: Adam, AdamW, NAdam, RMSprop or Adagrad of PyTorch on that model, after its first step, with any
            options; it must train all parameters that are trainable.
        operator: A, which curvature of the objective.

    Returns:
        An operator, for `ps.eigenvalues`, `ps.trace`, `ps.density` and the others.

    Raises:
        BadInput: an optimizer without a preconditioner, one that has not made a step, or one of a part of the model.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> optimizer = torch.optim.RMSprop(model.parameters(), lr=0.1, alpha=0.0, eps=0.0)
        >>> objective = Objective(model, torch.nn.MSELoss(), (2 * torch.eye(2), torch.zeros(2, 1)))
        >>> model.weight.grad = torch.tensor([[4.0, 4.0]])
        >>> optimizer.step()
        >>> preconditioned(objective, optimizer) @ torch.ones(2)  # a Hessian of 4, divided by 4
        tensor([1., 1.])
    """
    return Scaled(objective.operator(operator), divisor(objective, optimizer).rsqrt())
