"""The curvature matrices of one network, each made once, and what has been measured of them so far."""

from collections.abc import Callable
from typing import Literal, cast

import torch
from torch import Tensor

from phenoscope.core.seeds import seeded
from phenoscope.instruments.gradients.outliers import Outliers, most_outliers, outliers
from phenoscope.instruments.spectra.density import density
from phenoscope.instruments.spectra.gram import GramSpectrum, Made, spectrum_of
from phenoscope.instruments.spectra.spectrum import Eigenpair, Eigenpairs, End, eigenvalues
from phenoscope.instruments.spectra.spread import Spread, spread
from phenoscope.instruments.traces.diagonal import Diagonal, DiagonalRequest, diagonal_of
from phenoscope.instruments.traces.norm import FrobeniusNorm, frobenius_norm
from phenoscope.instruments.traces.trace import Request, Trace, trace_of
from phenoscope.objective import Objective, Operator
from phenoscope.objective.operators import KINDS

MOST = 1000
"""Products that a trace or a diagonal may take."""


class Curvatures:
    """Matrices by name, plain or as an optimizer meets them.

    Args:
        make: a matrix, given its name.
        objective: whose matrices they are.
        divided: whether they are as an optimizer meets them, and no longer those of the objective itself.
    """

    def __init__(self, make: Callable[[str], Operator], objective: Objective, *, divided: bool = False) -> None:
        self._make, self._objective, self._divided = make, objective, divided
        self._matrices: dict[str, Operator] = {}
        self._extremes: dict[tuple[str, str], Eigenpair] = {}

    def operator(self, which: str) -> Operator:
        """The matrix of that name."""
        if which not in self._matrices:
            self._matrices[which] = self._make(which)
        return self._matrices[which]

    def extreme(self, which: str, end: Literal["largest", "smallest"], generator: torch.Generator | None) -> Eigenpair:
        """The largest or the smallest eigenvalue, measured once; its vector is then known."""
        if (which, end) not in self._extremes:
            self._extremes[which, end] = eigenvalues(self.operator(which), 1, end, generator=generator).first
        return self._extremes[which, end]

    def eigenvalues(self, which: str, k: int, end: End, generator: torch.Generator | None) -> Eigenpairs:
        """So many extreme eigenvalues, at each end that is asked for."""
        return eigenvalues(self.operator(which), k, end, generator=generator)

    def known(self, which: str) -> Tensor | None:
        """The eigenvectors measured so far, which a trace need not leave to chance."""
        found = [pair for (of, _), pair in self._extremes.items() if of == which]
        vectors = [pair.vector for pair in found if bool(torch.isfinite(pair.value))]
        return torch.stack(vectors, dim=1) if 0 < len(vectors) < len(vectors[0]) else None

    def trace(self, which: str, tol: float, generator: torch.Generator | None) -> Trace:
        """A trace, for which the matrix is made only if its products are needed; known vectors are deflated then."""
        asked = Request(tol, which, "auto", None, self.known(which), MOST, seeded(generator))
        return trace_of(self._by_layers(which), lambda: self.operator(which), asked)

    def diagonal(self, which: str, tol: float, generator: torch.Generator | None) -> Diagonal:
        """All diagonal entries; the matrix is made only if its products are needed."""
        asked = DiagonalRequest(tol, which, "auto", None, MOST, seeded(generator))
        return diagonal_of(self._by_layers(which), lambda: self.operator(which), asked)

    def spectrum(self, which: str) -> GramSpectrum:
        """All eigenvalues of a matrix made of gradients, by inner products between examples."""
        return spectrum_of(self._objective, cast(Made, which), lambda: self.operator(which))

    def outliers(self, which: str, generator: torch.Generator | None) -> Outliers:
        """How many eigenvalues stand out from the bulk of them."""
        return outliers(self.operator(which), most_outliers(self._objective), generator=generator)

    def frobenius_norm(self, which: str, tol: float, generator: torch.Generator | None) -> FrobeniusNorm:
        """The norm of the whole; known vectors are deflated."""
        return frobenius_norm(self.operator(which), tol, deflate=self.known(which), generator=generator)

    def density(self, which: str, generator: torch.Generator | None) -> Spread:
        """How all eigenvalues are spread."""
        matrix = self.operator(which)
        return spread(density(matrix, fewest=3, generator=generator), rounding=matrix.rounding)

    def _by_layers(self, which: str) -> Objective | None:
        """Where the rules of layers serve: for the plain matrices of the objective."""
        return self._objective if which in KINDS and not self._divided else None
