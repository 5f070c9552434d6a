"""Symmetric matrices known through their products: the Hessian and the Gauss-Newton matrix of a loss.

Inside, a block of vectors lies as (n, k, p): n networks, k vectors each, one vector a contiguous row.
"""

import abc
import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective.batches import Batch
from phenoscope.objective.evaluation.network import Network
from phenoscope.objective.evaluation.rounding import largest_at, rounding
from phenoscope.objective.processes import ALONE, Processes
from phenoscope.objective.weighting import Weighting


class Operator(abc.ABC):
    """A symmetric (p, p) matrix, or n of them, that answers products.

    `A @ v` takes a vector (p,) or a block of columns (p, k); for n > 1 networks rows (n, p), or blocks (n, p, k).

    Attributes:
        rows: n, the number of networks.
        size: p.
        dtype, device: of the vectors it takes.
        products: how many vectors (per network) have been multiplied so far.
    """

    def __init__(self, rows: int, size: int, dtype: torch.dtype, device: torch.device) -> None:
        self.rows, self.size, self.dtype, self.device = rows, size, dtype, device
        self.products = 0

    @property
    def trusted(self) -> bool:
        """Whether its products are made in this library throughout, and so linear; others are tested with one more."""
        made_in = (getattr(method, "__module__", None) or "" for method in (self.multiply, self._apply))
        return all(name.startswith("phenoscope.") for name in made_in)

    @property
    def rounding(self) -> float:
        """What its products may be off by, relative to the whole matrix."""
        return torch.finfo(self.dtype).eps

    @abc.abstractmethod
    def _apply(self, block: Tensor) -> Tensor:
        """The products of a block (n, k, p), in the same shape."""

    def multiply(self, block: Float[Tensor, "n k p"]) -> Float[Tensor, "n k p"]:
        self.products += block.shape[1]
        return self._apply(block.to(self.dtype))

    def __matmul__(self, vectors: Tensor) -> Tensor:
        single = (self.size,) if self.rows == 1 else (self.rows, self.size)
        if vectors.shape[: len(single)] != single or vectors.ndim > len(single) + 1:
            shape = ", ".join(map(str, single))
            raise BadInput(f"a product needs shape ({shape}) or ({shape}, k), got {tuple(vectors.shape)}.")
        block = vectors.reshape(self.rows, self.size, -1).transpose(1, 2)
        return self.multiply(block).transpose(1, 2).reshape(vectors.shape)


class Matrix(Operator):
    """A dense symmetric matrix (p, p), or a stack of them (n, p, p), as an operator."""

    def __init__(self, entries: Float[Tensor, "*n p p"]) -> None:
        if entries.ndim not in (2, 3) or entries.shape[-1] != entries.shape[-2]:
            raise BadInput(f"a matrix must be square, got shape {tuple(entries.shape)}.")
        stacked = entries if entries.ndim == 3 else entries[None]
        asymmetry = (stacked - stacked.mT).abs().max()
        if asymmetry > 1e-4 * stacked.abs().max():
            raise BadInput(f"the matrix must be symmetric; it differs from its transpose by {asymmetry:.2g}.")
        super().__init__(len(stacked), stacked.shape[-1], stacked.dtype, stacked.device)
        self._entries = stacked

    def _apply(self, block: Tensor) -> Tensor:
        return block @ self._entries


@dataclasses.dataclass(frozen=True)
class Piece:
    """One batch of a curvature matrix: weight, loss, gradient, largest output, and products while its graph lives."""

    weight: float
    loss: Float[Tensor, " n"]
    gradient: Float[Tensor, "n p"]
    multiply: Callable[[Tensor], Tensor]
    largest: Float[Tensor, ""] | None = None


PieceOf = Callable[[Batch], Piece]


@dataclasses.dataclass(frozen=True)
class Total:
    """The weighted mean (or sum) over all batches: loss (n,) in float64, gradient (n, p), and the pieces if kept."""

    loss: Float[Tensor, " n"]
    gradient: Float[Tensor, "n p"]
    weight: float
    pieces: tuple[Piece, ...] | None


