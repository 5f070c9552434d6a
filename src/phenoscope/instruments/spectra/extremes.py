"""Extreme eigenpairs of n operators at once, cold or warm, each with the evidence for it."""

import dataclasses
import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.spectra.challenge import End, challenge, hidden_probability, settled
from phenoscope.instruments.spectra.companions import Companions
from phenoscope.instruments.spectra.subspace import (
    Multiply,
    RitzPairs,
    Subspace,
    begin,
    extend,
    krylov_norms,
    lengthen,
    pick,
    random_like,
    restart,
    ritz,
)

STALL = 12
"""Expansions without progress after which a residual near rounding counts as the precision floor."""


EARLY = 2.0
"""How far above the tolerance a residual must be by a recurrence for nobody to look at the residual itself."""

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


@dataclasses.dataclass(frozen=True, eq=False)
class Extremes:
    """Eigenpairs of n operators.

    Attributes:
        values: (n, k) in float64, falling.
        vectors: (n, k, p), unit rows.
        residuals: (n, k), ‖A x - θ x‖.
        residual_vectors: (n, k, p), A x - θ x.
        failure_probability: (n,), the chance of a missed eigenvalue beyond the margin; 1 where nobody looked.
        outcomes: one an operator.
        products: used, per operator.
        space: the subspace at the end, from which a later measurement may start.
    """

    values: Float[Tensor, "n k"]
    vectors: Float[Tensor, "n k p"]
    residuals: Float[Tensor, "n k"]
    residual_vectors: Float[Tensor, "n k p"]
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
        # The norm overflows before inner products do, which would end in an error of the eigenvalue routine.
        bad = ~torch.isfinite(image.norm(dim=-1)).all(dim=1)
        self.broken = self.broken.to(bad.device) | bad
        return image.masked_fill(self.broken[:, None, None], 0.0) if bool(self.broken.any()) else image


def extremes(
    multiply: Multiply, like: Float[Tensor, "n p"], wanted: Wanted, generator: torch.Generator,
    *, start: Float[Tensor, "n k p"] | None = None, beside: Companions | None = None,
) -> Extremes:  # fmt: skip
    """The extreme eigenpairs of n symmetric operators.

    Without a start the subspace is the Krylov space of one random vector, and the iteration is Lanczos with full
    orthogonalisation; its residuals are tested at every step. With a start it is expanded by the first residual
    that is too large, corrected by what is known of the eigenvectors beside it (Davidson 1975). In both cases a random
    challenge looks for what the start may have missed.

    Args:
        multiply: products of a block (n, k, p).
        like: any tensor of the operators' rows, size, dtype and device.
        wanted: what is asked for.
        generator: of all random vectors.
        start: warm vectors.
        beside: approximate pairs beside the wanted ones, for directions only.
    """
    counted = _Counted(multiply, len(like))
    first = random_like(like, generator)[:, None] if start is None else start.to(like)
    growth = _Growth(begin(counted, first, generator), krylov=start is None)
    chance = torch.ones(len(like), dtype=torch.float64, device=like.device)
    while True:
        growth, pairs, met, stalled = _converge(growth, counted, wanted, generator, beside)
        if wanted.risk is None or not (stalled or bool(met.any())):
            break
        if growth.is_lanczos and wanted.top == 1 and wanted.bottom == 0:
            level = pairs.values[:, 0] + wanted.margin * pairs.scale
            chance = hidden_probability(growth.space, level, like.shape[-1], chance)
            goes_on = bool((chance > wanted.risk).any()) and not stalled and counted.products < wanted.products
            if goes_on:
                growth = growth.extended(counted, None, generator)
        else:
            chance, space, goes_on = _look(growth.space, counted, pairs, wanted, generator)
            growth = _Growth(space, krylov=False)
        if not goes_on:
            break
    broken = counted.broken
    unsure = torch.zeros_like(met) if wanted.risk is None else chance > wanted.risk
    each = zip(broken.tolist(), met.tolist(), unsure.tolist(), strict=True)
    outcomes = tuple(_outcome(broken=bad, met=ok, stalled=stalled, unsure=open_) for bad, ok, open_ in each)
    values = pairs.values.masked_fill(broken[:, None], torch.nan)
    chance = chance.masked_fill(broken, 1.0)
    return Extremes(
        values, pairs.vectors, pairs.norms, pairs.residuals, chance, outcomes, counted.products, growth.space
    )


