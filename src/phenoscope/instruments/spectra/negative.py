"""How many directions of the loss bend down?"""

import dataclasses
import math

from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.density import Density

BELOW = 0.01
"""An eigenvalue counts as negative once it is below zero by this much of the largest size there is: the flat directions
of a network have eigenvalues of either sign that are rounding."""


@dataclasses.dataclass(frozen=True)
class NegativeShare(Reading):
    """The share of eigenvalues that are clearly negative.

    Attributes:
        value: the share of all eigenvalues below -1 % of the largest size.
        standard_error: of the value: the spread over the random probes, and half the distance of the bounds.
        least, most: the bounds that the density's steps put on it, whatever the spectrum.
        size: how many eigenvalues there are.
        products: operator products used.
        outcome: whether the standard error met the tolerance.
    """

    value: float
    standard_error: float
    least: float
    most: float
    size: int
    products: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        told = f"standard error {self.standard_error:.1e}; {self.outcome}, {self.products} products"
        told = f"{told}; its steps leave {self.least:.2g} to {self.most:.2g}"
        return f"{told}; below -{BELOW:.0%} of the largest of {self.size:,}"


def negative_share(found: Density, tol: float = 0.05) -> NegativeShare:
    """The share of eigenvalues below -1 % of the largest size, from a density.

    Dimensionless. Source: Sagun et al. 2017, arXiv:1706.04454, count them; the margin is a choice made here.

    Args:
        found: the density, whose probes and steps decide how well the share is known.
        tol: what the standard error is to be at most.

    Example:
        >>> import torch
        >>> from phenoscope.instruments import density
        >>> from phenoscope.objective import Matrix
        >>> matrix = Matrix(torch.diag(torch.cat([torch.ones(75), -torch.ones(25)])))
        >>> round(negative_share(density(matrix, steps=3, probes=100, tol=0)).value, 2)
        0.25
    """
    size = float(found.nodes.abs().max())
    if found.outcome is Outcome.NOT_FINITE:
        return NegativeShare(math.nan, math.nan, math.nan, math.nan, found.size, found.products, found.outcome)
    share = found.share(high=-BELOW * size)
    outcome = Outcome.CONVERGED if share.standard_error <= tol else Outcome.NOT_CONVERGED
    bounds = (share.least, share.most)
    return NegativeShare(share.value, share.standard_error, *bounds, found.size, found.products, outcome)
