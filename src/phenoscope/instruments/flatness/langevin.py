"""Langevin chains around a point: several networks that move as rows of one matrix, down the slope and at random."""

import dataclasses
import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Energy = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Points (c, p) to energies (c,) in float64 and their gradients (c, p)."""

WANTED = 0.574
"""The acceptance at which the Metropolis-adjusted Langevin algorithm moves fastest (Roberts and Rosenthal 1998)."""

SHORTEST = 0.01
"""Of the corrected proposals that are made shorter at random."""

UNCORRECTED = 0.05
"""The step of chains without correction, unless given: in these coordinates it biases variances by half of it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Metric:
    """A positive matrix P that says how far chains may move in which direction.

    Attributes:
        vectors: (p, k), orthonormal; the variance along each is known.
        variances: (k,).
        rest: the variance in every other direction.
    """

    vectors: Float[Tensor, "p k"]
    variances: Float[Tensor, " k"]
    rest: float

    def power(self, rows: Float[Tensor, "c p"], exponent: float) -> Float[Tensor, "c p"]:
        """The rows times a power of P."""
        along = rows @ self.vectors
        scaled = along * (self.variances**exponent - self.rest**exponent)
        return self.rest**exponent * rows + scaled @ self.vectors.mT


@dataclasses.dataclass(frozen=True, eq=False)
class Draws:
    """What chains have seen after their burn-in.

    Attributes:
        energies: (c, t), one row a chain.
        points: (c, p), where they ended.
        distances: (c, t), squared, from the start.
        step: ε of the proposals.
        acceptance: (c,), the share of proposals that were accepted; 1 without correction.
    """

    energies: Float[Tensor, "c t"]
    points: Float[Tensor, "c p"]
    distances: Float[Tensor, "c t"]
    step: float
    acceptance: Float[Tensor, " c"]


@dataclasses.dataclass(frozen=True)
class Walk:
    """How chains are to go.

    Attributes:
        chains, burn_in, draws: how many, how many steps to forget, how many to keep.
        metropolis: whether proposals are accepted so that the distribution is exact, whatever the step.
        step: ε; found during the burn-in for the best acceptance unless given.
    """

    chains: int
    burn_in: int
    draws: int
    metropolis: bool
    step: float | None

    @property
    def first_step(self) -> float:
        return self.step or (0.5 if self.metropolis else UNCORRECTED)


@dataclasses.dataclass(frozen=True, eq=False)
class _State:
    points: Float[Tensor, "c p"]
    energy: Float[Tensor, " c"]
    slope: Float[Tensor, "c p"]

    def where(self, moved: Bool[Tensor, " c"], old: "_State") -> "_State":
        """The state of the chains that moved, the old one of the others."""
        rows, energy = moved[:, None], torch.where(moved, self.energy, old.energy)
        return _State(torch.where(rows, self.points, old.points), energy, torch.where(rows, self.slope, old.slope))


def walked(energy: Energy, start: Float[Tensor, " p"], metric: Metric, walk: Walk, generator: torch.Generator) -> Draws:
    """Chains in the density exp(-energy), from starts scattered around a point as its quadratic model has them.

    A proposal is w - ε P ∇U + √(2ε) P^½ ξ; with the Metropolis correction it is accepted so that the chain has the
    density exactly (Besag 1994), without it the step biases what is seen. Half of the corrected proposals are shorter,
    by a factor down to a hundredth: a degenerate minimum has arms that grow narrower outwards, in which proposals of
    one size would stay stuck, and into which they would hardly get.
    """
    state, step = _scattered(energy, start, metric, walk, generator), walk.first_step
    energies, distances, accepted = [], [], torch.zeros(walk.chains, dtype=torch.float64, device=start.device)
    for t in range(walk.burn_in + walk.draws):
        noise = _drawn(state.points, walk, generator)
        there, chance = _proposed(energy, state, metric, step, noise, metropolis=walk.metropolis)
        moved = noise.luck < chance
        state = there if not walk.metropolis else there.where(moved, state)
        if t < walk.burn_in:
            if walk.metropolis and walk.step is None and bool((noise.shorter == 1).any()):
                step *= math.exp((chance[noise.shorter == 1].mean().item() - WANTED) / math.sqrt(t + 1))
            continue
        accepted += moved
        energies.append(state.energy)
        distances.append((state.points - start).double().square().sum(dim=1))
    kept = torch.stack(energies, dim=1), state.points, torch.stack(distances, dim=1)
    return Draws(*kept, step, accepted / walk.draws)


