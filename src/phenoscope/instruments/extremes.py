"""Extreme eigenpairs of n operators at once, cold or warm, each with the evidence for it."""

import dataclasses

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.instruments.challenge import challenge, hidden_probability
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.subspace import (
    Multiply,
    RitzPairs,
    Subspace,
    begin,
    extend,
    pick,
    random_like,
    restart,
    ritz,
)

STALL = 12
"""Expansions without progress after which a residual near rounding counts as the precision floor."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is asked for, and how well.

    Attributes:
        top, bottom: how many of the largest and of the smallest eigenvalues.
        tol: residuals are to be at most tol · max(|value|, ‖A‖ / 10).
        risk: the chance to accept of having missed a larger (smaller) eigenvalue; `None` does not look.
        margin: the chance is for eigenvalues beyond the last value by more than this fraction of ‖A‖.
        products: the largest number of products, per operator.
    """

    top: int
    bottom: int
    tol: float
    risk: float | None = 1e-2
    margin: float = 0.05
    products: int = 1000


@dataclasses.dataclass(frozen=True)
class Extremes:
    """Eigenpairs of n operators.

    Attributes:
        values: (n, k) in float64, falling.
        vectors: (n, k, p), unit rows.
        residuals: (n, k), ‖A x - θ x‖.
        failure_probability: (n,), the chance of a missed eigenvalue beyond the margin; 1 where nobody looked.
        outcomes: one an operator.
        products: used, per operator.
        space: the subspace at the end, from which a later measurement may start.
    """

    values: Float[Tensor, "n k"]
    vectors: Float[Tensor, "n k p"]
    residuals: Float[Tensor, "n k"]
    failure_probability: Float[Tensor, " n"]
    outcomes: tuple[Outcome, ...]
    products: int
    space: Subspace


class _Counted:
    """The operator with its products counted and its failures noted: a row that gives nan counts as zero."""

    def __init__(self, multiply: Multiply, rows: int) -> None:
        self.multiply, self.products = multiply, 0
        self.broken: Bool[Tensor, " n"] = torch.zeros(rows, dtype=torch.bool)

    def __call__(self, block: Tensor) -> Tensor:
        self.products += block.shape[1]
        image = self.multiply(block)
        bad = ~torch.isfinite(image).flatten(1).all(dim=1)
        self.broken = self.broken.to(bad.device) | bad
        return torch.where(self.broken[:, None, None], torch.zeros_like(image), image)


def extremes(
    multiply: Multiply, like: Float[Tensor, "n p"], wanted: Wanted, generator: torch.Generator,
    *, start: Float[Tensor, "n k p"] | None = None,
) -> Extremes:  # fmt: skip
    """The extreme eigenpairs of n symmetric operators.

    Without a start the subspace is the Krylov space of one random vector, and the iteration is Lanczos with full
    orthogonalisation; its residuals are tested at every step. With a start it is expanded by the first residual
    that is too large. In both cases a random challenge looks for what the start may have missed.

    Args:
        multiply: products of a block (n, k, p).
        like: any tensor of the operators' rows, size, dtype and device.
        wanted: what is asked for.
        generator: of all random vectors.
        start: warm vectors.
    """
    counted = _Counted(multiply, len(like))
    first = random_like(like, generator)[:, None] if start is None else start.to(like)
    growth = _Growth(begin(counted, first, generator), krylov=start is None)
    chance = torch.ones(len(like), dtype=torch.float64, device=like.device)
    while True:
        growth, pairs, met, stalled = _converge(growth, counted, wanted, generator)
        if wanted.risk is None or not (stalled or bool(met.any())):
            break
        level = pairs.values[:, wanted.top - 1] + wanted.margin * pairs.scale
        if growth.krylov and wanted.top == 1 and wanted.bottom == 0:
            chance = hidden_probability(growth.space, level, like.shape[-1])
            missed = growth.following if bool((chance > wanted.risk).any()) and not stalled else None
        else:
            chance, missed = _look(growth.space, counted, pairs, wanted, generator)
            growth = dataclasses.replace(growth, krylov=False)
        if missed is None or counted.products >= wanted.products:
            break
        growth = growth.extended(counted, missed, generator)
    outcomes = tuple(_outcome(bool(broken), bool(ok), stalled) for broken, ok in zip(counted.broken, met, strict=True))
    values = torch.where(counted.broken[:, None], torch.nan, pairs.values)
    return Extremes(values, pairs.vectors, pairs.norms, chance, outcomes, counted.products, growth.space)


