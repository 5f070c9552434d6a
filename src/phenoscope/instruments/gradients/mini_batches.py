"""How sharp is the loss along the steps that mini-batches take?"""

import dataclasses
import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective

USUAL = 32
"""Examples in a mini-batch unless said otherwise."""
FEWEST = 40
"""Mini-batches before the first look at the error: a ratio of means needs that many for its error to be one."""

A_PASS = 80
"""Mini-batches drawn in one pass at most: their examples are held together."""


@dataclasses.dataclass(frozen=True)
class BatchSharpness(Reading):
    """The curvature that mini-batches see along their own gradients, with its evidence.

    Attributes:
        value: in loss per squared parameter.
        standard_error: of the value, by the jackknife over mini-batches; the rounding alone where a mini-batch holds
            all data.
        batch_size: examples in a mini-batch.
        batches: mini-batches drawn that have a loss (one whose targets are all ignored has none).
        scale: E ‖g‖‖Hg‖ / E ‖g‖², which no curvature along g can exceed: what a value near 0 is measured against.
        outcome: how the estimate ended.
    """

    value: float
    standard_error: float
    batch_size: int
    batches: int
    scale: float
    outcome: Outcome

    @property
    def evidence(self) -> str:
        return f"standard error {self.standard_error:.2g}; {self.outcome}, {self.batches} batches of {self.batch_size}"


def batch_sharpness(
    objective: Objective,
    batch_size: int | None = None,
    tol: float = 0.05,
    *,
    max_batches: int = 1000,
    generator: torch.Generator | None = None,
) -> BatchSharpness:
    r"""Curvature of mini-batch losses along their own gradients, a ratio of means over mini-batches B:

        E_B[g_Bᵀ H_B g_B] / E_B ‖g_B‖²,  g_B = ∇L_B(θ), H_B = ∇²L_B(θ).

    The batch sharpness of Andreyev and Beneventano (2024, Edge of stochastic stability, arXiv:2412.20553): what is said
    to settle near 2/η under stochastic gradient descent with step η, where the sharpness itself stays below. Gradient
    and Hessian are of the *same* mini-batch. With mini-batches of all data it is the curvature along the gradient. It
    is not the mean of the ratios, which weighs mini-batches with small gradients as much as others. Units: loss per
    squared parameter.

    Each mini-batch is drawn without replacement, independently of the others, in passes over the data that hold no
    more than what was drawn, so loaders will do. With `buffers="batch"` normalisation uses the mini-batch's statistics.

    Args:
        objective: the loss over all data, at the model's own point.
        batch_size: examples in a mini-batch; `None` takes 32, or all where there are fewer.
        tol: stop once the standard error is at most tol · max(|value|, scale / 10).
        max_batches: give up after so many; the outcome then says "not converged", and value and error hold.
        generator: of the draws; seeded with 0 unless given.

    Returns:
        `BatchSharpness`: value, standard_error, batch_size, batches, scale, outcome.

    Raises:
        BadInput: a size or tolerance out of range, or examples that lie along another axis than the first.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 1.0)
        >>> inputs = torch.eye(2)[torch.arange(40) % 2] * 2
        >>> objective = Objective(model, torch.nn.MSELoss(), (inputs, torch.zeros(40, 1)))
        >>> round(batch_sharpness(objective, 1).value, 5)
        8.0
    """
    count = sum(objective.partition)
    size = min(USUAL, count) if batch_size is None else batch_size
    if not tol > 0 or max_batches < FEWEST:
        raise BadInput(
            f"`tol` must be positive and `max_batches` at least {FEWEST}, got {tol} and {max_batches}: fewer give no "
            "standard error of a ratio."
        )
    generator = seeded(generator)

    def draw(wanted: int) -> Tensor:
        return torch.cat([_terms(part) for part in objective.sampled(size, wanted, generator=generator)])

    dtype = objective.point.dtype
    if size == count:
        return ratio_of_means(draw(1), size, tol, dtype, whole=True)
    return _estimated(draw, size, tol, dtype, max_batches=max_batches)


def _estimated(
    draw: Callable[[int], Tensor], size: int, tol: float, dtype: torch.dtype, *, max_batches: int
) -> BatchSharpness:
    """Draw mini-batches until the error is small enough."""
    drawn, asked, wanted = torch.zeros(0, 3, dtype=torch.float64), 0, FEWEST
    while True:
        drawn, asked = torch.cat([drawn, draw(wanted)]), asked + wanted
        found = ratio_of_means(drawn, size, tol, dtype)
        if found.outcome is not Outcome.NOT_CONVERGED or asked >= max_batches:
            return found
        wanted = min(asked, A_PASS, max_batches - asked)


def _terms(part: Objective) -> Float[Tensor, "b 3"]:
    """gᵀHg, ‖g‖² and ‖g‖‖Hg‖ of one mini-batch; no row for one without a loss."""
    hessian = part.at().hessian()
    gradient = hessian.gradient[0]
    if not bool(torch.isfinite(gradient).all()) and part.weight() == 0:
        return torch.zeros(0, 3, dtype=torch.float64)
    g, product = gradient.double().cpu(), (hessian @ gradient).double().cpu()
    return torch.stack([g @ product, g @ g, g.norm() * product.norm()])[None]


def ratio_of_means(
    terms: Float[Tensor, "b 3"], size: int, tol: float, dtype: torch.dtype, *, whole: bool = False
) -> BatchSharpness:
    """The ratio of sums, and its error from leaving out one mini-batch at a time.

    Args:
        terms: gᵀHg, ‖g‖² and ‖g‖‖Hg‖ of each mini-batch.
        size: examples in each.
        tol: the relative error at which the outcome is "converged".
        dtype: in which they were computed.
        whole: whether the mini-batches are all data, and so without an error of drawing.
    """
    count, sums = len(terms), terms.sum(dim=0)
    value, scale = (sums[0] / sums[1]).item(), (sums[2] / sums[1]).item()
    rounding = torch.finfo(dtype).eps * scale
    if count and sums[1] == 0:
        return BatchSharpness(math.nan, math.nan, size, count, math.nan, Outcome.UNDEFINED)
    if not math.isfinite(value) or not math.isfinite(scale):
        return BatchSharpness(math.nan, math.nan, size, count, math.nan, Outcome.NOT_FINITE)
    if whole:
        return BatchSharpness(value, rounding, size, count, scale, Outcome.CONVERGED)
    without = (sums[0] - terms[:, 0]) / (sums[1] - terms[:, 1])
    error = math.sqrt((count - 1) / count * (without - without.mean()).square().sum().item()) if count > 1 else math.nan
    settled = count >= FEWEST // 2 and error <= tol * max(abs(value), scale / 10)
    outcome = Outcome.CONVERGED if settled else Outcome.NOT_CONVERGED
    return BatchSharpness(value, max(error, rounding), size, count, scale, outcome)
