"""What is measured of every curvature matrix: its ends, trace, norm and diagonal, and how its eigenvalues spread."""

import dataclasses
from collections.abc import Callable
from typing import Literal, get_args

import torch

from phenoscope.instruments.bench import Bench
from phenoscope.instruments.curvatures import Curvatures
from phenoscope.instruments.instrument import CURVATURE, Instrument
from phenoscope.instruments.own import OWN
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.gram import Made
from phenoscope.instruments.spectra.spectrum import End, eigenvalue_names
from phenoscope.instruments.spectra.spread import LEVELS

TRACE_TOLERANCE = 0.1
"""Of the traces of a panel: where eigenvalues cancel, it takes 200 probes; half of it would take 800."""
DIAGONAL_TOLERANCE = 0.1
"""Of the diagonals of a panel, of their norm."""
EIGENVALUES = 5
"""How many are measured unless a number is said; fewer where there are not so many."""
SQUARED = "(loss per parameter)²"
"""Of what is made of squares of gradients."""
EFFECTIVE_UNITS = {CURVATURE: "1 per parameter", SQUARED: "loss per parameter"}
"""Of the same after an optimizer has divided it by what it divides its steps by: a gradient's unit."""

Of = Callable[[Curvatures, torch.Generator | None], Reading]
"""Reads something of one of the matrices."""


@dataclasses.dataclass(frozen=True)
class Matrix:
    """A row of the table.

    Attributes:
        which: its name among the operators of an objective, or among those of one's own.
        says: what it is.
        unit: of its eigenvalues.
        prefix: before the names of its instruments.
        largest: what follows it in the name of the largest eigenvalue.
        ends: which ends of its spectrum are of interest: that of a sum of squares begins at 0.
    """

    which: str
    says: str
    unit: str = CURVATURE
    prefix: str = ""
    largest: str = "sharpness"
    ends: Literal["largest", "both"] = "largest"

    def instruments(self) -> dict[str, Instrument]:
        """All of this matrix by name, in the order in which they serve each other: known eigenvectors come first."""
        which, prefix, says = self.which, self.prefix, self.says
        found = {
            self.largest: self._of(f"largest eigenvalue of the {says}", lambda m, g: m.extreme(which, "largest", g))
        }
        if self.ends == "both":
            found["smallest_eigenvalue"] = self._of(
                f"smallest (most negative) eigenvalue of the {says}", lambda m, g: m.extreme(which, "smallest", g)
            )
        found |= {
            "eigenvalues": self._eigenvalues(None),
            "trace": self._of(f"trace of the {says}", lambda m, g: m.trace(which, TRACE_TOLERANCE, g), hessian=False),
            "frobenius_norm": self._of(
                f"Frobenius norm of the {says}", lambda m, g: m.frobenius_norm(which, TRACE_TOLERANCE, g)
            ),
            "diagonal": self._of(
                f"diagonal of the {says}",
                lambda m, g: m.diagonal(which, DIAGONAL_TOLERANCE, g),
                further=("smallest", "largest"),
                hessian=False,
            ),
            "density": self._of(
                f"spectral density of the {says}",
                lambda m, g: m.density(which, g),
                further=tuple(LEVELS),
            ),
            "outliers": self._of(
                f"eigenvalues of the {says} above the widest gap", lambda m, g: m.outliers(which, g), unit="eigenvalues"
            ),
        }
        if which in get_args(Made):
            exact = f"all eigenvalues of the {says}, exactly; the largest"
            found["spectrum"] = Instrument(exact, self.unit, lambda bench, _: bench.plain.spectrum(which))
        return {f"{prefix}{name}": instrument for name, instrument in found.items()}

    def unit_of(self, effective: bool) -> str:
        """Of the eigenvalues, or of what they are after an optimizer's division."""
        return EFFECTIVE_UNITS.get(self.unit, f"{self.unit} / (loss per parameter)") if effective else self.unit

    def _of(
        self, says: str, read: Of, *, hessian: bool = True, further: tuple[str, ...] = (), unit: str | None = None
    ) -> Instrument:
        """An instrument of the plain matrix, which knows that of the effective one."""

        def plain(bench: Bench, generator: torch.Generator | None) -> Reading:
            return read(bench.plain, generator)

        def effective(bench: Bench, generator: torch.Generator | None) -> Reading:
            return read(bench.effective, generator)

        asks = self.which == "hessian"
        told = f"{says}, as the optimizer meets it"
        after = Instrument(told, unit or self.unit_of(True), effective, hessian=asks, further=further)
        return Instrument(says, unit or self.unit, plain, hessian=asks and hessian, further=further, effective=after)

    def _eigenvalues(self, count: int | None) -> Instrument:
        """So many of the extreme eigenvalues, at each end of interest."""
        ends: End = self.ends
        sides = 2 if ends == "both" else 1

        def read(matrices: Curvatures, generator: torch.Generator | None) -> Reading:
            most = max(1, matrices.operator(self.which).size // sides)
            return matrices.eigenvalues(self.which, min(EIGENVALUES, most) if count is None else count, ends, generator)

        k = EIGENVALUES if count is None else count
        sided = f"{k} largest and {k} smallest" if ends == "both" else f"{k} largest"
        says = f"{sided} eigenvalues of the {self.says}"
        further = tuple(eigenvalue_names(sides * k, ends)[1:])
        made = self._of(says, read, further=further)
        return made if count is not None else dataclasses.replace(made, counted=self._eigenvalues)


HESSIAN = Matrix("hessian", "Hessian", ends="both")
OTHERS = (
    Matrix("gauss_newton", "Gauss-Newton matrix", prefix="gauss_newton_"),
    Matrix("fisher", "Fisher matrix of the model's own predictions", prefix="fisher_"),
    Matrix(
        "empirical_fisher",
        "empirical Fisher matrix, mean square of examples' gradients",
        SQUARED,
        prefix="empirical_fisher_",
    ),
    Matrix(
        "gradient_covariance",
        "covariance of single examples' gradients",
        SQUARED,
        prefix="gradient_covariance_",
        largest="eigenvalue",
    ),
)

MATRICES = {matrix.which: matrix for matrix in (HESSIAN, *OTHERS)}

OF_HESSIAN: dict[str, Instrument] = HESSIAN.instruments()
OF_OTHERS: dict[str, Instrument] = {name: made for matrix in OTHERS for name, made in matrix.instruments().items()}


def matrix_named(which: str) -> Matrix | None:
    """The row of a matrix, also of one's own; `None` where there is none of that name."""
    own = OWN.get(which)
    if own is None:
        return MATRICES.get(which)
    return Matrix(which, own.says, own.unit, f"{which}_", "largest_eigenvalue", ends="both")


def of_own() -> dict[str, Instrument]:
    """The instruments of all matrices of one's own that have been named."""
    rows = [matrix_named(which) for which in OWN]
    return {name: made for row in rows if row is not None for name, made in row.instruments().items()}