@dataclasses.dataclass(frozen=True)
class _Growth:
    """A subspace, and whether it is still the Krylov space of one random vector."""

    space: Subspace
    krylov: bool

    @property
    def following(self) -> Tensor:
        """The next direction of the Krylov space."""
        return self.space.images[:, -1]

    def extended(self, multiply: Multiply, direction: Tensor, generator: torch.Generator) -> "_Growth":
        return _Growth(extend(self.space, multiply, direction[:, None], generator), self.krylov)

    def shrunk(self, keep: int) -> "_Growth":
        return _Growth(restart(self.space, keep), krylov=False)


def _converge(
    growth: _Growth, multiply: _Counted, wanted: Wanted, generator: torch.Generator
) -> tuple[_Growth, RitzPairs, Bool[Tensor, " n"], bool]:
    """Expand until every row's residuals are met, rounding stops them, or the products are used up.

    Returns:
        The growth, its pairs, which rows met the tolerance, and whether no further progress is possible.
    """
    size = growth.space.basis.shape[-1]
    count = min(wanted.top + wanted.bottom, size)
    best, since = float("inf"), 0
    while True:
        pairs = ritz(growth.space, wanted.top, wanted.bottom)
        allowed = wanted.tol * torch.maximum(pairs.values.abs(), pairs.scale[:, None] / 10)
        unmet = pairs.norms > allowed
        met = ~unmet.any(dim=1) & (pairs.values.shape[1] == count)
        worst = (pairs.norms / allowed.clamp_min(torch.finfo(torch.float64).tiny)).amax().item()
        best, since = (worst, 0) if worst < 0.9 * best else (best, since + 1)
        stalled = growth.space.dimension == size or (since >= STALL and _near_rounding(pairs))
        if bool(met.all()) or stalled or multiply.products >= wanted.products:
            return growth, pairs, met, stalled
        if growth.space.dimension >= _largest_basis(growth.space, count):
            growth = growth.shrunk(2 * count + 8)
        residual = pick(pairs.residuals, unmet.double().argmax(dim=1))
        growth = growth.extended(multiply, growth.following if growth.krylov else residual, generator)


def _look(
    space: Subspace, multiply: _Counted, pairs: RitzPairs, wanted: Wanted, generator: torch.Generator
) -> tuple[Tensor, Tensor | None]:
    """Challenge both ends as far as they are wanted: the chance of a miss, and a direction that was missed."""
    chance = torch.zeros(len(pairs.values), dtype=torch.float64, device=pairs.values.device)
    if pairs.vectors.shape[1] >= space.basis.shape[-1]:
        return chance, None
    for sign, last in ((1.0, wanted.top - 1), (-1.0, wanted.top)):
        if (sign < 0 and wanted.bottom == 0) or wanted.risk is None:
            continue
        value = sign * pairs.values[:, last]
        found = challenge(
            lambda block, sign=sign: sign * multiply(block),
            pairs.vectors,
            value + wanted.tol * torch.maximum(value.abs(), pairs.scale / 10),
            value + wanted.margin * pairs.scale,
            risk=wanted.risk,
            generator=generator,
        )
        if bool(found.found.any()):
            return torch.maximum(chance, found.failure_probability), found.vectors
        chance = torch.maximum(chance, found.failure_probability)
    return chance, None


def _near_rounding(pairs: RitzPairs) -> bool:
    """Whether the residuals are so small against ‖A‖ that rounding in the products may be what is left."""
    eps = torch.finfo(pairs.vectors.dtype).eps
    return bool((pairs.norms.amax(dim=1) <= 2e3 * eps * pairs.scale).all())


def _largest_basis(space: Subspace, count: int) -> int:
    """Vectors that fit in about a gigabyte, at least a few times as many as are wanted."""
    rows, _, size = space.basis.shape
    fits = 2**30 // (2 * rows * size * space.basis.element_size())
    return max(4 * count + 20, min(400, fits))


def _outcome(broken: bool, met: bool, stalled: bool) -> Outcome:
    if broken:
        return Outcome.NOT_FINITE
    if met:
        return Outcome.CONVERGED
    return Outcome.PRECISION_FLOOR if stalled else Outcome.NOT_CONVERGED