def total(
    network: Network, points: Tensor, start: Callable[[], Iterator[Batch]], piece_of: PieceOf, by: Weighting,
    *, keep: bool, processes: Processes = ALONE,
) -> Total:  # fmt: skip
    """One pass over the data of all processes; batches of weight zero (every target ignored) are left out."""
    loss = torch.zeros(len(points), dtype=torch.float64, device=points.device)
    gradient: Tensor | None = None
    weight, kept = 0.0, []
    with network.evaluation():
        for piece in map(piece_of, start()):
            if piece.weight > 0:
                loss += piece.weight * piece.loss.double()
                part = piece.gradient if piece.weight == 1 else piece.weight * piece.gradient
                gradient = part if gradient is None else gradient + part
                weight += piece.weight
                if keep:
                    kept.append(piece)
    loss, gradient = processes.sum(loss), processes.sum(torch.zeros_like(points) if gradient is None else gradient)
    weight = by.divisor(processes.sum_of(weight, points.device))
    return Total(loss / weight, gradient if weight == 1 else gradient / weight, weight, tuple(kept) if keep else None)


class Curvature(Operator):
    """A weighted sum of pieces, one a batch; their graphs are kept, or built anew for each product.

    Args:
        points: (n, p), where it is taken.
        start: begins a pass over the batches.
        piece_of: builds one batch's piece.
        keep: whether the graphs may stay in memory together.
        processes: that hold a part of the data each.
    """

    def __init__(
        self, network: Network, points: Tensor, start: Callable[[], Iterator[Batch]], piece_of: PieceOf,
        by: Weighting, *, keep: bool, processes: Processes = ALONE,
    ) -> None:  # fmt: skip
        super().__init__(points.shape[0], points.shape[1], points.dtype, points.device)
        self._network, self._start, self._piece_of, self._processes = network, start, piece_of, processes
        self._total = total(network, points, start, piece_of, by, keep=keep, processes=processes)
        self.points, self.loss, self.gradient = points, self._total.loss, self._total.gradient

    @property
    def kept(self) -> bool:
        """Whether the graphs are in memory; else each product rebuilds them batch by batch."""
        return self._total.pieces is not None

    @property
    def rounding(self) -> float:
        """What its products may be off by, relative to the whole matrix; a forward pass where no graph is kept."""
        return super().rounding if self.rows > 1 else self._rounding

    @functools.cached_property
    def _rounding(self) -> float:
        kept = self._total.pieces
        seen = [piece.largest for piece in kept or () if piece.largest is not None]
        largest = seen if kept is not None else largest_at(self._network, self.points[0], self._start())
        return rounding(self._network, largest, self._processes)

    def _apply(self, block: Tensor) -> Tensor:
        result, kept = None, self._total.pieces
        with contextlib.nullcontext() if kept is not None else self._network.evaluation():
            for piece in map(self._piece_of, self._start()) if kept is None else kept:
                if piece.weight > 0:
                    share, product = piece.weight / self._total.weight, piece.multiply(block)
                    part = product if share == 1 else share * product
                    result = part if result is None else result + part
        return self._processes.sum(torch.zeros_like(block) if result is None else result)


class Hessian(Curvature):
    """∇²L(θ): the second derivatives of the loss (Pearlmutter 1994, fast exact multiplication by the Hessian)."""


class GaussNewton(Curvature):
    """Jᵀ (∂²L/∂f²) J: the Hessian without the second derivatives of the network (Schraudolph 2002)."""


class Fisher(Curvature):
    """E g gᵀ with targets drawn from the model itself: for a loss that is a log-likelihood with natural parameters
    f (cross-entropy of logits, squared error), it equals the Gauss-Newton matrix (Martens 2014, arXiv:1412.1193).
    """


class EmpiricalFisher(Curvature):
    """The mean of g gᵀ over the examples' own gradients at their own targets; no Fisher, but so called."""


class GradientCovariance(Curvature):
    """The covariance of the examples' gradients, E g gᵀ - ∇L ∇Lᵀ: the noise of a single example's gradient."""

    def _apply(self, block: Tensor) -> Tensor:
        along = (block * self.gradient[:, None]).sum(dim=2, keepdim=True)
        return super()._apply(block) - along * self.gradient[:, None]


KINDS: dict[str, type[Curvature]] = {
    "hessian": Hessian,
    "gauss_newton": GaussNewton,
    "fisher": Fisher,
    "empirical_fisher": EmpiricalFisher,
    "gradient_covariance": GradientCovariance,
}
