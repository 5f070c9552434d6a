"""The loss around n points: value, gradient and curvature, computed once and shared by whoever asks."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from phenoscope.objective.batches import Batch
from phenoscope.objective.evaluation.composites import COMPOSITE
from phenoscope.objective.evaluation.network import Network, Rows
from phenoscope.objective.evaluation.replaced import Replaced
from phenoscope.objective.operators import KINDS, Curvature, Piece, PieceOf, Total, total
from phenoscope.objective.pieces import PIECES, gradient_piece, third_piece
from phenoscope.objective.processes import ALONE, Processes
from phenoscope.objective.weighting import Weighting

OperatorName = Literal["hessian", "gauss_newton", "fisher", "empirical_fisher", "gradient_covariance"]
"""The matrices that an objective offers as products."""


class Linearisation:
    """One loss at n points θ, shape (n, p), rows of a cohort or a single one.

    Nothing is computed before it is asked for. Once the Hessian has been asked for, loss and gradient are those
    of its graph; so ask for curvature first where both are needed.

    Args:
        network: model and loss.
        points: (n, p).
        start: begins a pass over the batches.
        by: how the batches are weighed.
        rows: one network, or many with shared or own data.
        keep: whether the graphs of all batches may stay in memory.
        processes: that hold a part of the data each.
    """

    def __init__(
        self,
        network: Network,
        points: Float[Tensor, "n p"],
        start: Callable[[], Iterator[Batch]],
        by: Weighting,
        *,
        rows: Rows = "one",
        keep: bool = True,
        processes: Processes = ALONE,
    ) -> None:
        self.network, self.points, self.keep = network, points.detach(), keep
        self._processes = processes
        self._start, self._by, self._rows = start, by, rows
        self._curvatures: dict[OperatorName, Curvature] = {}
        self._first_order: tuple[Tensor, Tensor] | None = None

    @property
    def loss(self) -> Float[Tensor, " n"]:
        """L(θ) of each row, accumulated over the batches in float64."""
        return self._values()[0]

    @property
    def gradient(self) -> Float[Tensor, "n p"]:
        """∇L(θ) of each row."""
        return self._values()[1]

    def hessian(self) -> Curvature:
        """The Hessian at these points; its graph is kept and shared by all who ask."""
        return self.operator("hessian")

    def gauss_newton(self) -> Curvature:
        """The Gauss-Newton matrix at these points."""
        return self.operator("gauss_newton")

    def operator(self, which: OperatorName) -> Curvature:
        """The matrix of that name at these points; its graph is kept and shared by all who ask."""
        if which not in self._curvatures:
            build = self._bound(PIECES[which])
            self._curvatures[which] = KINDS[which](
                self.network, self.points, self._start, build, self._by, keep=self.keep, processes=self._processes
            )
        return self._curvatures[which]

    def third(self, left: Float[Tensor, "n p"], right: Float[Tensor, "n p"]) -> tuple[Tensor, Tensor]:
        """The curvature uᵀ∇²L(θ)v of each row, (n,), and its gradient ∇³L(θ)[u, v, ·] with u and v held fixed, (n, p).

        Normalisations are written out for it: PyTorch's own have wrong third derivatives (`objective.composites`).
        """
        with Replaced(COMPOSITE):
            found = self._summed(partial(third_piece, left=left, right=right))
        return found.loss, found.gradient

    def _values(self) -> tuple[Tensor, Tensor]:
        for curvature in self._curvatures.values():
            return curvature.loss, curvature.gradient
        if self._first_order is None:
            found = self._summed(gradient_piece)
            self._first_order = found.loss, found.gradient
        return self._first_order

    def _summed(self, piece: Callable[..., Piece]) -> Total:
        build, processes = self._bound(piece), self._processes
        return total(self.network, self.points, self._start, build, self._by, keep=False, processes=processes)

    def _bound(self, piece: Callable[..., Piece]) -> PieceOf:
        return partial(piece, self.network, self.points, self._by, self._rows)
