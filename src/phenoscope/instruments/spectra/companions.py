"""What is remembered beside the eigenvectors that are wanted: approximate pairs that say where to look next.

The part that a Ritz vector lacks lies mostly along the eigenvectors next to it, and there its residual shows it
weakly: a part c along an eigenvector of value μ is (μ - θ) c in the residual. Where these eigenvectors are known
roughly, dividing by θ - μ restores it (Davidson 1975). No reading rests on companions: they choose directions, and what
is found along these is multiplied out as ever.
"""

import dataclasses

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.core.trees import storable
from phenoscope.instruments.spectra.passes import add, combined, inner
from phenoscope.instruments.spectra.subspace import Subspace

NEAR = 0.1
"""The smallest distance |θ - μ| that is believed, relative to θ; values are those of an earlier measurement."""

STEADY = 0.5
"""The same where no product follows to say how far to go. Steps are then at most 2 / θ long in any direction, and for
eigenvalues from 0 to θ what is missing does not grow in the norm of θ - A, however wrong the companions are."""

DEPENDENT = 1e-3
"""The squared length outside the subspace under which a companion is taken for a part of it."""


@storable
@dataclasses.dataclass(frozen=True, eq=False)
class Companions:
    """Approximate eigenpairs of n operators beside those wanted; a vector of zeros stands for one not known yet.

    Attributes:
        vectors: (n, g, p), about orthonormal.
        values: (n, g) in float64.
    """

    vectors: Float[Tensor, "n g p"]
    values: Float[Tensor, "n g"]

    def above(self, values: Float[Tensor, " n"]) -> bool:
        """Whether, in some row, one that is known has a larger value than this."""
        return bool(((self.values > values[:, None]) & (self.values != 0)).any())

    def correction(
        self, residuals: Float[Tensor, "n k p"], values: Float[Tensor, "n k"], *, nearest: float = NEAR
    ) -> Float[Tensor, "n k p"]:
        """What to add to Ritz vectors of these residuals and values θ: -(B - θ)^-1 r.

        B has the companions' eigenvalues along the companions and is zero elsewhere, so without any this is a step of
        the power method, A x / θ = x + r / θ. Zero for values that are not positive, where it would lead away.
        Distances below `nearest` θ count as that.
        """
        away = values <= 0
        theta = values.masked_fill(away, 1.0)[..., None]  # (n, k, 1)
        gaps = theta - self.values[:, None]  # (n, k, g)
        gaps = torch.where(gaps.abs() < nearest * theta, nearest * theta, gaps)
        plain, more = (part.masked_fill(away[..., None], 0.0).to(residuals.dtype) for part in (1 / theta, 1 / gaps))
        return add(plain * residuals, (more - plain) * inner(residuals, self.vectors), self.vectors)

    def refined(self, space: Subspace, wanted: int) -> "Companions":
        """The companions of the same operators after a measurement: the Ritz pairs that follow the wanted ones.

        They are taken from the subspace, where products are known, joined by the old companions, of whose products
        only those with the subspace are: for the others their old values stand.
        """
        old, count = self.values.shape[1], space.dimension
        inside = inner(self.vectors, space.basis)  # (n, g, m)
        gram = (inner(self.vectors, self.vectors) - inside @ inside.mT).double()
        lengths, turned = torch.linalg.eigh(gram)
        known = lengths > DEPENDENT
        scaled = torch.where(known[:, None], turned * lengths.clamp_min(DEPENDENT).rsqrt()[:, None], 0.0)
        inside, across = inside.double(), inner(self.vectors, space.images).double()
        bent = across @ inside.mT
        among = torch.diag_embed(self.values) - bent - bent.mT + inside @ space.matrix @ inside.mT
        last = -1e3 * (1 + self.values.abs().sum() + space.matrix.abs().sum())  # what is not known comes last
        among = scaled.mT @ among @ scaled + torch.diag_embed(torch.where(known, 0.0, last))
        between = scaled.mT @ (across - inside @ space.matrix)
        matrix = torch.cat([torch.cat([space.matrix, between.mT], 2), torch.cat([between, among], 2)], 1)
        values, coefficients = torch.linalg.eigh(matrix)
        values, mix = values.flip(1)[:, wanted:][:, :old], coefficients.flip(2).mT[:, wanted:][:, :old]
        outside = mix[:, :, count:] @ scaled.mT
        within = mix[:, :, :count] - outside @ inside
        within, outside = (part.to(self.vectors.dtype) for part in (within, outside))
        vectors = add(combined(outside, self.vectors), within, space.basis)
        return Companions(vectors, values.masked_fill(values < last / 2, 0.0))


def unknown(like: Float[Tensor, "n p"], count: int) -> Companions:
    """So many companions of which nothing is known yet."""
    vectors = like.new_zeros(len(like), count, like.shape[1])
    return Companions(vectors, vectors[..., 0].double())


def of_either(which: Bool[Tensor, " n"], first: Companions, second: Companions) -> Companions:
    """Those of the first where `which` holds, of the second in the other rows."""
    if bool(which.all()):
        return first
    if not bool(which.any()):
        return second
    vectors = torch.where(which[:, None, None], first.vectors, second.vectors)
    return Companions(vectors, torch.where(which[:, None], first.values, second.values))
