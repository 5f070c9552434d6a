r"""Training in function space: what gradient descent does to a network whose tangent kernel stands still.

With the loss ½ Σ_n ‖f(x_n) - y_n‖² / N and the kernel K of the training inputs, outputs f obey ḟ = -K (f - y)/N in
units of time = rate times steps: each eigenvector of K relaxes at its own rate λ/N. A network whose initial outputs
are normal stays a Gaussian process all the while.
"""

import dataclasses

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput


@dataclasses.dataclass(frozen=True, eq=False)
class Posterior:
    """The outputs of a network of infinite width at one time of its training, over random initialisations.

    Attributes:
        mean: (m, k), of the outputs at the test inputs.
        covariance: (m, m), of one output there; outputs are independent of each other.
    """

    mean: Float[Tensor, "m k"]
    covariance: Float[Tensor, "m m"]


def kernel_descent(
    kernel: Float[Tensor, "n n"],
    targets: Float[Tensor, "n k"],
    start: Float[Tensor, "n k"],
    time: float,
    *,
    steps: int | None = None,
) -> Float[Tensor, "n k"]:
    r"""Outputs on the training inputs after a time: y + exp(-K t / N)(f₀ - y), or the same by discrete steps.

    Source: Jacot et al. 2018, arXiv:1806.07572; Lee et al. 2019, arXiv:1902.06720. Exact for a model that is linear in
    its parameters.

    Args:
        kernel: symmetric and positive semi-definite, of the training inputs; the same for every output.
        targets: y.
        start: f₀.
        time: learning rate times steps, of the loss ½ ‖f - y‖², averaged over examples and summed over outputs.
        steps: of gradient descent; the flow unless given.

    Example:
        >>> y, start = torch.ones(1, 1), torch.zeros(1, 1)
        >>> round(kernel_descent(torch.ones(1, 1), y, start, 1.0).item(), 4)  # 1 - 1/e
        0.6321
        >>> round(kernel_descent(torch.ones(1, 1), y, start, 1.0, steps=2).item(), 4)
        0.75
    """
    values, vectors = torch.linalg.eigh(kernel)
    left = vectors.mT @ (start - targets)
    return targets + vectors @ (mode_decay(values, len(kernel), time, steps=steps)[:, None] * left)


def mode_decay(
    eigenvalues: Float[Tensor, " n"], examples: int, time: float, *, steps: int | None = None
) -> Float[Tensor, " n"]:
    """What is left of the residual along each eigenvector: exp(-λ t / N), or (1 - λ t / (N steps))^steps.

    Args:
        eigenvalues: λ of the kernel matrix of the training inputs.
        examples: N.
        time: learning rate times steps.
        steps: of gradient descent; the flow unless given.
    """
    _check(time, steps)
    rates = eigenvalues / examples * time
    return torch.exp(-rates) if steps is None else (1 - rates / steps) ** steps


def posterior(
    tangent: Float[Tensor, "a a"],
    outputs: Float[Tensor, "a a"],
    targets: Float[Tensor, "n k"],
    time: float | None = None,
    *,
    frozen_body: bool = False,
) -> Posterior:
    r"""Mean and covariance of the outputs at test inputs, under gradient flow from random initialisations.

    With A = Θ(x, X) Θ⁻¹ (1 - exp(-Θ t / N)): mean A y and covariance Σ_xx - A Σ_Xx - (A Σ_Xx)ᵀ + A Σ_XX Aᵀ (Lee et al.
    2019, arXiv:1902.06720). At t = ∞ and with Θ = Σ, that is where only the readout is trained, it is the posterior of
    the Gaussian process; else it is no Bayesian posterior.

    Args:
        tangent: Θ of the training inputs followed by the test inputs, (n + m, n + m).
        outputs: Σ of the same ("nngp").
        targets: y of the n training inputs.
        time: learning rate times steps; infinite unless given.
        frozen_body: whether only the readout is trained: then Θ is Σ, and `tangent` is not looked at.

    Raises:
        BadInput: fewer rows than targets, or a negative time.

    Example:
        >>> kernel = torch.tensor([[1.0, 0.5], [0.5, 1.0]])
        >>> found = posterior(kernel, kernel, torch.ones(1, 1))
        >>> found.mean.item(), found.covariance.item()
        (0.5, 0.75)
    """
    n = len(targets)
    moving = outputs if frozen_body else tangent
    if len(moving) < n or tangent.shape != outputs.shape:
        raise BadInput(f"kernels are of {n} training inputs and the test inputs, alike; got {tuple(moving.shape)}.")
    values, vectors = torch.linalg.eigh(moving[:n, :n])
    if time is None:
        filtered = torch.where(values > _rounding(values), 1 / values, 0.0)
    else:
        _check(time, None)
        rates = values.clamp_min(0) / n * time
        filtered = torch.where(rates > 0, -torch.expm1(-rates) / values.clamp_min(_tiny(values)), time / n)
    taken = moving[n:, :n] @ (vectors * filtered) @ vectors.mT  # A, (m, n)
    crossed = taken @ outputs[:n, n:]
    covariance = outputs[n:, n:] - crossed - crossed.mT + taken @ outputs[:n, :n] @ taken.mT
    return Posterior(taken @ targets, (covariance + covariance.mT) / 2)


def _check(time: float, steps: int | None) -> None:
    if not time >= 0 or (steps is not None and steps < 1):
        raise BadInput(f"a time must not be negative and steps at least 1, got {time} and {steps}.")


def _rounding(values: Tensor) -> Tensor:
    return len(values) * torch.finfo(values.dtype).eps * values[-1]


def _tiny(values: Tensor) -> float:
    return torch.finfo(values.dtype).tiny
