"""Does each parameter's gradient agree over the examples? The gradient signal-to-noise ratio."""

import dataclasses
import functools
import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.instruments.gradients.moments import SAFETY, GradientMoments, Of, jackknifed, moments_of, told
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective

NOTHING = 16.0
"""A standard deviation of fewer eps of the gradient's size than this is taken for rounding."""

BLOCK = 32
"""Examples that are left out together, each by itself."""


@dataclasses.dataclass(frozen=True)
class SignalToNoise(Reading):
    """The gradient signal-to-noise ratio, averaged over parameters.

    Attributes:
        value: the mean over parameters of Gⱼ² / Σⱼⱼ.
        standard_error: of the value; where nothing was left to chance it is the rounding alone.
        median: over the same parameters; ratios are skewed, so it can be far below the mean.
        left_out: parameters whose gradient is the same for all examples, up to rounding: 0/0, or no noise at all.
        examples: n, whose gradients were taken.
        basis: what was looked at, in words.
        outcome: undetermined where no parameter is left.
    """

    value: float
    standard_error: float
    median: float
    left_out: int
    examples: int
    basis: str
    outcome: Outcome

    @property
    def evidence(self) -> str:
        out = f", {self.left_out:,} parameters without noise left out" if self.left_out else ""
        found = f"{told(self.standard_error, self.basis)}; median {self.median:.2g}"
        return f"{found}; {self.outcome}, {self.basis}{out}"


def gradient_snr(
    objective: Objective | GradientMoments,
    *,
    examples: int | None = None,
    of: Of | None = None,
    generator: torch.Generator | None = None,
) -> SignalToNoise:
    r"""The gradient signal-to-noise ratio (GSNR), $\frac1p \sum_j G_j^2 / \Sigma_{jj}$.

    For each parameter the square of the mean of its gradient over examples divided by the variance (Liu et al. 2020,
    Understanding why neural networks generalize well through GSNR of parameters, arXiv:2001.07384, eq. 1), averaged
    over parameters as there. Dimensionless. The pooled ratio ‖G‖² / tr Σ is another number: the inverse of the noise
    scale. Gⱼ² of a sample is Σⱼⱼ/n too large on average, which is taken off where examples were left to chance.

    Args:
        objective: the loss, at the model's own point; or moments that are there already, of which the options may
            only say what they are.
        examples: how many to draw; by default all where that is affordable (see `gradient_moments`).
        of: the `"data"` as they are, or the `"population"` that they were drawn from; the data unless given.
        generator: of the draw; seeded with 0 unless given.

    Returns:
        `SignalToNoise`: value, standard_error, median, left_out.

    Example:
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 1.0)
        >>> x = torch.ones(4, 1)
        >>> objective = Objective(model, torch.nn.MSELoss(), (x, torch.tensor([[0.0], [0.0], [0.0], [2.0]])))
        >>> round(gradient_snr(objective).value, 6)  # gradients 2, 2, 2, -2: mean 1, variance 3
        0.333333
    """
    moments = moments_of(objective, examples, of, generator)
    weight = moments.weights.sum()
    signal, noise = _estimates(moments, moments.mean, moments.spread, weight, moments.count)
    reading = functools.partial(SignalToNoise, examples=moments.count, basis=moments.basis)
    if not bool(torch.isfinite(signal + noise).all()):
        return reading(math.nan, math.nan, math.nan, left_out=0, outcome=Outcome.NOT_FINITE)
    # Beside the size of its own gradient, or of all on average, a deviation may be nothing but rounding.
    scale = (moments.mean.square() + noise).clamp_min(moments.scale / len(noise))
    noisy = noise > (NOTHING * moments.eps) ** 2 * scale
    left_out = int((~noisy).sum())
    if not bool(noisy.any()):
        return reading(math.nan, math.nan, math.nan, left_out=left_out, outcome=Outcome.UNDETERMINED)
    ratios = (signal / noise)[noisy]
    value, median = ratios.mean().item(), ratios.median().item()
    rounding = _rounding(moments, signal[noisy], noise[noisy], scale[noisy])
    if moments.exact:
        outcome = Outcome.CONVERGED if rounding < abs(value) else Outcome.PRECISION_FLOOR
        return reading(value, rounding, median, left_out=left_out, outcome=outcome)
    value, error = jackknifed(value, _without_one(moments, noisy), moments.left)
    return reading(value, max(error, rounding), median, left_out=left_out, outcome=Outcome.CONVERGED)


def _estimates(
    moments: GradientMoments, mean: Tensor, spread: Tensor, weight: Tensor, count: int
) -> tuple[Tensor, Tensor]:
    """Gⱼ² and Σⱼⱼ, without bias of either, from G, Σ w²r² and Σ w."""
    sample = spread.clamp_min(0.0) * (count / weight) ** 2 / (count - 1)
    noise = sample if moments.of == "population" else sample * (1 - 1 / moments.examples)
    return mean**2 - moments.unseen(count) * sample / count, noise


def _without_one(moments: GradientMoments, noisy: Bool[Tensor, " p"]) -> Float[Tensor, " n"]:
    """The mean ratio without each example in turn."""
    found, weight, squared = [], moments.weights.sum(), moments.weights @ moments.weights
    for chunk in moments.chunks():
        for g, w in zip(chunk.gradients.split(BLOCK), chunk.weights[:, None].split(BLOCK), strict=True):
            apart, rest = g.double() - moments.mean, weight - w
            moved = -w / rest * apart
            spread = moments.spread - (w * apart) ** 2
            spread = spread - 2 * moved * (moments.heavy - w**2 * apart) + (squared - w**2) * moved**2
            signal, noise = _estimates(moments, moments.mean + moved, spread, rest, moments.count - 1)
            found.append((signal / noise)[:, noisy].mean(dim=1))
    return moments.processes.stack(torch.cat(found))


def _rounding(moments: GradientMoments, signal: Tensor, noise: Tensor, scale: Tensor) -> float:
    """What gradients that are off by eps of their size may change in the mean ratio."""
    off = SAFETY * moments.eps * scale.sqrt()
    size = signal.clamp_min(0.0)
    return float((off * (2 * size.sqrt() + off) / noise + 2 * size * off / noise**1.5).mean())
