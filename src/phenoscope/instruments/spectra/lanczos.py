"""Lanczos iterations of random signs, a few at a time: what the quadratures of a matrix are made of."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.instruments.spectra.subspace import outside
from phenoscope.objective import Operator

GROUP_BYTES = 2**26
"""Of the bases of the probes that are multiplied together: 64 MiB. Those that follow take their places; memory that is
new to the process has to be prepared by the system first."""

SETTLING, STRIDE = 16, 8
"""Steps before the first look at what more of them would change, and from one look to the next."""

Enough = Callable[[Tensor, Tensor], bool]
"""Whether diagonals and what is below them, (k, m) each, are enough."""


def lanczos(
    matrix: Operator, probes: int, steps: int, generator: torch.Generator,
    *, together: int | None = None, settled: Enough | None = None, enough: Enough | None = None,
) -> tuple[Float[Tensor, "k m"], Float[Tensor, "k m"]]:  # fmt: skip
    """The Jacobi matrices (diagonal, and below it) of random sign vectors; β = 0 ends one early.

    Args:
        matrix: of one row.
        probes: how many, at most; fewer if one is not finite.
        steps: of each, at most.
        generator: of the signs.
        together: how many are multiplied together at most, and looked at by `enough`.
        settled: looks now and then at the matrices of the first, and ends all at that step as soon as it is content.
        enough: looks at the matrices of all that are done, and lets no others begin once it is content.
    """
    fits = GROUP_BYTES // (steps * matrix.size * matrix.dtype.itemsize)
    together = max(1, min(together or probes, probes, fits))
    room = torch.empty(together, steps, matrix.size, dtype=matrix.dtype, device=matrix.device)
    alphas, betas = _iterated(matrix, room, generator, settled)
    while len(alphas) < probes and finite(alphas, betas) and not (enough and enough(alphas, betas)):
        alpha, beta = _iterated(matrix, room[: probes - len(alphas), : alphas.shape[1]], generator, None)
        alphas, betas = torch.cat([alphas, alpha]), torch.cat([betas, beta])
    return alphas, betas


def _iterated(
    matrix: Operator, basis: Float[Tensor, "k m p"], generator: torch.Generator, settled: Enough | None
) -> tuple[Float[Tensor, "k done"], Float[Tensor, "k done"]]:
    """The Jacobi matrices of as many vectors and steps as there is room for; the basis is written over."""
    count, steps, size = basis.shape
    signs = torch.randint(2, (count, size), generator=generator, device=generator.device, dtype=torch.int8)
    basis[:, 0] = (signs.to(matrix.device, matrix.dtype) * 2 - 1) / math.sqrt(size)
    alpha, beta = (torch.zeros(count, steps, dtype=torch.float64) for _ in range(2))
    done = 0
    for step in range(steps):
        vector, done = basis[:, step], step + 1
        image = matrix.multiply(vector[None])[0]
        alpha[:, step] = _inner(image, vector).cpu()
        looks = done >= SETTLING and (done - SETTLING) % STRIDE == 0
        if done == steps or (settled is not None and looks and settled(alpha[:, :done], beta[:, :done])):
            break
        # Along the last two vectors nearly all is taken away; the pass over all of them is then the second one.
        near = torch.addcmul(image, alpha[:, step, None].to(image), vector, value=-1)
        if step:
            near.addcmul_(beta[:, step - 1, None].to(image), basis[:, step - 1], value=-1)
        unit, alive = outside(near, basis[:, :done], length=image.norm(dim=1, keepdim=True))
        # A finished iteration goes on with zeros, which take no weight.
        basis[:, done] = unit if bool(alive.all()) else torch.where(alive[:, None], unit, 0.0)
        beta[:, step] = _inner(image, basis[:, done]).cpu()
    return alpha[:, :done], beta[:, :done]


def _inner(left: Float[Tensor, "k p"], right: Float[Tensor, "k p"]) -> Float[Tensor, " k"]:
    """Inner products of rows, in float64."""
    return (left * right).sum(dim=1, dtype=torch.float64)


def finite(alphas: Tensor, betas: Tensor) -> bool:
    """Whether all numbers of some Jacobi matrices are."""
    return bool(torch.isfinite(alphas).all() and torch.isfinite(betas).all())