@dataclasses.dataclass(frozen=True)
class _Growth:
    """A subspace, and whether it grows by the images of its last vector, from one random vector on."""

    space: Subspace
    krylov: bool

    @property
    def is_lanczos(self) -> bool:
        """Whether it still is the Krylov space of that vector, in every row."""
        return self.krylov and bool(self.space.pure.all())

    def extended(self, multiply: Multiply, direction: Tensor | None, generator: torch.Generator) -> "_Growth":
        """One vector more: along the direction, or, as a Krylov space, along the last vector's image."""
        if self.krylov or direction is None:
            return _Growth(lengthen(self.space, multiply, generator), self.krylov)
        return _Growth(extend(self.space, multiply, direction[:, None], generator), krylov=False)

    def shrunk(self, keep: int) -> "_Growth":
        return _Growth(restart(self.space, keep), krylov=False)


def _converge(
    growth: _Growth, multiply: _Counted, wanted: Wanted, generator: torch.Generator, beside: Companions | None
) -> tuple[_Growth, RitzPairs, Bool[Tensor, " n"], bool]:
    """Expand until every row's residuals are met, rounding stops them, or the products are used up.

    Returns:
        The growth, its pairs, which rows met the tolerance, and whether no further progress is possible.
    """
    size = growth.space.basis.shape[-1]
    count = min(wanted.top + wanted.bottom, size)
    best, since = float("inf"), 0
    while True:
        ratios, pairs = _against_allowed(growth, wanted)
        ratios = ratios.masked_fill(multiply.broken[:, None], 0.0)
        met = (ratios <= 1).all(dim=1) & ~multiply.broken & (ratios.shape[1] == count)
        worst = ratios.amax().item()
        best, since = (worst, 0) if worst < 0.9 * best else (best, since + 1)
        done = bool((met | multiply.broken).all())
        full = growth.space.dimension == size
        if done or full or since >= STALL or multiply.products >= wanted.products:
            pairs = pairs or ritz(growth.space, wanted.top, wanted.bottom)
            stalled = full or (since >= STALL and _near_rounding(pairs))
            if done or stalled or multiply.products >= wanted.products:
                return growth, pairs, met, stalled
        if growth.space.dimension >= _largest_basis(growth.space, count):
            pairs = pairs or ritz(growth.space, wanted.top, wanted.bottom)
            growth = growth.shrunk(count + 4)
        direction = None if pairs is None else _direction(pairs, _first_unmet(ratios), beside)
        growth = growth.extended(multiply, direction, generator)


def _against_allowed(growth: "_Growth", wanted: Wanted) -> tuple[Float[Tensor, "n k"], RitzPairs | None]:
    """The residuals over what is allowed, and the pairs, unless a Krylov space's recurrence shows that it is early."""
    space = growth.space
    if growth.is_lanczos:
        values, norms, scale = krylov_norms(space, wanted.top, wanted.bottom)
        ratios = norms / _allowed(values, scale, wanted)
        if bool((ratios > EARLY).any(dim=1).all()):
            return ratios, None
    pairs = ritz(space, wanted.top, wanted.bottom)
    return pairs.norms / _allowed(pairs.values, pairs.scale, wanted), pairs


