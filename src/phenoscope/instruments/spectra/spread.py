"""How large are the curvatures of all directions, and below which size lie how many? A density in a few numbers."""

import bisect
import dataclasses
import math

import torch

from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.density import SIGMAS, Density
from phenoscope.instruments.spectra.quadrature import widening

LEVELS = {"5th percentile": 0.05, "median": 0.5, "95th percentile": 0.95}
"""Shares of the eigenvalues, and what the eigenvalue that bounds such a share is called."""
BEYOND = 0.1
"""How far beyond a node its weight is looked for, of the density's width: a thousandth of the spectrum's range."""


@dataclasses.dataclass(frozen=True)
class Percentile:
    """The curvature below which a share of the eigenvalues lies.

    Attributes:
        value: among those that the probes have seen.
        standard_error: of the value: from the bounds that the probes' steps leave, and the spread over probes.
    """

    value: float
    standard_error: float


@dataclasses.dataclass(frozen=True)
class Spread(Reading):
    """How the eigenvalues are spread; as one number, their root mean square √(Σ λ²/p).

    Of all single numbers of a density that one is a size of curvature, whatever the signs: the mean cancels, the median
    is next to 0 in most networks, and the ends are the extreme eigenvalues, which are measured better alone. Two steps
    of each probe make it exact for that probe, so what it is off by is the spread over probes.

    Attributes:
        value: √(Σ λ²/p), in the units of the operator: its Frobenius norm over √p.
        standard_error: of the value, over the probes, the wider the fewer they are; no less than the rounding.
        percentiles: the 5th, the median and the 95th, with their errors, by name.
        density: all there is: the smoothed density with its error band, and the unsmoothed nodes and weights.
        products: operator products used.
        outcome: whether the density met its tolerance.
    """

    value: float
    standard_error: float
    percentiles: dict[str, Percentile]
    density: Density
    products: int
    outcome: Outcome

    @property
    def title(self) -> str:
        return "root mean square of the eigenvalues"

    @property
    def further(self) -> dict[str, tuple[float, float]]:
        return {name: (found.value, found.standard_error) for name, found in self.percentiles.items()}

    @property
    def evidence(self) -> str:
        low, half, high = (f"{at.value:.2g} ± {SIGMAS * at.standard_error:.1g}" for at in self.percentiles.values())
        seen = self.density.nodes
        drawn = "exact" if self.density.exact else f"{len(seen)} probes"
        return (
            f"root mean square, standard error {self.standard_error:.2g}; 5 % below {low}, half below {half}, 95 % "
            f"below {high}, of {self.density.size:,} from {float(seen.min()):.3g} to {float(seen.max()):.3g}; "
            f"{self.outcome}, {drawn}, {self.products} products"
        )


def spread(found: Density, *, rounding: float = 0.0) -> Spread:
    """Root mean square and percentiles of the eigenvalues, from a density; in its units of curvature.

    Source: Ubaru, Chen, Saad 2017, Fast estimation of tr(f(A)) via stochastic Lanczos quadrature, for the mean square.

    Args:
        found: the density, whose probes and steps decide how well they are known.
        rounding: of the products, relative: no error is said to be below it.

    Example:
        >>> import torch
        >>> from phenoscope.instruments import density
        >>> from phenoscope.objective import Matrix
        >>> matrix = Matrix(torch.diag(torch.cat([torch.zeros(90), torch.ones(10)])))
        >>> made = spread(density(matrix, steps=10))
        >>> round(made.value, 4), round(made.percentiles["95th percentile"].value, 4)  # √0.1
        (0.3162, 1.0)
    """
    if found.outcome is Outcome.NOT_FINITE:
        nothing = dict.fromkeys(LEVELS, Percentile(math.nan, math.nan))
        return Spread(math.nan, math.nan, nothing, found, found.products, found.outcome)
    squares = (found.weights * found.nodes.square()).sum(dim=1)
    value, probes = math.sqrt(float(squares.mean())), len(squares)
    over_probes = 0.0 if found.exact else widening(probes) * float(squares.std()) / math.sqrt(probes)
    error = over_probes / (2 * value) if value > 0 else 0.0
    floor = rounding * math.sqrt(found.size) * float(found.nodes.abs().max())
    percentiles = {name: _percentile(found, level, floor) for name, level in LEVELS.items()}
    return Spread(value, max(error, rounding * value), percentiles, found, found.products, found.outcome)


def _percentile(found: Density, level: float, floor: float) -> Percentile:
    """Where the quadrature's share of eigenvalues below passes a level, and between which places it must pass it.

    No error is said to be below the floor.
    """
    nodes, order = found.nodes.flatten().sort()
    below = found.weights.flatten()[order].cumsum(0) / len(found.nodes)
    value = float(nodes[min(int((below < level).sum()), len(nodes) - 1)])
    # Up to a node the share may be anything that its weight allows; a little beyond it, much less.
    places = torch.cat([nodes, nodes + found.width * BEYOND]).unique().tolist()

    def first(sign: float) -> float:
        """The first place up to which the share has reached the level, at most (1) or at least (-1)."""

        def share(place: float) -> float:
            below = found.share(high=place)
            return below.value + sign * SIGMAS * below.standard_error

        return places[min(bisect.bisect_left(places, level, key=share), len(places) - 1)]

    return Percentile(value, max((value - first(1.0)) / SIGMAS, (first(-1.0) - value) / SIGMAS, floor))
