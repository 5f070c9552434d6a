"""Rules of another geometry than the Euclidean one: steepest descent in a norm, and mirror descent.

Where many points fit, the geometry decides which of them is found (Gunasekar et al. 2018, arXiv:1802.08246): on
examples that can be separated steepest descent raises the margin in its norm, and on a regression mirror descent ends
at the solution that its potential puts nearest to the start (`theory.largest_margin`, `theory.nearest_interpolant`).
"""

import dataclasses
import math
from typing import Any

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import Layout
from phenoscope.core.specs import spec
from phenoscope.training.schedules import Rate
from phenoscope.training.sight import Memory, Points
from phenoscope.training.updates import checked, in_dtype, rate_of

NORMS = ("l1", "l2", "linf", "spectral")
LENGTHS = ("unit", "dual")


@spec
class Steepest:
    """m' = β m + ∇L, θ' = θ - η s: s of norm 1 is the direction in which m' is steepest, the largest ⟨m', s⟩.

    "linf" moves every parameter by η in the direction of its sign (sign descent, with momentum Signum); "l1" moves the
    one parameter with the largest entry (greedy coordinate descent); "l2" moves along m' (normalised descent). In
    "spectral" the norm of a point is the largest singular value of any of its matrices; each matrix of m' is replaced
    by its nearest orthogonal one, UVᵀ of its singular vectors, as orthogonalised updates such as Muon's do by a
    polynomial. There a filter of a convolution is a row of a matrix, and a vector is a matrix of one column.

    A step of length η comes to rest only as η falls: take a schedule, or the length "dual", η times the dual norm of
    m', with which "l2" is gradient descent. Of singular values that are 0 to rounding the directions are left out.

    Sources: Gunasekar et al. 2018, Characterizing implicit bias in terms of optimization geometry, arXiv:1802.08246;
    for matrices Bernstein and Newhouse 2024, Old optimizer, new norm, arXiv:2409.20325.

    Attributes:
        lr: η, or a schedule of it.
        norm: "l1", "l2", "linf" or "spectral".
        momentum: β.
        length: "unit" for steps of length η, "dual" for η times the dual norm of m'.
        shapes: of the parameters in their order, which "spectral" needs; the trainer fills them in.
    """

    shared = ("norm", "length", "shapes")

    lr: Rate
    norm: str = "linf"
    momentum: float = 0.0
    length: str = "unit"
    shapes: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        one_of("norm", self.norm, NORMS)
        one_of("length", self.length, LENGTHS)
        checked(self)

    def placed(self, layout: Layout) -> "Steepest":
        """The same rule, knowing which entries of a point are a matrix."""
        return dataclasses.replace(self, shapes=layout.shapes) if self.norm == "spectral" else self

    def init(self, points: Points) -> Memory:
        return {"momentum": torch.zeros_like(points)}

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        momentum = in_dtype(points, self.momentum) * memory["momentum"] + gradient
        direction, dual = steepest(momentum, self.norm, self.shapes)
        length = rate_of(self.lr, step) * (dual if self.length == "dual" else 1.0)
        return points - length * direction, {"momentum": momentum}


@spec
class PowerMirror:
    """Mirror descent, ∇ψ(θ') = ∇ψ(θ) - η ∇L, with the potential ψ = Σ |θ|^p / p.

    p = 2 is gradient descent. On a regression it ends at the solution that ψ puts nearest to the start, sparse ones for
    p near 1; on examples that can be separated its margin is that of the p-norm. A parameter moves the faster the
    larger it is where p < 2, and the slower where p > 2.

    Sources: Gunasekar et al. 2018, arXiv:1802.08246; Sun et al. 2022, Mirror descent maximizes generalized margin and
    can be implemented efficiently, arXiv:2205.12808.

    Attributes:
        lr: η, or a schedule of it.
        power: p, above 1.
    """

    lr: Rate
    power: float = 1.5

    def __post_init__(self) -> None:
        checked(self)
        if not self.power > 1:
            raise BadInput(f"the power of a mirror lies above 1, got {self.power}.")

    def init(self, points: Points) -> Memory:
        return {}

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        less = in_dtype(points, self.power - 1)
        dual = _signed_power(points, less) - rate_of(self.lr, step) * gradient
        return _signed_power(dual, 1 / less), {}


