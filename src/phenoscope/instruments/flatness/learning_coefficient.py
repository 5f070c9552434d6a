"""How degenerate is this minimum? The local learning coefficient, by Langevin chains that cannot leave it far."""

import contextlib
import dataclasses
import functools
import math

import torch
from jaxtyping import Float
from scipy.stats import t as student
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.flatness.langevin import Draws, Energy, Metric, Walk, effective_count, split_ratio, walked
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.spectrum import eigenvalues
from phenoscope.objective import Objective, Operator

KNOWN = 20
"""Curvatures that shape the proposals."""

AGREED, ENOUGH, DRIFTED = 1.1, 50.0, 4.0
"""R̂ at most, effective draws at least, and drift at most in its own standard errors, for chains that agree."""


@dataclasses.dataclass(frozen=True)
class LearningCoefficient(Reading):
    """A local learning coefficient, with how the chains went.

    Attributes:
        value: λ̂, without a unit; half the number of parameters for a regular model.
        standard_error: of the mean over chains, widened by Student's t for so few of them: value ± 1.96 ·
            standard_error covers the mean of endless chains in about 95 of 100 cases.
        penalty: E[γ/2 ‖w - w*‖²]; on a quadratic minimum value + penalty is half the number of parameters, so it says
            how much of the coefficient the localisation has taken to itself.
        radius: the root of the mean of ‖w - w*‖².
        lowest: the smallest nβ(L - L*) seen, below 0 where chains found points better than w*.
        n, inverse_temperature, localisation: n, β and γ.
        chains, draws: chains, and draws kept of each.
        step: ε of the proposals, in coordinates in which the known curvatures are 1.
        acceptance: the share of proposals accepted; 1 without the Metropolis correction.
        effective: independent draws that all chains together are worth.
        ratio: R̂ of the half chains, of the loss or of the distance to w*, whichever is larger.
        drift: mean of the second half less that of the first, in its standard errors over chains.
        outcome: not converged where the chains disagree, drift, or hold too few independent draws; undetermined where
            the value is negative: the point is no minimum then.
    """

    value: float
    standard_error: float
    penalty: float
    radius: float
    lowest: float
    n: float
    inverse_temperature: float
    localisation: float
    chains: int
    draws: int
    step: float
    acceptance: float
    effective: float
    ratio: float
    drift: float
    outcome: Outcome

    @property
    def evidence(self) -> str:
        below = f"; no minimum, points lower by {-self.lowest:.2g} found" if self.lowest < 0 else ""
        return (
            f"standard error {self.standard_error:.1e}; {self.outcome}, {self.chains} chains worth "
            f"{self.effective:.0f} draws, R-hat {self.ratio:.3f}, acceptance {self.acceptance:.2f}{below}; "
            f"localisation {self.localisation:g} takes {self.penalty:.3g}"
        )


def learning_coefficient(
    objective: Objective,
    *,
    n: float | None = None,
    inverse_temperature: float | None = None,
    localisation: float = 100.0,
    chains: int = 8,
    burn_in: int = 300,
    draws: int = 500,
    metropolis: bool = True,
    step: float | None = None,
    hessian: Operator | None = None,
    generator: torch.Generator | None = None,
) -> LearningCoefficient:
    r"""The local learning coefficient $\hat\lambda = n\beta\,(\mathbb{E}[L(w)] - L(w^*))$ of a minimum w*.

    The mean is over the density exp(-nβ L(w) - γ/2 ‖w - w*‖²) (Lau, Murfet, Wei 2023, Quantifying degeneracy in
    singular models via the learning coefficient, arXiv:2308.12108). λ measures how fast the volume of parameters of
    nearly least loss shrinks; it is p/2 for a regular model of p parameters and less for a degenerate minimum. n·L is
    taken for the negative logarithm of a likelihood.

    What comes out is the mean at this β and γ, not its limit: towards the limit it rises or falls like 1/log n where
    the multiplicity of λ is above 1, and γ takes off what stands in `penalty`.

    All chains move together, on all data: gradients of mini-batches would add noise that no temperature accounts
    for. With the Metropolis correction the density is exact whatever the step; without it this is the unadjusted
    algorithm of the source. Proposals are stretched by the largest curvatures, so that their step fits stiff
    and slack directions alike.

    Args:
        objective: the loss, at the model's own point w*.
        n: how many examples the loss is a mean of; those of the objective unless given.
        inverse_temperature: β; 1/log n unless given (Watanabe 2013, A widely applicable Bayesian information
            criterion, JMLR 14).
        localisation: γ > 0, per squared parameter; chains stay within about √(p/γ).
        chains: how many; more give a smaller and surer error.
        burn_in: steps to forget.
        draws: steps to keep, of each chain.
        metropolis: whether to correct for the step.
        step: ε in the stretched coordinates; found during the burn-in unless given (0.05 without the correction).
        hessian: the Hessian at w*, where it has been made already.
        generator: of the chains' starts and steps; seeded with 0 unless given.

    Returns:
        `LearningCoefficient`: value, standard_error, and how the chains went.

    Raises:
        BadInput: numbers out of range.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> _ = torch.nn.init.zeros_(model.weight)
        >>> objective = Objective(model, torch.nn.MSELoss(), (10 * torch.eye(2), torch.zeros(2, 1)))
        >>> reading = learning_coefficient(objective, n=1000, localisation=1.0)
        >>> abs(reading.value - 1) < 0.1  # two parameters, regular
        True
    """
    n = float(sum(objective.partition)) if n is None else n
    walk = Walk(chains, burn_in, draws, metropolis, step)
    _check((n, inverse_temperature, localisation), walk)
    beta = 1 / math.log(n) if inverse_temperature is None else inverse_temperature
    strength = beta if objective.weighting == "sum" else n * beta
    generator = seeded(generator)
    matrix = given_or_made(hessian, objective)
    metric = _metric(matrix, strength, localisation)
    energy = _energy(objective, strength, localisation, objective.loss().item())
    drawn = walked(energy, objective.point, metric, walk, generator)
    return summarised(drawn, (n, beta, localisation))