def _scattered(
    energy: Energy, start: Float[Tensor, " p"], metric: Metric, walk: Walk, generator: torch.Generator
) -> _State:
    """Chains that start apart show by agreeing that they have forgotten it."""
    points = start.expand(walk.chains, -1).clone()
    drawn = torch.randn(points.shape, generator=generator, device=generator.device, dtype=points.dtype)
    away = points + metric.power(drawn.to(points.device), 0.5)
    apart = _State(away, *energy(away))
    usable = torch.isfinite(apart.energy) & torch.isfinite(apart.slope).all(dim=1)
    return apart if bool(usable.all()) else apart.where(usable, _State(points, *energy(points)))


@dataclasses.dataclass(frozen=True, eq=False)
class _Noise:
    """What chance brings to one step of c chains: ξ (c, p), what decides on acceptance (c,), and ε's factor (c,)."""

    normal: Float[Tensor, "c p"]
    luck: Float[Tensor, " c"]
    shorter: Float[Tensor, " c"]


def _drawn(like: Float[Tensor, "c p"], walk: Walk, generator: torch.Generator) -> _Noise:
    normal = torch.randn(like.shape, generator=generator, device=generator.device, dtype=like.dtype)
    luck, whether, how = torch.rand(3, len(like), generator=generator, device=generator.device, dtype=torch.float64)
    shorter = torch.where(whether < 0.5, SHORTEST**how, 1.0) if walk.metropolis else torch.ones_like(how)
    return _Noise(normal.to(like.device), luck.to(like.device), shorter.to(like.device))


def _proposed(
    energy: Energy, state: _State, metric: Metric, step: float, noise: _Noise, *, metropolis: bool
) -> tuple[_State, Float[Tensor, " c"]]:
    """Where every chain might go, and the chance with which it should."""
    points, steps = state.points, (step * noise.shorter)[:, None].to(state.points.dtype)
    proposal = points - steps * metric.power(state.slope, 1.0) + (2 * steps).sqrt() * metric.power(noise.normal, 0.5)
    there = _State(proposal, *energy(proposal))
    if not metropolis:
        return there, torch.ones_like(noise.luck)
    back = points - proposal + steps * metric.power(there.slope, 1.0)
    backward = metric.power(back, -0.5).double().square().sum(dim=1) / (4 * steps[:, 0].double())
    forward = noise.normal.double().square().sum(dim=1) / 2
    return there, (state.energy - there.energy + forward - backward).clamp(max=0.0).exp().nan_to_num(0.0)


def split_ratio(values: Float[Tensor, "c t"]) -> float:
    """R̂ of half chains: √(variance of all draws / mean variance within half chains), near 1 once all agree.

    Gelman and Rubin 1992, Inference from iterative simulation using multiple sequences; halved as in Gelman et al.,
    Bayesian Data Analysis, 3rd ed., section 11.4.
    """
    length = values.shape[1] // 2
    halves = torch.cat([values[:, :length], values[:, -length:]])
    within = halves.var(dim=1).mean().item()
    between = length * halves.mean(dim=1).var().item()
    return math.sqrt((length - 1) / length + between / (length * within)) if within > 0 else math.nan


def effective_count(values: Float[Tensor, "c t"]) -> float:
    """How many independent draws the chains together are worth.

    c t / (1 + 2 Σ ρ), with the autocorrelations ρ of all chains about the common mean, summed over pairs for as long
    as these stay positive (Geyer 1992, Practical Markov chain Monte Carlo).
    """
    chains, length = values.shape
    apart = values - values.mean()
    spectrum = torch.fft.rfft(apart, n=2 * length)
    covariances = torch.fft.irfft(spectrum * spectrum.conj(), n=2 * length)[:, :length].mean(dim=0) / length
    if not covariances[0] > 0:
        return math.nan
    correlations = covariances / covariances[0]
    pairs = correlations[: length - length % 2].reshape(-1, 2).sum(dim=1)
    negative = (pairs <= 0).nonzero()
    last = int(negative[0]) if len(negative) else len(pairs)
    return chains * length / max(1.0, 2 * pairs[:last].sum().item() - 1)
