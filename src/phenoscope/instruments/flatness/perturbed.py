"""How much worse does the loss get when the weights are shaken?"""

import dataclasses
import math
from collections.abc import Callable

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.landscapes.stretched import Scale, in_stretched, stretch
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.traces.trace import trace
from phenoscope.objective import Objective, Operator

SIGMA = 0.01
FEWEST = 60
"""Pairs before the first look at the error."""
TOGETHER = 8
"""Pairs evaluated at once: beyond, mixing them costs as much as the layers that are saved."""
PREDICTED = 0.1
"""Relative standard error of the trace in the prediction."""


@dataclasses.dataclass(frozen=True)
class GaussianSharpness(Reading):
    """The expected rise of the loss under Gaussian noise on the weights, with its evidence.

    Attributes:
        value: in units of the loss.
        standard_error: of the value; value ± 1.96 · standard_error covers the expectation in about 95 of 100 draws.
        predicted: σ² tr(S H S) / 2, the value if the loss were quadratic; nan if not asked for.
        predicted_error: its standard error.
        sigma: σ.
        pairs: of opposite perturbations drawn.
        outcome: how the estimate ended.
    """

    value: float
    standard_error: float
    predicted: float
    predicted_error: float
    sigma: float
    pairs: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        beside = (
            "" if math.isnan(self.predicted) else f"; {self.predicted:.4g} ± {self.predicted_error:.1g} by the trace"
        )
        return (
            f"standard error {self.standard_error:.2g} at noise {self.sigma:g}{beside}; {self.outcome}, "
            f"{self.pairs} pairs"
        )


def gaussian_sharpness(
    objective: Objective,
    sigma: float = SIGMA,
    tol: float = 0.05,
    *,
    scale: Scale = None,
    hessian: Operator | None = None,
    predict: bool = True,
    max_pairs: int = 1000,
    generator: torch.Generator | None = None,
) -> GaussianSharpness:
    r"""Expected rise of the loss under Gaussian noise, E L(θ + σ S z) - L(θ), z standard normal in p dimensions.

    The expected sharpness of PAC-Bayesian bounds (Neyshabur et al. 2017, arXiv:1706.08947). S is the identity, or with
    `scale="magnitude"` diag |θ|, noise in proportion to each weight, which layer rescaling leaves as it is (adaptive
    sharpness, Kwon et al. 2021, arXiv:2102.11600; Andriushchenko et al. 2023, arXiv:2302.07011). Noise of one size
    is *not* invariant. Units: those of the loss.

    z and -z are drawn together, so the gradient cancels and with it most of the variance where σ is small. Stopping
    when the error is small enough costs the coverage about two points at most where it was tried.

    Args:
        objective: the loss, at the model's own point.
        sigma: σ > 0.
        tol: stop once the standard error is at most tol · |value|.
        scale: of the coordinates: `None`, `"magnitude"`, or (p,).
        hessian: the loss's Hessian at that point, where it is there already; for the prediction.
        predict: whether to compute σ² tr(S H S)/2 beside, at the cost of some products.
        max_pairs: give up after so many; the outcome then says "not converged", and value and error hold.
        generator: of the noise and the trace's probes; seeded with 0 unless given.

    Returns:
        `GaussianSharpness`: value, standard_error, predicted, predicted_error, sigma, pairs, outcome.

    Raises:
        BadInput: sigma, tol, scale or max_pairs out of range.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.eye(2) * 2, torch.zeros(2, 1)))
        >>> reading = gaussian_sharpness(objective, 0.1)
        >>> abs(reading.value - 0.04) < 3 * reading.standard_error, round(reading.predicted, 5)
        (True, 0.04)
    """
    if not sigma > 0 or not tol > 0 or max_pairs < 2:
        raise BadInput(
            f"`sigma` and `tol` must be positive and `max_pairs` at least 2, got {sigma}, {tol}, {max_pairs}."
        )
    at, generator = objective.point, seeded(generator)
    factors = stretch(scale, at)
    here = objective.loss().item()
    rises = _enough(lambda count: _rises(objective, here, sigma * factors, count, generator), tol, max_pairs)
    value, error = _mean(rises)
    predicted = (math.nan, math.nan)
    if predict:
        matrix = in_stretched(given_or_made(hessian, objective), scale, factors)
        found = None if matrix is None else trace(matrix, PREDICTED, generator=generator)
        half = sigma**2 / 2
        predicted = (0.0, 0.0) if found is None else (half * found.value, half * found.standard_error)
    rounding = torch.finfo(at.dtype).eps * abs(here)  # of the loss at the point, which all pairs share
    outcome = _outcome(value, error, rounding, tol)
    return GaussianSharpness(value, max(error, rounding), *predicted, sigma, len(rises), outcome)


def _enough(draw: Callable[[int], list[float]], tol: float, most: int) -> list[float]:
    """Draws, until the standard error of their mean is small enough."""
    drawn: list[float] = []
    wanted = min(FEWEST, most)
    while True:
        drawn += draw(wanted - len(drawn))
        value, error = _mean(drawn)
        if not math.isfinite(value) or error <= tol * abs(value) or wanted == most:
            return drawn
        needed = len(drawn) * min((error / (tol * max(abs(value), 1e-300))) ** 2, 4.0)
        wanted = min(most, max(len(drawn) + 8, math.ceil(needed)))


def _rises(objective: Objective, here: float, size: Tensor, count: int, generator: torch.Generator) -> list[float]:
    """The mean rises of so many perturbations and their opposites, some at a time."""
    found: list[float] = []
    while len(found) < count:
        k = min(TOGETHER, count - len(found))
        drawn = torch.randn(k, len(size), generator=generator, device=generator.device, dtype=torch.float64).to(size)
        signs = torch.eye(k).to(size)
        ahead, back = objective.losses(torch.cat([signs, -signs]), size * drawn).split(k)
        found += ((ahead + back) / 2 - here).tolist()
    return found


def _mean(rises: list[float]) -> tuple[float, float]:
    values = torch.tensor(rises, dtype=torch.float64)
    return values.mean().item(), (values.std() / math.sqrt(len(rises))).item()


def _outcome(value: float, error: float, rounding: float, tol: float) -> Outcome:
    if not math.isfinite(value) or not math.isfinite(error):
        return Outcome.NOT_FINITE
    if rounding > tol * abs(value) and rounding > 0:
        return Outcome.PRECISION_FLOOR
    return Outcome.CONVERGED if error <= tol * abs(value) else Outcome.NOT_CONVERGED