def _energy(objective: Objective, strength: float, localisation: float, best: float) -> Energy:
    """nβ(L - L*) + γ/2 ‖w - w*‖² of several points at once, or of one after the other where that cannot be."""
    origin = objective.point

    def energy(points: Tensor) -> tuple[Tensor, Tensor]:
        (loss, gradient), apart = _together(objective, points), points - origin
        value = strength * (loss - best) + localisation / 2 * apart.double().square().sum(dim=1)
        return value, strength * gradient + localisation * apart

    return energy


def _together(objective: Objective, points: Float[Tensor, "c p"]) -> tuple[Float[Tensor, " c"], Float[Tensor, "c p"]]:
    """Losses and gradients."""
    with contextlib.suppress(RuntimeError):  # a network that cannot be mapped over points
        around = objective.at(points)
        return around.loss, around.gradient
    singles = [objective.at(point) for point in points]
    return torch.cat([around.loss for around in singles]), torch.cat([around.gradient for around in singles])


def _metric(matrix: Operator, strength: float, localisation: float) -> Metric:
    """The covariance of the quadratic model: 1/(nβλ + γ) along the largest curvatures, the last of them elsewhere.

    Its draws are not the chains': of a degenerate matrix rounding decides how many of them there are.
    """
    found = eigenvalues(matrix, min(KNOWN, matrix.size), tol=1e-2, risk=None, max_products=500)
    curvatures = found.values.clamp_min(0.0).nan_to_num(0.0)
    variances = 1 / (strength * curvatures + localisation)
    return Metric(found.vectors, variances, variances[-1].item())


def summarised(drawn: Draws, about: tuple[float, float, float]) -> LearningCoefficient:
    """The reading of chains that are there, given n, β and γ."""
    penalties = about[2] / 2 * drawn.distances
    excess = drawn.energies - penalties
    chains, draws = excess.shape
    reading = functools.partial(
        LearningCoefficient, n=about[0], inverse_temperature=about[1], localisation=about[2], chains=chains,
        draws=draws, step=drawn.step, acceptance=drawn.acceptance.mean().item(),
    )  # fmt: skip
    if not bool(torch.isfinite(excess).all()):
        nan = math.nan
        return reading(
            value=nan, standard_error=nan, penalty=nan, radius=nan, lowest=nan, effective=nan, ratio=nan, drift=nan,
            outcome=Outcome.NOT_FINITE,
        )  # fmt: skip
    means = excess.mean(dim=1)
    value = means.mean().item()
    error = means.std().item() / math.sqrt(chains) * float(student.ppf(0.975, chains - 1)) / 1.96
    later = excess[:, draws // 2 :].mean(dim=1) - excess[:, : draws // 2].mean(dim=1)
    drift = (later.mean() / (later.std() / math.sqrt(chains)).clamp_min(1e-300)).item()
    effective, ratio = effective_count(excess), max(split_ratio(excess), split_ratio(drawn.distances))
    agreed = ratio <= AGREED and effective >= ENOUGH and abs(drift) <= DRIFTED
    outcome = Outcome.CONVERGED if agreed else Outcome.NOT_CONVERGED
    return reading(
        value=value,
        standard_error=error,
        penalty=penalties.mean().item(),
        radius=drawn.distances.mean().sqrt().item(),
        lowest=excess.min().item(),
        effective=effective,
        ratio=ratio,
        drift=drift,
        outcome=Outcome.UNDETERMINED if value < 0 else outcome,
    )


def _check(about: tuple[float, float | None, float], walk: Walk) -> None:
    n, beta, localisation = about
    if not n > 1:
        raise BadInput(f"`n` must be above 1, got {n}: the temperature is log n.")
    if beta is not None and not beta > 0:
        raise BadInput(f"`inverse_temperature` must be positive, got {beta}.")
    if not localisation > 0:
        raise BadInput(f"`localisation` must be positive, got {localisation}: flat directions have no end without it.")
    if walk.chains < 2 or walk.burn_in < 0 or walk.draws < 4:
        came = f"{walk.chains}, {walk.burn_in} and {walk.draws}"
        raise BadInput(f"chains must be at least 2, burn_in 0 and draws 4, got {came}.")
    if walk.step is not None and not walk.step > 0:
        raise BadInput(f"`step` must be positive, got {walk.step}.")
