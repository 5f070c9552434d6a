"""What a picture of the loss holds: a line or a plane, its axes, and whether it shows the function."""

import dataclasses
import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.displays import Shown
from phenoscope.instruments.reading import Reading


@dataclasses.dataclass(frozen=True)
class LineCurvature(Reading):
    """The curvature along a line, from losses alone.

    Attributes:
        value: d²L/da² at the point, by the five-point formula on losses one and two steps away.
        residual: how far the formula with three points differs, and what rounding may contribute.
        step: between the points, in units of the coordinate.
    """

    value: float
    residual: float
    step: float

    @property
    def evidence(self) -> str:
        return f"residual {self.residual:.1e} of five losses; step {self.step:.2g}"


@dataclasses.dataclass(frozen=True, eq=False)
class Axis:
    """An axis of a picture, and what the losses near the point say of the curvature along it.

    Attributes:
        vector: (p,); one unit of the coordinate is its length.
        length: ‖vector‖.
        coordinates: (m,) in float64.
        curvature: d²L/da² at the point, read off the losses around it.
        eigenvalue: the Hessian's along it by products, where the axis is an eigenvector: what `curvature` must be.
    """

    vector: Float[Tensor, " p"]
    length: float
    coordinates: Float[Tensor, " m"]
    curvature: LineCurvature
    eigenvalue: float | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Picture(Shown):
    """What a line and a plane have in common.

    Attributes:
        kind: of the axes: "random", "filter-normalised", "hessian" or "given".
        axes: one or two.
        losses: (m,) for a line; (m, m) for a plane, entry [i, j] at coordinate i of the first axis and j of the second.
            Where the loss is not finite, neither is the entry.
        centre: the loss at the point, coordinate 0.
        rounding: an estimate of the rounding error of a loss like that of the centre.
        cosine: of the angle between the axes; 0 for a line.
        distortion: how far the picture of the *same function* at other parameters differs: its layers rescaled by
            4, the axes made anew by the same rule from the same draws; the largest difference along the axes, relative
            to how much the losses vary there. About 0 where the kind of axes shows the function. `None` where it was
            not examined, or where no such change of the parameters is known.
        twin: what was changed for that, or why nothing was.
    """

    kind: str
    axes: tuple[Axis, ...]
    losses: Float[Tensor, "m ..."]
    centre: float
    rounding: float
    cosine: float
    distortion: float | None
    twin: str

    @property
    def finite(self) -> float:
        """The share of the points where the loss is finite."""
        return float(torch.isfinite(self.losses).double().mean())

    def to_json(self) -> dict[str, Any]:
        """Coordinates, losses and evidence as plain JSON; a loss that is not finite is `None`."""
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        axes = [{name: part for name, part in vars(axis).items() if name != "vector"} for axis in self.axes]
        return _plain(own | {"axes": axes})

    def __str__(self) -> str:
        seen = self.losses[torch.isfinite(self.losses)]
        ends = f"{seen.min():.6g} to {seen.max():.6g}" if len(seen) else "nowhere finite"
        curved = ", ".join(_curved(axis) for axis in self.axes)
        parts = [f"{self.kind} axes, {' x '.join(map(str, self.losses.shape))} points", f"loss {ends}"]
        parts += [f"{self.centre:.6g} at the centre", f"curvature {curved}"]
        parts += [f"cosine of the axes {self.cosine:.2g}"] if len(self.axes) > 1 else []
        parts += [f"finite at {self.finite:.1%} of the points"] if self.finite < 1 else []
        return f"{'; '.join(parts)}; {self.told}"

    @property
    def told(self) -> str:
        """The control in words."""
        if self.distortion is None:
            return f"no control: {self.twin}"
        return f"distortion {self.distortion:.2g} ({self.twin})"


@dataclasses.dataclass(frozen=True, eq=False)
class LossLine(Picture):
    """L(θ + a u) along a line.

    Attributes:
        kind, axes, losses, centre, rounding, cosine, distortion, twin: as `Picture` says; one axis, losses (m,).
    """

    @property
    def axis(self) -> Axis:
        return self.axes[0]

    @property
    def coordinates(self) -> Float[Tensor, " m"]:
        return self.axis.coordinates


@dataclasses.dataclass(frozen=True, eq=False)
class LossPlane(Picture):
    """L(θ + a u + b w) over a plane: `losses[i, j]` is at a = `coordinates[0][i]` and b = `coordinates[1][j]`.

    Attributes:
        kind, axes, losses, centre, rounding, cosine, distortion, twin: as `Picture` says; two axes, losses (m, m).
    """

    @property
    def coordinates(self) -> tuple[Float[Tensor, " m"], Float[Tensor, " m"]]:
        first, second = self.axes
        return first.coordinates, second.coordinates


def _curved(axis: Axis) -> str:
    found = f"{axis.curvature.value:.6g} ± {axis.curvature.residual:.1g}"
    return found if axis.eigenvalue is None else f"{found} (by products {axis.eigenvalue:.6g})"


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return _plain(value.tolist())
    if isinstance(value, Reading):
        return _plain(vars(value))
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
