"""Where does a least-squares fit go wrong? Its test error, direction by direction of the training inputs."""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.reading import Reading

NOTHING = 1e-10
"""Singular values below this share of the largest are none."""


@dataclasses.dataclass(frozen=True, eq=False)
class PeakFactors(Reading):
    """The mean squared error of the fit of the smallest norm on test inputs, by its causes.

    Attributes:
        value: the whole error, over test inputs and summed over outputs.
        variance: what the residuals of the training targets make of it, through the directions of the data.
        bias: what the directions without any data make of it.
        rest: what the reference itself leaves of the test targets.
        cross: the products of the three, so that all four sum to the value.
        inverses: 1/σᵢ, of the directions of the data, (r,), in rising order of σ; the first is the largest.
        test: root mean square of the test inputs along vᵢ, (r,).
        residuals: ‖uᵢ · (targets - reference)‖ of the training targets, (r,).
        parts: mean square of each direction's part of the error, (r,).
        rounding: what the value may be off by.
    """

    value: float
    variance: float
    bias: float
    rest: float
    cross: float
    inverses: Tensor
    test: Tensor
    residuals: Tensor
    parts: Tensor
    rounding: float

    @property
    def evidence(self) -> str:
        first = float(self.parts[0] / self.parts.sum()) if float(self.parts.sum()) else math.nan
        return (
            f"through residuals {self.variance:.3g}, without data {self.bias:.3g}, beyond the reference "
            f"{self.rest:.3g}; {len(self.inverses)} directions, the weakest one {first:.0%} of what they make"
        )


def peak_factors(
    inputs: Float[Tensor, "_ _"],
    targets: Float[Tensor, "_ _"],
    test_inputs: Float[Tensor, "_ _"],
    test_targets: Float[Tensor, "_ _"],
    reference: Float[Tensor, "_ _"],
) -> PeakFactors:
    r"""The test error of the least-squares fit of the smallest norm as a sum over singular directions of its inputs.

    With the inputs $X = \sum_i \sigma_i u_i v_i^⊤$ and a reference β, such as the best linear fit of very many
    examples, what the fit makes of a test input x is off from x·β by

    $\sum_i \frac{1}{\sigma_i} (x · v_i) (u_i · (Y - Xβ)) - x · (1 - \sum_i v_i v_i^⊤) β$.

    A peak takes three factors at once: a small singular value, a test input along its direction, and residuals of the
    training targets along it (Schaeffer et al. 2023, arXiv:2303.14151). Without any one of them there is none: see
    `methods.PeakAblation`. Units: squared ones of the targets. No noise model is assumed: residuals are all that
    a linear function cannot express. The parts of the directions need not sum to the variance on few test inputs, where
    directions are not quite uncorrelated.

    Args:
        inputs: X, (n, d), with as few or many rows as one likes.
        targets: Y, (n, k).
        test_inputs: where the error is taken, (m, d).
        test_targets: what should have come out there, (m, k).
        reference: β, (d, k).

    Returns:
        `PeakFactors`: value, variance, bias, rest, cross, and the three factors by direction.

    Raises:
        BadInput: shapes that do not fit, or inputs that are all 0.

    Example:
        >>> x, y = torch.tensor([[2.0, 0.0], [0.0, 0.1]]), torch.tensor([[1.0], [1.0]])
        >>> found = peak_factors(x, y, torch.eye(2), torch.zeros(2, 1), torch.zeros(2, 1))
        >>> [round(float(part), 4) for part in found.parts], round(found.value, 4)
        ([50.0, 0.125], 50.125)
    """
    _check(inputs, targets, test_inputs, test_targets, reference)
    x, y, tests, truth, beta = (each.double() for each in (inputs, targets, test_inputs, test_targets, reference))
    left, values, right = torch.linalg.svd(x, full_matrices=False)
    kept = values > NOTHING * values[0]
    left, values, right = left[:, kept].flip(1), values[kept].flip(0), right[kept].flip(0)
    along, residuals = tests @ right.T, left.T @ (y - x @ beta)  # (m, r), (r, k)
    through = along @ (residuals / values[:, None])
    missing = along @ (right @ beta) - tests @ beta
    beyond = tests @ beta - truth
    variance, bias, rest, whole = (_size(e) for e in (through, missing, beyond, through + missing + beyond))
    parts = along.square().mean(dim=0) * (residuals / values[:, None]).square().sum(dim=1)
    eps = torch.finfo(torch.float64).eps
    return PeakFactors(
        value=whole, variance=variance, bias=bias, rest=rest, cross=whole - variance - bias - rest,
        inverses=1 / values, test=along.square().mean(dim=0).sqrt(), residuals=residuals.norm(dim=1), parts=parts,
        rounding=10 * eps * float(values[-1] / values[0]) * max(whole, variance),
    )  # fmt: skip


def _size(errors: Tensor) -> float:
    return float(errors.square().sum(dim=1).mean())


def _check(inputs: Tensor, targets: Tensor, tests: Tensor, truth: Tensor, reference: Tensor) -> None:
    (n, d), (m, k) = inputs.shape, truth.shape
    fit = targets.shape == (n, k) and tests.shape == (m, d) and reference.shape == (d, k)
    if not fit or min(n, d, m, k) < 1:
        raise BadInput(
            "factors need inputs (n, d) and targets (n, k), those of a test (m, d) and (m, k), and a reference (d, k); "
            f"got {[tuple(each.shape) for each in (inputs, targets, tests, truth, reference)]}."
        )
    if not bool(inputs.any()):
        raise BadInput("inputs that are all 0 have no directions. Give others.")
