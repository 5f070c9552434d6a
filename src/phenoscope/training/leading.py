"""Where the largest curvatures are, for rules and rates that see them."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.spectra.extremes import Wanted, extremes
from phenoscope.instruments.spectra.subspace import ritz
from phenoscope.training.sight import Memory, Operator, Sight

TOLERANCE = 1e-2
"""Of the residuals, relative to the eigenvalue; the space is then off by the angle TOLERANCE · λ / gap."""

GUARDS = 2
"""Vectors carried beyond those wanted, so that a curvature on its way up is seen before it arrives."""

LOOKS_EVERY = 20
"""Measurements from one random start that looks for larger curvatures to the next."""


def largest(matrix: Operator, points: Float[Tensor, "n p"]) -> Float[Tensor, " n"]:
    """The largest eigenvalue of each row's matrix, (n,) in float64, to about the precision of the points.

    Its error is the square of the residual over the gap, so the residual need be no smaller than the root of that.

    Raises:
        PhenoscopeError: it was not found to that precision.
    """
    wanted = Wanted(1, 0, tol=math.sqrt(torch.finfo(points.dtype).eps), risk=1e-3)
    found = extremes(matrix.multiply, points, wanted, torch.Generator().manual_seed(0))
    if Outcome.NOT_CONVERGED in found.outcomes:
        raise PhenoscopeError(
            f"the largest curvature at the start was not found in {found.products} products (residual "
            f"{found.residuals.max().item():.2g}), so no rate can be in units of it. Give the rate as a number."
        )
    return found.values[:, 0]


def nowhere(points: Float[Tensor, "n p"], k: int) -> Memory:
    """The memory of a space of k dimensions that has not been measured yet."""
    p = points.shape[1]
    if k >= p:
        raise BadInput(f"the space of the {k} largest curvatures needs more than {k} parameters, got {p}.")
    ages = points.new_zeros(len(points), 1, dtype=torch.float64)
    return {"space": points.new_zeros(len(points), min(k + GUARDS, p), p), "space age": ages}


def followed(sight: Sight, k: int, memory: Memory, every: int) -> Memory:
    """The space of the k largest curvatures: measured anew at every so many calls, else that of the last time.

    Age is counted in the memory, not by the step: a fork goes on with it.

    Returns:
        "space": (n, j, p), unit eigenvectors, guards behind the first k; "space age": (n, 1), calls so far.
    """
    age = int(memory["space age"].max())
    space, count = memory["space"], age // every
    if age % every == 0:
        _, space = leading(sight, k, space, tol=TOLERANCE, look=count % LOOKS_EVERY == 0, seed=count)
    return {"space": space, "space age": memory["space age"] + 1}


def leading(
    sight: Sight, k: int, last: Float[Tensor, "n j p"], *, tol: float, look: bool, seed: int
) -> tuple[Float[Tensor, "n k"], Float[Tensor, "n j p"]]:
    """The k largest curvatures in float64, and unit eigenvectors with guards behind, from those of the last time.

    Args:
        sight: the loss around the points.
        k: how many curvatures.
        last: the vectors of the last time, all 0 where there are none yet; as many come back, those missing are 0.
        tol: of the residuals, relative to the eigenvalue.
        look: whether a random start looks for larger curvatures; the first time one always does.
        seed: of the random start.
    """
    start = last if bool(last.any()) else None
    wanted = Wanted(k, 0, tol, risk=1e-2 if look or start is None else None)
    generator = torch.Generator().manual_seed(seed)
    found = extremes(sight.hessian().multiply, last[:, 0], wanted, generator, start=start)
    pairs = ritz(found.space, min(last.shape[1], found.space.dimension), 0)
    missing = last.new_zeros(len(last), last.shape[1] - pairs.vectors.shape[1], last.shape[2])
    return pairs.values[:, :k].double(), torch.cat([pairs.vectors, missing], dim=1)
