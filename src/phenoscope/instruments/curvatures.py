"""The curvature matrices of one network, each made once, and what has been measured of them so far."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from phenoscope.core.seeds import seeded
from phenoscope.instruments.spectra.density import density
from phenoscope.instruments.spectra.spectrum import Eigenpair, Eigenpairs, End, eigenvalues
from phenoscope.instruments.spectra.spread import Spread, spread
from phenoscope.instruments.traces.diagonal import Diagonal, DiagonalRequest, diagonal_of
from phenoscope.instruments.traces.norm import FrobeniusNorm, frobenius_norm
from phenoscope.instruments.traces.trace import Request, Trace, trace_of
from phenoscope.objective import Objective, Operator, Which

MOST = 1000
"""Products that a trace or a diagonal may take."""


class Curvatures:
    """Matrices by name, plain or as an optimizer meets them.

    Args:
        make: a matrix, given its name.
        objective: whose plain matrices they are, for what can be had layer by layer; `None` where they are not.
    """

    def __init__(self, make: Callable[[Which], Operator], objective: Objective | None = None) -> None:
        self._make, self._objective = make, objective
        self._matrices: dict[Which, Operator] = {}
        self._extremes: dict[tuple[Which, str], Eigenpair] = {}

    def operator(self, which: Which) -> Operator:
        """The matrix of that name."""
        if which not in self._matrices:
            self._matrices[which] = self._make(which)
        return self._matrices[which]

    def extreme(
        self, which: Which, end: Literal["largest", "smallest"], generator: torch.Generator | None
    ) -> Eigenpair:
        """The largest or the smallest eigenvalue, measured once; its vector is then known."""
        if (which, end) not in self._extremes:
            self._extremes[which, end] = eigenvalues(self.operator(which), 1, end, generator=generator).first
        return self._extremes[which, end]

    def eigenvalues(self, which: Which, k: int, end: End, generator: torch.Generator | None) -> Eigenpairs:
        """So many extreme eigenvalues, at each end that is asked for."""
        return eigenvalues(self.operator(which), k, end, generator=generator)

    def known(self, which: Which) -> Tensor | None:
        """The eigenvectors measured so far, which a trace need not leave to chance."""
        found = [pair for (of, _), pair in self._extremes.items() if of == which]
        vectors = [pair.vector for pair in found if bool(torch.isfinite(pair.value))]
        return torch.stack(vectors, dim=1) if 0 < len(vectors) < len(vectors[0]) else None

    def trace(self, which: Which, tol: float, generator: torch.Generator | None) -> Trace:
        """A trace, for which the matrix is made only if its products are needed; known vectors are deflated then."""
        asked = Request(tol, which, "auto", None, self.known(which), MOST, seeded(generator))
        return trace_of(self._objective, lambda: self.operator(which), asked)

    def diagonal(self, which: Which, tol: float, generator: torch.Generator | None) -> Diagonal:
        """All diagonal entries; the matrix is made only if its products are needed."""
        asked = DiagonalRequest(tol, which, "auto", None, MOST, seeded(generator))
        return diagonal_of(self._objective, lambda: self.operator(which), asked)

    def frobenius_norm(self, which: Which, tol: float, generator: torch.Generator | None) -> FrobeniusNorm:
        """The norm of the whole; known vectors are deflated."""
        return frobenius_norm(self.operator(which), tol, deflate=self.known(which), generator=generator)

    def density(self, which: Which, generator: torch.Generator | None) -> Spread:
        """How all eigenvalues are spread."""
        matrix = self.operator(which)
        return spread(density(matrix, fewest=3, generator=generator), rounding=torch.finfo(matrix.dtype).eps)