def _direction(pairs: RitzPairs, which: Int[Tensor, " n"], beside: Companions | None) -> Float[Tensor, "n p"]:
    """Where to expand: along the residual of one pair of each row, or along what that says the vector lacks."""
    residual = pick(pairs.residuals, which)
    if beside is None:
        return residual
    value = pairs.values.gather(1, which[:, None])
    corrected = beside.correction(residual[:, None], value)[:, 0]
    return corrected if bool((value > 0).all()) else torch.where(value > 0, corrected, residual)


def _first_unmet(ratios: Float[Tensor, "n k"]) -> Int[Tensor, " n"]:
    return (ratios > 1).double().argmax(dim=1)


def _allowed(values: Float[Tensor, "n k"], scale: Float[Tensor, " n"], wanted: Wanted) -> Float[Tensor, "n k"]:
    """The residuals asked for; where a challenge follows, small enough to leave it half of the margin."""
    allowed = wanted.tol * torch.maximum(values.abs(), scale[:, None] / 10)
    if wanted.risk is not None:
        allowed = torch.minimum(allowed, wanted.margin * scale[:, None] / (2 * math.sqrt(values.shape[1])))
    return allowed.clamp_min(torch.finfo(torch.float64).tiny)


def _look(
    space: Subspace, multiply: _Counted, pairs: RitzPairs, wanted: Wanted, generator: torch.Generator
) -> tuple[Tensor, Subspace, bool]:
    """Challenge the ends that are wanted.

    Returns:
        The chance of a miss, the space with what the search went through, and whether something was found there.
    """
    chance, left = torch.ones_like(pairs.scale), wanted.products - multiply.products
    ends = _ends(pairs, wanted)
    if space.dimension >= space.basis.shape[2]:  # every eigenvalue is known
        all_values = torch.linalg.eigvalsh(space.matrix)
        missed = torch.stack([end.beyond(all_values) > end.beyond(pairs.values) for end in ends]).any(dim=0)
        return missed.double(), space, False
    if left < 1 or wanted.risk is None:
        return chance, space, False
    known, ends = settled(space, ends, wanted.top, wanted.bottom, wanted.margin * pairs.scale / 2)
    most = min(MOST_LOOKING, left)
    found = challenge(known, multiply, ends, risk=wanted.risk, generator=generator, most=most)
    return found.failure_probability, found.space, bool(found.found.any())


def _ends(pairs: RitzPairs, wanted: Wanted) -> list[End]:
    """Where an eigenvalue beyond those wanted would lie."""
    # Rounding must not look like a discovery: adding it would change nothing, and so without end.
    rounding = 100 * torch.finfo(pairs.vectors.dtype).eps * pairs.scale
    ends = []
    for sign, last in ((1.0, wanted.top - 1), (-1.0, wanted.top))[: 1 + (wanted.bottom > 0)]:
        value = sign * pairs.values[:, min(last, pairs.values.shape[1] - 1)]
        tolerated = torch.maximum(wanted.tol * torch.maximum(value.abs(), pairs.scale / 10), rounding)
        ends.append(End(sign, value + tolerated, value + wanted.margin * pairs.scale))
    return ends


def _near_rounding(pairs: RitzPairs) -> bool:
    """Whether the residuals are so small against ‖A‖ that rounding in the products may be what is left."""
    eps = torch.finfo(pairs.vectors.dtype).eps
    return bool((pairs.norms.amax(dim=1) <= 2e3 * eps * pairs.scale).all())


def _largest_basis(space: Subspace, count: int) -> int:
    """Vectors that fit in about a gigabyte, at least a few times as many as are wanted."""
    rows, _, size = space.basis.shape
    fits = 2**30 // (2 * rows * size * space.basis.element_size())
    return max(4 * count + 20, min(400, fits))


def _outcome(*, broken: bool, met: bool, stalled: bool, unsure: bool) -> Outcome:
    if broken:
        return Outcome.NOT_FINITE
    if met:
        return Outcome.UNSURE if unsure else Outcome.CONVERGED
    return Outcome.PRECISION_FLOOR if stalled else Outcome.NOT_CONVERGED
