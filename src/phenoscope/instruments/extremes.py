"""Extreme eigenpairs of n operators at once, cold or warm, each with the evidence for it."""

import dataclasses
import math

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


MOST_LOOKING = 60
"""Products after which a challenge ends with whatever chance it has reached."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is asked for, and how well.

    Attributes:
        top, bottom: how many of the largest and of the smallest eigenvalues.
        tol: residuals are to be at most tol · max(|value|, ‖A‖ / 10), and well within the margin where risk counts.
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
        runner_up: (n, p), the best direction outside the `top` ones, where a challenge has looked there.
    """

    values: Float[Tensor, "n k"]
    vectors: Float[Tensor, "n k p"]
    residuals: Float[Tensor, "n k"]
    failure_probability: Float[Tensor, " n"]
    outcomes: tuple[Outcome, ...]
    products: int
    space: Subspace
    runner_up: Float[Tensor, "n p"] | None = None


class _Counted:
    """The operator with its products counted and its failures noted: a row that gives nan counts as zero."""

    def __init__(self, multiply: Multiply, rows: int) -> None:
        self.multiply, self.products = multiply, 0
        self.broken: Bool[Tensor, " n"] = torch.zeros(rows, dtype=torch.bool)

    def __call__(self, block: Tensor) -> Tensor:
        self.products += block.shape[1]
        image = self.multiply(block)
        # The norm overflows before inner products do, which would end in an error of the eigenvalue routine.
        bad = ~torch.isfinite(image.norm(dim=-1)).all(dim=1)
        self.broken = self.broken.to(bad.device) | bad
        return image.masked_fill(self.broken[:, None, None], 0.0)


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
    runner_up: Tensor | None = None
    while True:
        growth, pairs, met, stalled = _converge(growth, counted, wanted, generator)
        if wanted.risk is None or not (stalled or bool(met.any())):
            break
        if growth.is_lanczos and wanted.top == 1 and wanted.bottom == 0:
            level = pairs.values[:, 0] + wanted.margin * pairs.scale
            chance = hidden_probability(growth.space, level, like.shape[-1], chance)
            missed = growth.following if bool((chance > wanted.risk).any()) and not stalled else None
        else:
            chance, missed, runner_up = _look(growth.space, counted, pairs, wanted, generator)
            growth = dataclasses.replace(growth, krylov=False)
        if missed is None or counted.products >= wanted.products:
            break
        growth = growth.extended(counted, missed, generator)
    broken = counted.broken
    outcomes = tuple(_outcome(bool(bad), bool(ok), stalled) for bad, ok in zip(broken, met, strict=True))
    values = pairs.values.masked_fill(broken[:, None], torch.nan)
    chance = chance.masked_fill(broken, 1.0)
    return Extremes(values, pairs.vectors, pairs.norms, chance, outcomes, counted.products, growth.space, runner_up)


@dataclasses.dataclass(frozen=True)
class _Growth:
    """A subspace, and whether it grows by the images of its last vector, from one random vector on."""

    space: Subspace
    krylov: bool

    @property
    def is_lanczos(self) -> bool:
        """Whether it still is the Krylov space of that vector, in every row."""
        return self.krylov and bool(self.space.pure.all())

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
        allowed = _allowed(pairs, wanted)
        unmet = pairs.norms > allowed
        unmet = unmet & ~multiply.broken[:, None]
        met = ~unmet.any(dim=1) & ~multiply.broken & (pairs.values.shape[1] == count)
        worst = (unmet * pairs.norms / allowed.clamp_min(torch.finfo(torch.float64).tiny)).amax().item()
        best, since = (worst, 0) if worst < 0.9 * best else (best, since + 1)
        stalled = growth.space.dimension == size or (since >= STALL and _near_rounding(pairs))
        done = bool((met | multiply.broken).all())
        if done or stalled or multiply.products >= wanted.products:
            return growth, pairs, met, stalled
        if growth.space.dimension >= _largest_basis(growth.space, count):
            growth = growth.shrunk(count + 4)
        residual = pick(pairs.residuals, unmet.double().argmax(dim=1))
        growth = growth.extended(multiply, growth.following if growth.krylov else residual, generator)


def _allowed(pairs: RitzPairs, wanted: Wanted) -> Float[Tensor, "n k"]:
    """The residuals asked for; where a challenge follows, small enough to leave it half of the margin."""
    allowed = wanted.tol * torch.maximum(pairs.values.abs(), pairs.scale[:, None] / 10)
    if wanted.risk is None:
        return allowed
    return torch.minimum(allowed, wanted.margin * pairs.scale[:, None] / (2 * math.sqrt(pairs.values.shape[1])))


def _look(
    space: Subspace, multiply: _Counted, pairs: RitzPairs, wanted: Wanted, generator: torch.Generator
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Challenge both ends as far as they are wanted.

    Returns:
        The chance of a miss, a direction that was missed, and the best one outside the largest.
    """
    n, _, size = space.basis.shape
    chance = torch.zeros(n, dtype=torch.float64, device=space.basis.device)
    if space.dimension >= size or wanted.risk is None:  # nothing is left to look at
        return chance, None, None
    # Rounding must not look like a discovery: adding it would change nothing, and so without end.
    rounding = 100 * torch.finfo(space.basis.dtype).eps * pairs.scale
    best: Tensor | None = None
    for sign, last in ((1.0, wanted.top - 1), (-1.0, wanted.top))[: 1 + (wanted.bottom > 0)]:
        left = wanted.products - multiply.products
        if left < 1:
            return torch.ones_like(chance), None, best
        value = sign * pairs.values[:, last]
        # By Weyl, leaving out vectors with residuals R hides at most ‖R‖ of an eigenvalue from the challenge.
        level = value + wanted.margin * pairs.scale - pairs.norms.norm(dim=1)
        tolerated = torch.maximum(wanted.tol * torch.maximum(value.abs(), pairs.scale / 10), rounding)
        found = challenge(
            lambda block, sign=sign: sign * multiply(block),
            pairs.vectors,
            torch.minimum(value + tolerated, level),
            level,
            risk=wanted.risk,
            generator=generator,
            most=min(MOST_LOOKING, left),
        )
        chance = torch.maximum(chance, found.failure_probability)
        best = found.vectors if best is None else best
        if bool(found.found.any()):
            return chance, found.vectors, best
    return chance, None, best


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
