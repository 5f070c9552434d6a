"""How a measurement ended: part of every reading, never an exception."""

import enum


class Outcome(enum.Enum):
    """The ways an iterative measurement ends; each value is the sentence shown to a person."""

    CONVERGED = "converged: the residual meets the tolerance"
    NOT_CONVERGED = "not converged: the products allowed were used up before the residual met the tolerance"
    PRECISION_FLOOR = "precision floor: rounding stopped the residual above the tolerance; use float64 to go further"
    UNDETERMINED = "undetermined: the value lies within its own error of having no meaning; its parts say why"
    UNSURE = "unsure: the residuals meet the tolerance, but the chance of a missed eigenvalue is above the risk asked"
    NOT_LINEAR = "not linear: the product with a sum of vectors is not the sum of theirs; it is random, or no matrix"
    NOT_SYMMETRIC = (
        "not symmetric: x·Ay and y·Ax differ, so it is no curvature; traces (but for XTrace) and diagonals hold with "
        "their errors, eigenvalues, norms and densities do not. Measure (A + Aᵀ)/2 for these"
    )
    NOT_FINITE = "not finite: a product came back as nan or infinity"
    UNDEFINED = "undefined: the gradient is zero, or the direction does not go down, so there is nothing to measure"
    DEGENERATE = "degenerate: the next eigenvalue lies too near for this one to have a derivative of its own"

    def __str__(self) -> str:
        return self.value.split(":")[0]
