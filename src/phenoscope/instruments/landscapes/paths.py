"""Paths through the space of parameters: lines, polygonal chains and Bezier curves, and the losses along them.

A point of each is a mix of a few control points, θ(t) = Σᵢ bᵢ(t) Pᵢ with Σᵢ bᵢ = 1. So a path lies in an affine slice
of the space of parameters, whose points are evaluated together.
"""

import copy
import dataclasses
import math
from collections.abc import Callable
from typing import Literal, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import point, write
from phenoscope.instruments.landscapes.stretched import loss_at
from phenoscope.objective import Objective

Measured = TypeVar("Measured")
Kind = Literal["polygon", "bezier"]
Statistics = Literal["recomputed", "stored"]
PIECES = 256
"""Of the chain whose length stands for that of a Bezier curve: the error is of the order of its square's inverse."""


@dataclasses.dataclass(frozen=True, eq=False)
class Path:
    """A path from the first control point (t = 0) to the last (t = 1).

    Attributes:
        controls: (k, p), two at least; two make a line.
        kind: "polygon" goes straight from each to the next, in equal parts of t; "bezier" is the curve
            Σᵢ (k-1 over i) tⁱ (1-t)ᵏ⁻¹⁻ⁱ Pᵢ, which meets only the first and the last.
    """

    controls: Float[Tensor, "k p"]
    kind: Kind = "polygon"

    def __post_init__(self) -> None:
        one_of("the kind of a path", self.kind, ("polygon", "bezier"))
        if self.controls.ndim != 2 or len(self.controls) < 2 or not bool(torch.isfinite(self.controls).all()):
            raise BadInput(
                f"a path needs at least 2 finite control points, as the rows of a matrix (k, p); got shape "
                f"{tuple(self.controls.shape)}."
            )

    @property
    def bends(self) -> Float[Tensor, "b p"]:
        """The control points between the ends."""
        return self.controls[1:-1]

    @property
    def corners(self) -> tuple[float, ...]:
        """Where in t it is not smooth, between the ends."""
        pieces = len(self.controls) - 1
        return tuple(i / pieces for i in range(1, pieces)) if self.kind == "polygon" else ()

    @property
    def length(self) -> float:
        """∫ ‖dθ/dt‖ dt; that of a fine chain for a curve."""
        chain = self.controls if self.kind == "polygon" else self.points(torch.linspace(0, 1, PIECES + 1))
        return float(chain.double().diff(dim=0).norm(dim=1).sum())

    @property
    def distance(self) -> float:
        """Between the ends, in a straight line."""
        return float((self.controls[-1].double() - self.controls[0].double()).norm())

    def weights(self, t: Float[Tensor, " m"]) -> Float[Tensor, "m k"]:
        """The share bᵢ of each control point, in float64."""
        last, t = len(self.controls) - 1, torch.as_tensor(t, dtype=torch.float64)
        if self.kind == "polygon":
            places = torch.arange(last + 1, dtype=torch.float64)
            return (1 - (last * t[:, None] - places).abs()).clamp_min(0)
        powers = torch.arange(last + 1, dtype=torch.float64)
        over = torch.tensor([math.comb(last, i) for i in range(last + 1)], dtype=torch.float64)
        return over * t[:, None] ** powers * (1 - t[:, None]) ** (last - powers)

    def points(self, t: Float[Tensor, " m"]) -> Float[Tensor, "m p"]:
        """θ(t); at 0 and 1 the ends to the last bit."""
        return self.weights(checked(t)).to(self.controls) @ self.controls

    def losses(self, objective: Objective, t: Float[Tensor, " m"]) -> Float[Tensor, " m"]:
        """L(θ(t)) in float64, evaluated together but for the ends; nan or infinity where it is not finite."""
        t = checked(t)
        start, axes = self.controls[0], self.controls[1:] - self.controls[0]
        if not bool(axes.any()):  # one point, whose losses then do not differ by the rounding of two routes
            return torch.full_like(t, loss_at(objective, start))
        found = torch.empty_like(t)
        inside = (t > 0) & (t < 1)
        if bool(inside.any()):
            found[inside] = objective.losses(self.weights(t[inside])[:, 1:], axes, start).to(found)
        for place, end in ((0.0, start), (1.0, self.controls[-1])):
            if bool((t == place).any()):
                found[t == place] = loss_at(objective, end)
        return found

    def readings(
        self,
        objective: Objective,
        measure: Callable[[Objective], Measured],
        t: Float[Tensor, " m"],
        *,
        statistics: Statistics = "recomputed",
    ) -> list[Measured]:
        """What an instrument reads of the loss at places along the path, one reading each.

        Args:
            objective: the loss; its model is left where it is.
            measure: an instrument, such as `ps.sharpness`.
            t: (m,), from 0 to 1.
            statistics: of normalisation layers, as for `barrier`.

        Example:
            >>> model = nn.Linear(1, 1, bias=False)
            >>> objective = Objective(model, lambda y, target: (y**2 - target).square().mean(), (torch.ones(1, 1),) * 2)
            >>> path = Path(torch.tensor([[-1.0], [1.0]]))
            >>> path.readings(objective, lambda loss: round(loss.loss().item(), 4), torch.tensor([0.0, 0.5]))
            [0.0, 1.0]
        """
        taken, _ = along(objective, statistics)
        twin, found = copy.deepcopy(objective.model), []
        for there in self.points(t):
            write(there, twin)
            found.append(measure(taken.of(twin)))
        return found


def line(objective: Objective, start: Tensor | nn.Module, end: Tensor | nn.Module) -> Path:
    """The straight line between two points of a model, or between the points that two such models are at."""
    return Path(torch.stack([placed(objective, start, "start"), placed(objective, end, "end")]))


def placed(objective: Objective, given: Tensor | nn.Module, what: str) -> Float[Tensor, " p"]:
    """A caller's point, or the point of a caller's model."""
    found, here = point(given) if isinstance(given, nn.Module) else given, objective.point
    if not isinstance(found, Tensor) or found.shape != here.shape or not bool(torch.isfinite(found).all()):
        came = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else f"a {type(found).__name__}"
        raise BadInput(
            f"`{what}` must be a point of the model, one finite flat vector of {len(here)} entries, or a model of its "
            f"kind; got {came}."
        )
    return found.detach().to(here)


def checked(t: Float[Tensor, " m"]) -> Float[Tensor, " m"]:
    """Places along a path, in float64."""
    places = torch.as_tensor(t, dtype=torch.float64)
    if places.ndim != 1 or not bool(((places >= 0) & (places <= 1)).all()):
        raise BadInput(f"places along a path are a vector of numbers from 0 to 1, got shape {tuple(places.shape)}.")
    return places


def along(objective: Objective, statistics: Statistics) -> tuple[Objective, str]:
    """The loss as it is to be taken along a path, and how it normalises, in words.

    Running statistics belong to the point at which they were collected: with them the loss elsewhere is that of no
    network that anybody trained, and a barrier that is none.
    """
    one_of("`statistics`", statistics, ("recomputed", "stored"))
    if not objective.normalises:
        return objective, "no layer keeps statistics"
    if objective.buffers != "batch" and statistics == "stored":
        return objective, "statistics as stored, whatever the point"
    batches = len(objective.partition)
    cut = "all data as one batch" if batches == 1 else f"each of {batches} batches"
    return objective.with_batch_statistics(), f"statistics recomputed at every point, of {cut}"
