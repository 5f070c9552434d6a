"""Along which directions is a loss to be looked at, and how far?"""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import layout, point
from phenoscope.core.seeds import seeded
from phenoscope.instruments.spectra.spectrum import eigenvalues
from phenoscope.instruments.symmetries import NORMALISATIONS
from phenoscope.objective import Objective

KINDS = ("random", "filter-normalised", "hessian")


@dataclasses.dataclass(frozen=True, eq=False)
class Direction:
    """A direction in the space of parameters, and how far along it to look.

    Attributes:
        vector: (p,); a coordinate counts its lengths.
        span: from where to where, in coordinates.
        eigenvalue: of the Hessian, where the direction is its eigenvector; else `None`.
    """

    vector: Float[Tensor, " p"]
    span: tuple[float, float]
    eigenvalue: float | None = None


def directions(
    objective: Objective, kind: str, count: int, generator: torch.Generator | None = None
) -> tuple[Direction, ...]:
    """So many directions of a kind at an objective's point; see `loss_plane` for what the kinds are."""
    one_of("the kind of axes", kind, KINDS)
    generator = seeded(generator)
    if kind == "hessian":
        return tuple(_eigenvectors(objective, count, generator))
    drawn = torch.randn(count, len(objective.point), generator=generator, device=generator.device, dtype=torch.float64)
    scaled = _like_filters if kind == "filter-normalised" else _as_long
    return tuple(Direction(scaled(vector, objective), (-1.0, 1.0)) for vector in drawn)


def given(
    objective: Objective, axes: Tensor | nn.Module | Sequence[Tensor | nn.Module], count: int
) -> tuple[Direction, ...]:
    """The caller's own directions: vectors (p,), rows of a matrix, or models of which each lies at coordinate 1."""
    parts = [axes] if isinstance(axes, nn.Module) or (isinstance(axes, Tensor) and axes.ndim == 1) else list(axes)
    size = len(objective.point)
    found = []
    for part in parts:
        vector = point(part).to(objective.point) - objective.point if isinstance(part, nn.Module) else part
        if not isinstance(vector, Tensor) or vector.shape != (size,) or not bool(torch.isfinite(vector).all()):
            came = f"shape {tuple(vector.shape)}" if isinstance(vector, Tensor) else f"a {type(vector).__name__}"
            raise BadInput(f"an axis must be a finite vector of {size} entries or such a model, got {came}.")
        if not bool(vector.any()):
            raise BadInput("an axis is zero: along it there is nothing to see. Pass another vector or another model.")
        found.append(Direction(vector.detach().to(objective.point), (-1.0, 1.0)))
    if len(found) != count:
        raise BadInput(f"this needs {count} {'axis' if count == 1 else 'axes'}, got {len(found)}.")
    return tuple(found)


def _as_long(drawn: Tensor, objective: Objective) -> Tensor:
    """As long as the point itself (of length 1 where that is 0)."""
    here = objective.point
    return (drawn * (float(here.double().norm()) or 1.0) / drawn.norm()).to(here)


def _like_filters(drawn: Tensor, objective: Objective) -> Tensor:
    """Each filter as long as that of the weights; nothing along biases and normalisation (Li et al. 2017)."""
    here, places = objective.point, layout(objective.model)
    weights, vector = places.unravel(here.double().cpu()), places.unravel(drawn.cpu())
    spared = _normalising(objective.model)
    made = {}
    for name, part in vector.items():
        if part.ndim < 2 or name in spared:
            made[name] = torch.zeros_like(part)
            continue
        rows = (len(part), *[1] * (part.ndim - 1))
        lengths = (weights[name].flatten(1).norm(dim=1) / part.flatten(1).norm(dim=1)).reshape(rows)
        made[name] = part * lengths
    return places.ravel(made).to(here)


def _normalising(model: nn.Module) -> set[str]:
    named = ((name, module) for name, module in model.named_modules() if isinstance(module, NORMALISATIONS))
    return {f"{name}.{own}" if name else own for name, module in named for own, _ in module.named_parameters()}


def _eigenvectors(objective: Objective, count: int, generator: torch.Generator) -> Iterator[Direction]:
    found = eigenvalues(objective, count, generator=generator)
    for vector, value in zip(found.vectors.mT, found.values.tolist(), strict=True):
        yield eigenvector(objective, vector, value)


def eigenvector(objective: Objective, vector: Float[Tensor, " p"], value: float) -> Direction:
    """Of length 1; as far as the quadratic model takes to double the loss, and not beyond the length of the point."""
    loss, length = float(objective.loss()), float(objective.point.double().norm()) or 1.0
    reach = min(length, math.sqrt(2 * abs(loss / value))) if value and loss else 0.1 * length
    return Direction(vector, (-reach, reach), value)
