"""How noisy is the gradient of a mini-batch? The gradient noise scale, from a direct count or weighed by curvature."""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.gradients.moments import SAFETY, GradientMoments, Of, jackknifed, moments_of, told
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective, Operator

BLOCK = 8
"""Examples whose gradients are multiplied with the Hessian together."""


@dataclasses.dataclass(frozen=True)
class NoiseScale(Reading):
    """A gradient noise scale, as a number of examples.

    Attributes:
        value: noise / signal; infinite where the signal came out at or below 0.
        standard_error: of the value; where nothing was left to chance it is the rounding alone.
        noise: tr Σ, or tr HΣ.
        signal: ‖G‖², or GᵀHG.
        examples: n, whose gradients were taken.
        basis: what was looked at, in words.
        outcome: undetermined where the signal is not above twice its own error.
    """

    value: float
    standard_error: float
    noise: float
    signal: float
    examples: int
    basis: str
    outcome: Outcome

    @property
    def evidence(self) -> str:
        return f"{told(self.standard_error, self.basis)}; {self.outcome}, {self.basis}"


def noise_scale(
    objective: Objective | GradientMoments,
    *,
    examples: int | None = None,
    of: Of | None = None,
    generator: torch.Generator | None = None,
) -> NoiseScale:
    r"""The simple gradient noise scale $\mathrm{tr}\,\Sigma / \lVert G \rVert^2$, in examples.

    G is the gradient of the loss and Σ/B the covariance of a mini-batch's gradient around it, for B examples: at
    batches as large as the noise scale, noise and gradient are of the same size (McCandlish et al. 2018, An empirical
    model of large-batch training, arXiv:1812.06162, eq. 2.9). Of a loss that is a sum, G is the mean gradient.

    It is not ‖G‖² of the sample that is divided by: its expectation is ‖G‖² + tr Σ/n, so that close to a minimum the
    ratio would say more of n than of the noise. Both parts are estimated without bias, the ratio and its error by
    leaving out each example in turn.

    Args:
        objective: the loss, at the model's own point; or moments that are there already, of which the options may
            only say what they are.
        examples: how many to draw; by default all where that is affordable (see `gradient_moments`).
        of: the `"data"` as they are, whose noise scale is then exact, or the `"population"` they were drawn from; the
            data unless given.
        generator: of the draw; seeded with 0 unless given.

    Returns:
        `NoiseScale`: value, standard_error, noise, signal, outcome.

    Example:
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 1.0)
        >>> x = torch.ones(4, 1)
        >>> objective = Objective(model, torch.nn.MSELoss(), (x, torch.tensor([[0.0], [0.0], [0.0], [2.0]])))
        >>> noise_scale(objective).value  # gradients 2, 2, 2, -2: mean 1, variance 3
        3.0
    """
    moments = moments_of(objective, examples, of, generator)
    signal, noise = moments.pooled
    if not math.isfinite(signal + noise):
        return NoiseScale(math.nan, math.nan, noise, signal, moments.count, moments.basis, Outcome.NOT_FINITE)
    off_signal, off_noise = moments.rounding
    value = noise / signal if signal > 0 else math.inf
    rounding = (off_noise + value * off_signal) / signal if signal > 0 else math.inf
    if moments.exact:
        clear = signal > 2 * off_signal
        outcome = Outcome.CONVERGED if clear else Outcome.PRECISION_FLOOR
        return NoiseScale(value, rounding, noise, signal, moments.count, moments.basis, outcome)
    signals, noises = moments.without_one
    _, wide = jackknifed(signal, signals, moments.left)
    outcome = Outcome.CONVERGED if signal > 2 * max(wide, off_signal) else Outcome.UNDETERMINED
    if signal <= 0:
        return NoiseScale(math.inf, math.inf, noise, signal, moments.count, moments.basis, outcome)
    value, error = jackknifed(value, noises / signals, moments.left)
    return NoiseScale(value, max(error, rounding), noise, signal, moments.count, moments.basis, outcome)


