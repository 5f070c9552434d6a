"""What the statistics of single examples' gradients are made of: their sums, taken once and shared.

Examples count as the loss counts them. With weights wᵢ (targets that are not ignored, say) and the gradients gᵢ of the
examples' own losses, the gradient of a mini-batch of B examples is Σ wᵢgᵢ / Σ wᵢ over it. Its covariance is Σ/B, with

    Σ = E[uᵢ² (gᵢ - G)(gᵢ - G)ᵀ],   G = E[uᵢgᵢ],   uᵢ = wᵢ / E[w],

exactly where all examples weigh the same (then it is the plain covariance), to first order in 1/B otherwise.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.objective import ExampleGradients, Objective, Processes

Of = Literal["data", "population"]
"""What the statistics are of: the data as they are, or the population that they were drawn from."""

AFFORDABLE = 2 * 10**9
"""Entries (examples x parameters) of gradients that are made without being asked for a number of examples."""

KEPT_BYTES = 2**28
"""Of gradients that stay in memory between the two looks at them; beyond 256 MiB they are made twice."""

SAFETY, TINY = 4.0, 1e-300
FEWEST = 4
"""Examples without which the jackknife has nothing to compare."""


@dataclasses.dataclass(frozen=True, eq=False)
class GradientMoments:
    """The sums over n examples from which noise scale, coherence, stiffness and signal-to-noise ratio follow.

    Everything is taken around the mean gradient, so that nothing is lost where all gradients are nearly the same.

    Attributes:
        weights: (n,), wᵢ.
        squares: (n,), ‖gᵢ‖².
        distances: (n,), ‖rᵢ‖² with rᵢ = gᵢ - G.
        along: (n,), ⟨G, rᵢ⟩.
        along_heavy: (n,), ⟨Q, rᵢ⟩ with Q = Σ wᵢ²rᵢ.
        cosines: (n,), Σⱼ cos(gᵢ, gⱼ), 0 for a gradient that is zero.
        mean: (p,), G.
        heavy: (p,), Q.
        spread: (p,), Σ wᵢ² rᵢ², entry by entry.
        examples: N, in all the data.
        of: what the statistics are of.
        eps: the relative rounding error of the gradients.
        chunks: makes the gradients of this process's examples once more.
        processes: that hold a part of the data each.
    """

    weights: Float[Tensor, " n"]
    squares: Float[Tensor, " n"]
    distances: Float[Tensor, " n"]
    along: Float[Tensor, " n"]
    along_heavy: Float[Tensor, " n"]
    cosines: Float[Tensor, " n"]
    mean: Float[Tensor, " p"]
    heavy: Float[Tensor, " p"]
    spread: Float[Tensor, " p"]
    examples: int
    of: Of
    eps: float
    chunks: Callable[[], Iterable[ExampleGradients]]
    processes: Processes

    @property
    def count(self) -> int:
        """n, the examples whose gradients were taken."""
        return len(self.weights)

    @property
    def left(self) -> float:
        """1 - n/N, the share of what the statistics are of that was not looked at; 1 of a population."""
        return self.unseen(self.count)

    def unseen(self, count: int) -> float:
        """The share that is not looked at by so many examples; 1 of a population."""
        return 1.0 if self.of == "population" else 1 - count / self.examples

    @property
    def exact(self) -> bool:
        """Whether nothing was left to chance."""
        return self.left == 0

    @property
    def basis(self) -> str:
        """What was looked at, for a person."""
        if self.exact:
            return f"exact for these {self.count:,} examples"
        whole = f"of {self.examples:,} examples" if self.of == "data" else "examples, for their population"
        return f"from {self.count:,} {whole}"

    @cached_property
    def pooled(self) -> tuple[float, float]:
        """‖G‖² and tr Σ, without bias of either."""
        none = torch.zeros((), dtype=torch.float64, device=self.weights.device)
        signal, noise = self._estimates(none, none, none, none, self.count)
        return signal.item(), noise.item()

    @cached_property
    def without_one(self) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """The same estimated without each example in turn."""
        return self._estimates(self.weights, self.along, self.along_heavy, self.distances, self.count - 1)

    @cached_property
    def rounding(self) -> tuple[float, float]:
        """What the rounding of single gradients may add to ‖G‖² and to tr Σ: a few eps of the gradients' size."""
        root = math.sqrt(self.scale)
        off = SAFETY * self.eps * root
        return off * (2 * float(self.mean.norm()) + off), off * 2 * root

    @property
    def scale(self) -> float:
        """E u²‖g‖², the size of a single gradient."""
        return self.count * float(self.weights.square() @ self.squares / self.weights.sum() ** 2)

    def _estimates(self, w: Tensor, along: Tensor, heavy: Tensor, square: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """‖G‖² and tr Σ from the sums less one example's part, or less nothing."""
        weight, squared = self.weights.sum() - w, self.weights @ self.weights - w**2
        moved = -w / weight  # of rᵢ, by which the mean moves when the example goes
        norm = self.mean @ self.mean + 2 * moved * along + moved**2 * square
        spread = self.weights**2 @ self.distances - w**2 * square
        spread = spread - 2 * moved * (heavy - w**2 * square) + squared * moved**2 * square
        sample = spread.clamp_min(0.0) * (count / weight) ** 2 / (count - 1)
        signal = norm - self.unseen(count) * sample / count
        return signal, sample if self.of == "population" else sample * (1 - 1 / self.examples)


def gradient_moments(
    objective: Objective,
    *,
    examples: int | None = None,
    of: Of = "data",
    generator: torch.Generator | None = None,
) -> GradientMoments:
    """Go through the gradients of single examples, twice, and keep their sums.

    Args:
        objective: the loss, at the model's own point.
        examples: how many to draw; `None` takes all of them where examples x parameters are at most two thousand
            million, else as many as that makes.
        of: the `"data"` as they are (all examples then leave nothing to chance), or the `"population"` that they were
            drawn from independently.
        generator: of the draw; seeded with 0 unless given.

    Raises:
        BadInput: too few or too many examples, or ones that depend on each other (batch statistics).
    """
    one_of("`of`", of, ("data", "population"))
    count, p = sum(objective.partition), len(objective.point)
    wanted = min(count, max(FEWEST, AFFORDABLE // p)) if examples is None else examples
    if not FEWEST <= wanted <= count:
        raise BadInput(
            f"statistics of gradients need at least {FEWEST} examples, and no more than there are: got {wanted} of "
            f"{count}."
        )
    part = objective if wanted == count else objective.sampled(wanted, generator=generator)[0]
    if wanted * p * objective.point.element_size() > KEPT_BYTES:
        return _gathered(part, part.example_gradients, count, of)
    kept = list(part.example_gradients())
    return _gathered(part, lambda: kept, count, of)


def _gathered(
    part: Objective, chunks: Callable[[], Iterable[ExampleGradients]], examples: int, of: Of
) -> GradientMoments:
    """One look at the gradients for their mean, one for what lies around it."""
    point, processes = part.point, part.processes
    weight, squared, total, heavy, units = (processes.sum(own) for own in _sums(chunks(), len(point), point.device))
    mean = total / weight
    heavy = heavy - squared * mean
    spread, rows = torch.zeros_like(mean), []
    for chunk in chunks():
        rows.append(_scalars(chunk, mean, heavy, units))
        spread += chunk.weights**2 @ (chunk.gradients.double() - mean) ** 2
    scalars = processes.stack(torch.cat(rows)).T.contiguous().unbind()
    weights, squares, distances, along, along_heavy, cosines = scalars
    sums = (weights, squares, distances, along, along_heavy, cosines, mean, heavy, processes.sum(spread))
    return GradientMoments(*sums, examples, of, torch.finfo(point.dtype).eps, chunks, processes)


def moments_of(
    objective: Objective | GradientMoments, examples: int | None, of: Of | None, generator: torch.Generator | None
) -> GradientMoments:
    """The moments themselves, or those of an objective.

    Raises:
        BadInput: moments that are not what the options ask for.
    """
    if not isinstance(objective, GradientMoments):
        return gradient_moments(objective, examples=examples, of=of or "data", generator=generator)
    asked = objective.count if examples is None else examples, of or objective.of
    if asked != (objective.count, objective.of) or generator is not None:
        drawn = "" if generator is None else ", drawn anew"
        raise BadInput(
            f"the moments given are of {objective.count} examples, for the {objective.of}, and those asked for of "
            f"{asked[0]}, for the {asked[1]}{drawn}. Leave the options out, or take moments of the objective by "
            "`gradient_moments` with these."
        )
    return objective


def told(error: float, basis: str) -> str:
    """What the error is, for a person."""
    return f"{'rounding about' if basis.startswith('exact') else 'standard error'} {error:.1e}"


def jackknifed(value: float, replicates: Float[Tensor, " n"], left: float) -> tuple[float, float]:
    """An estimate less its bias of order 1/n, and its standard error, from the values without each example in turn.

    Args:
        value: from all n examples.
        replicates: without each of them (Quenouille 1956, Notes on bias in estimation; Tukey 1958).
        left: the share of what is estimated that was not looked at; 1 of a population.
    """
    count, mean = len(replicates), replicates.mean().item()
    error = math.sqrt(left * (count - 1) / count * (replicates - mean).square().sum().item())
    return value - left * (count - 1) * (mean - value), error


def _sums(chunks: Iterable[ExampleGradients], p: int, device: torch.device) -> tuple[Tensor, ...]:
    """Σw, Σw², Σwg, Σw²g and the sum of the unit vectors, in float64."""
    weight, squared = (torch.zeros((), dtype=torch.float64, device=device) for _ in range(2))
    total, heavy, units = (torch.zeros(p, dtype=torch.float64, device=device) for _ in range(3))
    for chunk in chunks:
        g, w = chunk.gradients.double(), chunk.weights
        weight += w.sum()
        squared += w @ w
        total += w @ g
        heavy += w**2 @ g
        units += torch.nn.functional.normalize(g, dim=1, eps=TINY).sum(dim=0)
    return weight, squared, total, heavy, units


def _scalars(chunk: ExampleGradients, mean: Tensor, heavy: Tensor, units: Tensor) -> Float[Tensor, "b 6"]:
    """A row an example: the six numbers of `GradientMoments` that each has one of."""
    g = chunk.gradients.double()
    apart, squares = g - mean, g.square().sum(dim=1)
    cosines = (g @ units) / squares.sqrt().clamp_min(TINY)
    distances = apart.square().sum(dim=1)
    return torch.stack([chunk.weights, squares, distances, apart @ mean, apart @ heavy, cosines], dim=1)
