"""What do a few Lanczos steps say of a spectral measure? Gauss's quadrature, and bounds on the mass below a point."""

import math

import numpy as np
import torch
from jaxtyping import Float
from scipy.linalg import eigh_tridiagonal
from scipy.stats import norm
from scipy.stats import t as students_t
from torch import Tensor


def quadrature(
    alpha: Float[Tensor, "k m"], beta: Float[Tensor, "k m"], steps: int
) -> tuple[Float[Tensor, "k steps"], Float[Tensor, "k steps"]]:
    """Nodes and weights of the Jacobi matrices' first so many steps.

    They are solved as the tridiagonal matrices that they are: dense ones of this size take twice as long, and ten times
    where several threads share them.
    """
    found = [
        eigh_tridiagonal(diagonal[:steps], below[: steps - 1])
        for diagonal, below in zip(alpha.numpy(), beta.numpy(), strict=True)
    ]
    nodes, vectors = (torch.from_numpy(np.stack(part)) for part in zip(*found, strict=True))
    return nodes, vectors[:, 0].square()


def mass_below(alpha: Float[Tensor, "k m"], beta: Float[Tensor, "k m"], point: float) -> Float[Tensor, "2 k"]:
    """The least and the most mass that a measure with these Jacobi matrices may have below a point, or up to it.

    The inequalities of Chebyshev, Markov and Stieltjes: of all measures with the same first moments, the quadrature
    with a node at the point (Gauss and Radau's; Golub 1973, "Some modified matrix eigenvalue problems", SIAM Review 15)
    has the least mass before it and the most up to it (Akhiezer 1965, The classical moment problem). Between
    eigenvalues that the iteration has resolved both are the same.
    """
    if math.isinf(point):
        return torch.full((2, len(alpha)), float(point > 0), dtype=alpha.dtype)
    steps = alpha.shape[1]
    pivot = torch.full_like(alpha[:, 0], math.inf)
    last = torch.full_like(pivot, point)
    for step in range(steps - 1):
        pivot = alpha[:, step] - point - (beta[:, step - 1].square() / pivot if step else 0.0)
        pivot = torch.where(pivot.abs() < TINY, TINY, pivot)
        last = point + beta[:, step].square() / pivot
    nodes, weights = quadrature(torch.cat([alpha[:, : steps - 1], last[:, None]], dim=1), beta, steps)
    own = (nodes - point).abs().argmin(dim=1, keepdim=True)
    up_to = weights.cumsum(dim=1).gather(1, own)[:, 0]
    return torch.stack([up_to - weights.gather(1, own)[:, 0], up_to])


TINY = 1e-150
"""In place of a pivot of 0, which stands for a node at infinity."""


def widening(count: int) -> float:
    """How much further than with many draws an error seen in so few has to reach for 95 %, by Student's law."""
    return float(students_t.ppf(0.975, count - 1) / norm.ppf(0.975))