def curved_noise_scale(
    objective: Objective,
    *,
    examples: int = 64,
    hessian: Operator | None = None,
    generator: torch.Generator | None = None,
) -> NoiseScale:
    r"""The noise scale weighed by curvature, $\mathrm{tr}(H\Sigma) / (G^\top H G)$, in examples.

    For a step along the gradient of a mini-batch of B examples, the best step and the gain from it are those of the
    full gradient divided by 1 + value/B (McCandlish et al. 2018, arXiv:1812.06162, eq. 2.7). It is of the data as they
    are: G and H are those of all of them, and tr HΣ is the mean of rᵀHr over examples, r an example's distance to G.

    Args:
        objective: the loss, at the model's own point.
        examples: how many to draw, each for a product with the Hessian; with all of them it is exact.
        hessian: the Hessian there, where it has been made already.
        generator: of the draw; seeded with 0 unless given.

    Returns:
        `NoiseScale`. The outcome is undetermined where GᵀHG is not positive: there is then no best step.

    Example:
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 1.0)
        >>> x = torch.ones(4, 1)
        >>> objective = Objective(model, torch.nn.MSELoss(), (x, torch.tensor([[0.0], [0.0], [0.0], [2.0]])))
        >>> curved_noise_scale(objective).value  # one parameter: H cancels
        3.0
    """
    total = sum(objective.partition)
    if examples < 2:
        raise BadInput(f"`examples` must be at least 2, got {examples}.")
    count, is_sum = min(examples, total), objective.weighting == "sum"
    matrix = given_or_made(hessian, objective)
    gradient = objective.gradient().double() / (total if is_sum else 1)
    part = objective if count == total else objective.sampled(count, generator=generator)[0]
    mean = 1.0 if is_sum else objective.weight() / total
    forms, sizes = _forms(part, matrix, gradient, mean)
    image = _image(matrix, gradient[None])[0]
    signal, noise = float(image @ gradient), forms.mean().item()
    eps = torch.finfo(objective.point.dtype).eps
    # The gradient is off by eps of the single gradients that it is the mean of, and so is all that is linear in it.
    off = SAFETY * eps * float(image.norm()) * float(gradient.norm() + sizes.square().mean().sqrt())
    value = noise / signal if signal else math.nan
    error = forms.std().item() * math.sqrt((1 - count / total) / count)
    error = max(error, SAFETY * eps * forms.abs().mean().item()) + abs(value) * off
    basis = f"from {count:,} of {total:,} examples" if count < total else f"exact for these {total:,} examples"
    outcome = Outcome.CONVERGED if signal > 2 * off else Outcome.UNDETERMINED
    if not math.isfinite(signal + noise):
        outcome = Outcome.NOT_FINITE
    return NoiseScale(value, error / abs(signal) if signal else math.nan, noise, signal, count, basis, outcome)


def _forms(part: Objective, matrix: Operator, gradient: Tensor, mean: float) -> tuple[Tensor, Tensor]:
    """u² rᵀHr and ‖ug‖ of each example, r = g - G, u its weight against the mean one."""
    forms, sizes = [], []
    own = list(part.example_gradients())  # products are made by all processes together, so each takes all examples
    for chunk in (chunk for chunks in part.processes.gather(own) for chunk in chunks):
        counts = (chunk.weights / mean)[:, None]
        apart = counts * (chunk.gradients.double() - gradient)
        sizes.append((counts * chunk.gradients).norm(dim=1))
        forms += [(_image(matrix, block) * block).sum(dim=1) for block in apart.split(BLOCK)]
    return torch.cat(forms), torch.cat(sizes)


def _image(matrix: Operator, block: Float[Tensor, "k p"]) -> Float[Tensor, "k p"]:
    return matrix.multiply(block.to(matrix.dtype)[None])[0].double()