@spec
class EntropyMirror:
    """Mirror descent with the hyperbolic entropy: θ' = 2a sinh(asinh(θ / 2a) - η ∇L), a the `scale`.

    ψ = Σ θ asinh(θ/2a) - √(θ² + 4a²) is near an l1 norm for parameters that are large beside a, whose steps are in
    proportion to themselves, and half a squared length over 2a for small ones. Gradient flow on u∘u - v∘v from u = v =
    √a goes the same way (Woodworth et al. 2020, arXiv:2002.09277).

    Attributes:
        lr: η, or a schedule of it; in units of the dual, so that small parameters move by 2aη∇L.
        scale: a, positive.
    """

    lr: Rate
    scale: float = 1e-3

    def __post_init__(self) -> None:
        checked(self)
        if not self.scale > 0:
            raise BadInput(f"the scale of a hyperbolic entropy is positive, got {self.scale}.")

    def init(self, points: Points) -> Memory:
        return {}

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        twice = 2 * in_dtype(points, self.scale)
        return twice * torch.sinh(torch.asinh(points / twice) - rate_of(self.lr, step) * gradient), {}


def placed(rule: Any, layout: Layout) -> Any:
    """A rule, and those that it wraps, knowing where each parameter lies in a point, if it asks for that."""
    inner = getattr(rule, "of", None)
    if inner is not None:
        return dataclasses.replace(rule, of=placed(inner, layout))
    return rule.placed(layout) if hasattr(rule, "placed") else rule


def steepest(vectors: Points, norm: str, shapes: tuple[tuple[int, ...], ...] = ()) -> tuple[Points, Tensor]:
    """The s of norm 1 with the largest ⟨v, s⟩, row by row, and that product: the dual norm of v.

    Args:
        vectors: v, (n, p).
        norm: of s, one of `NORMS`.
        shapes: of the parameters in a point, for "spectral".

    Returns:
        s (n, p), 0 where v is, and the dual norms (n, 1).

    Raises:
        BadInput: shapes that do not make p entries.

    Example:
        >>> direction, dual = steepest(torch.tensor([[3.0, -4.0]]), "linf")
        >>> direction.tolist(), dual.tolist()
        ([[1.0, -1.0]], [[7.0]])
    """
    if norm == "spectral":
        return _orthogonal(vectors, shapes)
    if norm == "linf":
        return vectors.sign(), vectors.abs().sum(dim=-1, keepdim=True)
    if norm == "l2":
        dual = vectors.norm(dim=-1, keepdim=True)
        return vectors / dual.clamp_min(torch.finfo(vectors.dtype).tiny), dual
    dual, place = vectors.abs().max(dim=-1, keepdim=True)
    return torch.zeros_like(vectors).scatter(-1, place, vectors.gather(-1, place).sign()), dual


def _orthogonal(vectors: Points, shapes: tuple[tuple[int, ...], ...]) -> tuple[Points, Tensor]:
    sizes = [math.prod(shape) for shape in shapes]
    if sum(sizes) != vectors.shape[-1]:
        raise BadInput(
            f"a rule in the spectral norm needs the shapes of parameters with {vectors.shape[-1]} entries, got "
            f"{shapes}. Train by a recipe, or pass `shapes`, those of `model.parameters()`."
        )
    directions, dual = [], vectors.new_zeros(len(vectors), 1)
    for part, shape in zip(vectors.split(sizes, dim=-1), shapes, strict=True):
        matrix = part.reshape(len(part), shape[0] if shape else 1, -1)
        # what is not finite is a row that diverges, of which no decomposition can be asked
        sound = torch.isfinite(matrix).all(dim=(1, 2), keepdim=True)
        left, values, right = torch.linalg.svd(torch.where(sound, matrix, 0.0), full_matrices=False)
        rounding = max(matrix.shape[1:]) * torch.finfo(matrix.dtype).eps * values[:, :1]
        nearest = (left * (values > rounding)[:, None]) @ right
        directions.append(torch.where(sound, nearest, math.nan).flatten(1))
        dual = dual + values.sum(dim=-1, keepdim=True)
    return torch.cat(directions, dim=-1), dual


def _signed_power(values: Tensor, power: float | Tensor) -> Tensor:
    return values.sign() * values.abs() ** power
