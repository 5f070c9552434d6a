"""What does the loss look like along a line or over a plane through the point?"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import copied
from phenoscope.instruments.landscapes.directions import Direction, directions, eigenvector, given
from phenoscope.instruments.landscapes.pictures import Axis, LineCurvature, LossLine, LossPlane
from phenoscope.instruments.spectra.spectrum import Eigenpair
from phenoscope.instruments.symmetries import PRESERVED, deviation, symmetries
from phenoscope.objective import Objective

CONTROLLED = 11
"""Points along each axis where the picture is compared with the twin's."""
STEPS = 25
"""Steps from the middle of a picture to its edge, for the curvature: near enough for it to be that of the point, and
far enough for the losses to differ by more than rounding."""
STENCIL = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0], dtype=torch.float64)
Axes = str | Eigenpair | Tensor | nn.Module | Sequence[Tensor | nn.Module]


def loss_line(
    objective: Objective,
    axis: Axes = "filter-normalised",
    *,
    span: float | tuple[float, float] | None = None,
    points: int = 51,
    control: bool = True,
    generator: torch.Generator | None = None,
) -> LossLine:
    """The loss along a line through the point, all points together: L(θ + a u).

    Args:
        objective: the loss, at the model's own point θ.
        axis: as for `loss_plane`, but one; or an eigenpair of the Hessian, as `sharpness` gives it.
        span: from where to where, as there.
        points: how many.
        control: whether to compare with the same function at rescaled parameters.
        generator: of the direction; seeded with 0 unless given.

    Example:
        >>> from torch import nn
        >>> model = nn.Linear(1, 1, bias=False)
        >>> _ = nn.init.zeros_(model.weight)
        >>> objective = Objective(model, nn.MSELoss(), (torch.ones(1, 1), torch.ones(1, 1)))
        >>> line = loss_line(objective, torch.ones(1), span=(0.0, 2.0), points=3)
        >>> line.losses.tolist(), round(line.axis.curvature.value, 3)
        ([1.0, 0.0, 1.0], 2.0)
    """
    return LossLine(*_picture(objective, axis, 1, span, points, control=control, generator=generator))


def loss_plane(
    objective: Objective,
    axes: Axes = "filter-normalised",
    *,
    span: float | tuple[float, float] | None = None,
    points: int = 51,
    control: bool = True,
    generator: torch.Generator | None = None,
) -> LossPlane:
    """The loss over a plane through the point, many points together: L(θ + a u + b w).

    "random": Gaussian directions, as long as θ itself. "filter-normalised" (Li et al. 2017, arXiv:1712.09913): each
    filter of a Gaussian direction (a row of a dense layer, an output channel of a convolution) as long as that
    filter of the weights, and nothing along biases and the parameters of normalisation layers. Such pictures are those
    of the function: rescaling its layers changes nothing, whereas along random directions it does (see `distortion`).
    "hessian": eigenvectors of the largest eigenvalues, of length 1; the curvature read off the losses is then
    the eigenvalue, which vouches for both.

    Args:
        objective: the loss, at the model's own point θ.
        axes: a kind, or the caller's own: vectors (2, p), or two models of which each lies at coordinate 1.
        span: coordinates run from -span to span, or from the first to the second; by default from -1 to 1, and for
            Hessian axes as far as the quadratic model takes to double the loss (each axis its own).
        points: along each axis; with an odd number and a span to both sides, one is the point itself.
        control: whether to compare with the same function at rescaled parameters: `distortion`.
        generator: of the directions; seeded with 0 unless given.

    Returns:
        `LossPlane`: coordinates, losses (points, points), the axes with their curvatures, distortion.

    Raises:
        BadInput: an unknown kind, vectors of the wrong shape, fewer than 2 points, an empty span.

    Example:
        >>> from torch import nn
        >>> model = nn.Linear(2, 1, bias=False)
        >>> _ = nn.init.zeros_(model.weight)
        >>> objective = Objective(model, nn.MSELoss(reduction="sum"), (torch.eye(2), torch.tensor([[1.0], [0.0]])))
        >>> loss_plane(objective, torch.eye(2), points=3).losses[:, 1].tolist()  # along the first axis
        [4.0, 1.0, 0.0]
    """
    return LossPlane(*_picture(objective, axes, 2, span, points, control=control, generator=generator))


def line_curvature(
    objective: Objective, axis: Axes = "hessian", *, step: float | None = None, generator: torch.Generator | None = None
) -> LineCurvature:
    """The curvature of the loss along a line through the point, read off five losses: d²L/da² of L(θ + a u).

    Along the top Hessian axis it must be the sharpness, by a route that knows no derivative; that it differs says
    that the quadratic model ends within two steps (kinks of ReLU, a point far from smooth) or that a derivative is
    wrong. Units: loss per squared unit of the axis.

    Args:
        objective: the loss, at the model's own point.
        axis: as for `loss_line`.
        step: between the losses; by default a 25th of the default span of the axis.
        generator: of the direction; seeded with 0 unless given.

    Example:
        >>> from torch import nn
        >>> model = nn.Linear(1, 1, bias=False)
        >>> objective = Objective(model, nn.MSELoss(), (torch.ones(1, 1), torch.ones(1, 1)))
        >>> round(line_curvature(objective, torch.ones(1)).value, 3)
        2.0
    """
    if step is not None and not step > 0:
        raise BadInput(f"`step` must be positive, got {step}.")
    (direction,) = _directions(objective, axis, 1, generator)
    step = direction.span[1] / STEPS if step is None else float(step)
    losses = objective.losses(step * STENCIL[:, None], direction.vector[None])
    return _curvature(losses, step, torch.finfo(direction.vector.dtype).eps)


