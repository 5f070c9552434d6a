"""Does the space of the largest curvatures stay where it is, and how well is such a space known at all?"""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.spectrum import Eigenpairs, vectors_of


@dataclasses.dataclass(frozen=True)
class EigenspaceOverlap(Reading):
    """The overlap of two k-dimensional subspaces.

    Attributes:
        value: tr(P₁P₂)/k, from 0 (at right angles) to 1 (the same).
        residual: the overlap of the exact eigenspaces lies at most this far from the value.
        random: k/p, what two random subspaces have on average.
        k: their dimension.
        outcome: undetermined where no gap below the k-th eigenvalue, or none that is known, holds a space in place.
    """

    value: float
    residual: float
    random: float
    k: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        held = f"off by at most {self.residual:.1e}" if self.outcome is not Outcome.UNDETERMINED else NO_GAP
        return f"{held}; {self.outcome}, {self.k} dimensions, random ones have {self.random:.1e}"


NO_GAP = "no gap below the last eigenvalue is known that holds the space in place"


def eigenspace_overlap(
    first: Eigenpairs | Tensor, second: Eigenpairs | Tensor, k: int | None = None
) -> EigenspaceOverlap:
    r"""The overlap $\mathrm{tr}(P_1 P_2)/k$ of the spaces of the k largest eigenvalues at two points.

    P₁ and P₂ are the orthogonal projections, so that it is the mean squared cosine of the principal angles
    (Gur-Ari, Roberts, Dyer 2018, arXiv:1812.04754, eq. 5). Dimensionless.

    An eigenspace is only as well known as its gap allows: by Davis and Kahan (1970) the computed one is off by an angle
    of sine at most ‖R‖/δ, R the residuals, δ the distance from the k-th eigenvalue to the next. So measure one pair
    more than k, which tells the gap; without it the error is not known. It also supposes that no eigenvalue was missed.

    Args:
        first: eigenpairs at one point; or columns (p, j) that span a space that is known exactly.
        second: at the other.
        k: the dimension; all that there is unless given.

    Raises:
        BadInput: spaces of different networks, fewer than k vectors, eigenpairs of both ends of the spectrum.

    Example:
        >>> axes = torch.eye(4)
        >>> eigenspace_overlap(axes[:, :2], axes[:, 1:3]).value
        0.5
    """
    counts = [_vectors(space).shape[1] for space in (first, second)]
    k = min(counts) if k is None else k
    sizes = [_vectors(space).shape[0] for space in (first, second)]
    if not 1 <= k <= min(counts) or sizes[0] != sizes[1]:
        raise BadInput(
            f"the overlap of {k}-dimensional spaces needs as many vectors of one size, got {counts[0]} of size "
            f"{sizes[0]} and {counts[1]} of size {sizes[1]}."
        )
    bases = [torch.linalg.qr(_vectors(space)[:, :k].double()).Q for space in (first, second)]
    value = (bases[0].mT @ bases[1]).square().sum().item() / k
    if not math.isfinite(value):
        return EigenspaceOverlap(math.nan, math.nan, k / sizes[0], k, Outcome.NOT_FINITE)
    value = min(1.0, value)  # but for rounding
    outcomes = [space.outcome for space in (first, second) if isinstance(space, Eigenpairs) and not space.converged]
    residual = sum(slant(space, k) for space in (first, second))
    widest = max(value, 1 - value)
    outcome = Outcome.UNDETERMINED if residual >= widest else (*outcomes, Outcome.CONVERGED)[0]
    return EigenspaceOverlap(value, min(residual, widest), k / sizes[0], k, outcome)


def slant(space: Eigenpairs | Tensor, k: int) -> float:
    """The sine of the largest angle between the space of the first k vectors and the eigenspace it stands for, at most.

    Infinite where no gap is known; for given columns it is the rounding alone.
    """
    vectors = _vectors(space)
    rounding = 4 * torch.finfo(vectors.dtype).eps * math.sqrt(k)
    if not isinstance(space, Eigenpairs) or k == len(vectors):
        return rounding
    if space.which == "both":
        raise BadInput("an eigenspace is of one end of the spectrum: measure with which='largest' or 'smallest'.")
    if len(space.values) <= k:
        return math.inf
    falling = -space.values if space.which == "smallest" else space.values
    return rounding + sines(falling.double()[None], space.residuals.double()[None], k).item()


def sines(values: Float[Tensor, "n j"], residuals: Float[Tensor, "n j"], k: int) -> Float[Tensor, " n"]:
    """‖R‖/δ of the first k of falling values, δ down to what the next may be at most; infinite without a gap."""
    gap = values[:, k - 1] - values[:, k] - residuals[:, k]
    return torch.where(gap > 0, residuals[:, :k].norm(dim=1) / gap.clamp_min(1e-300), math.inf)


def changed(share: Float[Tensor, "*n"], sine: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """How far a squared cosine may move when the space turns by an angle of at most this sine."""
    angle, turn = share.clamp(0, 1).sqrt().acos(), sine.clamp(max=1).asin()
    low, high = (angle + turn).clamp(max=math.pi / 2).cos() ** 2, (angle - turn).clamp(min=0).cos() ** 2
    return torch.maximum(share - low, high - share)


def _vectors(space: Eigenpairs | Tensor) -> Float[Tensor, "p k"]:
    vectors = vectors_of(space)
    if vectors.ndim != 2:
        raise BadInput(f"a space is given by columns (p, k), got shape {tuple(vectors.shape)}.")
    return vectors