def _picture(
    objective: Objective, axes: Axes, count: int, span: float | tuple[float, float] | None, points: int,
    *, control: bool, generator: torch.Generator | None,
) -> tuple[Any, ...]:  # fmt: skip
    """The fields of a picture, in their order."""
    if points < 2:
        raise BadInput(f"a picture needs at least 2 points along each axis, got {points}.")
    again = None if generator is None else copied(generator)
    made = _directions(objective, axes, count, generator)
    placed = tuple(_coordinates(each.span if span is None else span, points) for each in made)
    vectors = torch.stack([each.vector for each in made])
    epsilon = torch.finfo(vectors.dtype).eps
    steps = [float(places[-1] - places[0]) / (2 * STEPS) for places in placed]
    stencils = torch.block_diag(*[step * STENCIL[:, None] for step in steps]).double()
    grid = torch.cartesian_prod(*placed).reshape(-1, count)
    losses = objective.losses(torch.cat([stencils, grid]), vectors)
    near, rest = losses[: len(stencils)].reshape(count, -1), losses[len(stencils) :]
    described = tuple(
        Axis(one.vector, float(one.vector.double().norm()), places, _curvature(five, step, epsilon), one.eigenvalue)
        for one, places, five, step in zip(made, placed, near, steps, strict=True)
    )
    distortion, twin = _control(objective, axes, made, placed, again) if control else (None, "not asked for")
    centre = float(near[0, 2])
    cosine = 0.0 if count == 1 else float(torch.cosine_similarity(*vectors.double(), dim=0))
    kind = axes if isinstance(axes, str) else "given"
    return kind, described, rest.reshape((points,) * count), centre, epsilon * abs(centre), cosine, distortion, twin


def _directions(
    objective: Objective, axes: Axes, count: int, generator: torch.Generator | None
) -> tuple[Direction, ...]:
    if isinstance(axes, str):
        return directions(objective, axes, count, generator)
    if isinstance(axes, Eigenpair):
        if count > 1:
            raise BadInput(f"this needs {count} axes, got one eigenpair. Pass 'hessian' for the largest of them.")
        return (eigenvector(objective, axes.vector, float(axes.value)),)
    return given(objective, axes, count)


def _coordinates(span: float | tuple[float, float], points: int) -> Float[Tensor, " m"]:
    low, high = (-span, span) if isinstance(span, int | float) else span
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise BadInput(f"a span must be a positive number or go from less to more, got {span}.")
    if low == -high:  # symmetric to the last bit, so that an odd number of points has 0 among them
        return high * torch.linspace(1 - points, points - 1, points, dtype=torch.float64) / (points - 1)
    return torch.linspace(low, high, points, dtype=torch.float64)


def _curvature(five: Float[Tensor, "5"], step: float, epsilon: float) -> LineCurvature:
    """From losses two steps and one step back, here, one and two steps forth."""
    far, near = float(five[0] + five[4] - 2 * five[2]), float(five[1] + five[3] - 2 * five[2])
    rough, fine = near / step**2, (16 * near - far) / (12 * step**2)
    rounding = 64 / 12 * epsilon * float(five.abs().max()) / step**2
    return LineCurvature(fine, abs(fine - rough) + rounding, step)


def _control(
    objective: Objective, axes: Axes, made: Sequence[Direction], placed: Sequence[Tensor],
    generator: torch.Generator | None,
) -> tuple[float | None, str]:  # fmt: skip
    """The difference of the pictures along the axes, at the point and at the same function's other parameters."""
    if not isinstance(axes, str):
        return None, "the axes were given"
    found, absent = symmetries(objective)
    scaling = [each for each in found if each.name != "permutation"]
    if not scaling:
        return None, "; ".join(each.why for each in absent)
    twin, says = objective, "; ".join(each.says for each in scaling)
    for each in scaling:
        twin = each.of(twin)
    if not deviation(objective.outputs(), twin.outputs()) <= PRESERVED:
        return None, f"not the same function: {says}"
    other = directions(twin, axes, len(made), generator)
    rows = torch.block_diag(*[_thinned(places)[:, None] for places in placed])
    here = objective.losses(rows, torch.stack([each.vector for each in made]))
    there = twin.losses(rows, torch.stack([each.vector for each in other]))
    return _difference(here, there), says


def _difference(here: Tensor, there: Tensor) -> float:
    """The largest difference of two pictures, relative to how much the first varies."""
    both = torch.isfinite(here)
    if not bool((both == torch.isfinite(there)).all()) or not bool(both.any()):
        return math.inf
    spread = (here[both].max() - here[both].min()).clamp_min(torch.finfo(torch.float32).eps * here[both].abs().max())
    return float((here - there)[both].abs().max() / spread)


def _thinned(places: Tensor) -> Tensor:
    return places[torch.linspace(0, len(places) - 1, min(CONTROLLED, len(places))).round().long()]
