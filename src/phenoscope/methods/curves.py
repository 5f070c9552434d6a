"""Curves of low loss between two solutions: trained, where the straight line crosses a barrier."""

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments import Barrier, Outcome, Path, Reading, path_barrier
from phenoscope.instruments.landscapes.barriers import POINTS, TOLERANCE
from phenoscope.instruments.landscapes.paths import Kind, Statistics, along, placed
from phenoscope.objective import Objective
from phenoscope.training import Adam, Cosine

RATE = 0.02
"""Of Adam, in units of the root mean square difference of a coordinate between the ends."""
CHECKS = 9
"""How often the mean loss along the curve is taken during training, its start and end included."""
GRID = 21
"""Places of that mean."""
SETTLED = 0.02
"""The last quarter of training may lower the mean loss by so much of all that was gained."""
TOGETHER = 500_000
"""Parameters x examples up to which the gradients of several networks are faster together (`benchmarks/cohorts.py`)."""


@dataclasses.dataclass(frozen=True)
class Curve(Reading):
    """A trained path between two points, and what the loss does along it.

    Attributes:
        value: the height of the loss along it: of the largest above the mean of the ends.
        path: the curve with its control points.
        barrier: along it, on a grid that was refined after training and shares no place with it.
        line: the barrier on the straight line between the same ends.
        means: the mean loss along the curve, over t, at equal distances of training: before it, ..., after it.
        late_fall: by how much the mean fell in the last quarter of training, as a share of all that it fell.
        bends: trained control points; a bend is not an end.
        steps: of training.
        rate: of Adam, at the first step.
        outcome: not converged where the last quarter still lowered the mean.
    """

    value: float
    path: Path
    barrier: Barrier
    line: Barrier
    means: Float[Tensor, " checks"]
    late_fall: float
    bends: int
    steps: int
    rate: float
    outcome: Outcome

    @property
    def losses(self) -> Float[Tensor, " m"]:
        """Along the curve, at `barrier.places`."""
        return self.barrier.losses

    @property
    def removed(self) -> float:
        """The share of the line's barrier that is gone."""
        return 1 - self.value / self.line.value

    @property
    def stretch(self) -> float:
        """Its length over the distance of the ends."""
        return self.path.length / self.path.distance

    @property
    def evidence(self) -> str:
        return (
            f"{self.removed:.1%} below the line's {self.line.value:.4g}; {self.bends} trained bend"
            f"{'' if self.bends == 1 else 's'}, {self.steps} steps, the last quarter made {self.late_fall:.1%} of the "
            f"fall; {self.stretch:.3g} times as long as the line; {self.outcome}; {self.barrier.evidence}"
        )

    def points(self, t: Float[Tensor, " m"]) -> Float[Tensor, "m p"]:
        """θ(t), rows of parameters; the ends at 0 and 1 to the last bit."""
        return self.path.points(t)


def curve(
    objective: Objective,
    start: Tensor | nn.Module,
    end: Tensor | nn.Module,
    *,
    kind: Kind = "bezier",
    bends: int = 1,
    steps: int = 1000,
    rate: float = RATE,
    places: int = 1,
    batch: int | None = None,
    points: int = POINTS,
    tol: float = TOLERANCE,
    errors: bool = False,
    statistics: Statistics = "recomputed",
    generator: Generator | None = None,
) -> Curve:
    r"""A curve between two points whose mean loss over t, $\int_0^1 L(\theta(t))\,dt$, is trained to be low.

    Garipov et al. 2018, arXiv:1802.10026: at each step a uniform t is drawn, and the bends follow the gradient of the
    loss at θ(t). Here Adam follows it, at a rate that falls to 0 along a cosine. The bends start on the straight line;
    with `steps=0` they stay there, and so they do where both ends are one point. That t is uniform does not make the
    points uniform in length.

    Args:
        objective: the loss that is to be low; its model is only asked for its shape.
        start: (p,) as `objective.point`, or a model that is there.
        end: likewise.
        kind: "bezier" or "polygon", a chain of straight pieces.
        bends: trained control points, one at least. (Where other programs count the ends as well, their three are
            one here.)
        steps: of training.
        rate: of Adam, in units of the root mean square difference of a coordinate between the ends.
        places: t drawn at each step, one from each of so many equal parts.
        batch: examples drawn at each step; all of them unless given.
        points: of the first grid on which the trained curve is measured.
        tol: of that measurement, as for `barrier`.
        errors: whether to take the share of wrong predictions along it, too.
        statistics: of normalisation layers along the path, as for `barrier`.
        generator: of t and of the examples; seeded with 0 unless given.

    Returns:
        `Curve`: value, path, barrier, line, means, late_fall, bends, steps, rate, outcome.

    Raises:
        BadInput: numbers below 1 (steps below 0), points of another shape.

    Example:
        >>> ring = nn.Linear(2, 1, bias=False)  # the loss (‖w‖² - 1)² is low on a circle
        >>> def loss(outputs, _):
        ...     return (outputs.square().sum() - 1).square()
        >>> objective = Objective(ring, loss, (torch.eye(2), torch.zeros(2, 1)))
        >>> found = curve(objective, torch.tensor([-1.0, 0.1]), torch.tensor([1.0, 0.1]), bends=2, steps=300)
        >>> round(found.line.value, 1), found.value < 0.1
        (1.0, True)
    """
    _check(bends, steps, rate, places)
    generator = seeded(generator)
    ends = torch.stack([placed(objective, start, "start"), placed(objective, end, "end")])
    taken, _ = along(objective, statistics)
    spaced = Path(ends).points(torch.linspace(0, 1, bends + 2, dtype=torch.float64))
    scale = float(ends[0].sub(ends[1]).double().square().mean().sqrt())
    training = _Training(taken, kind, spaced, places, batch, generator)
    path, means = training.run(steps, rate * scale)
    measured: dict[str, Any] = {"points": points, "tol": tol, "errors": errors, "statistics": statistics}
    after, line = path_barrier(objective, path, **measured), path_barrier(objective, Path(ends), **measured)
    late = _late_fall(means)
    outcome = Outcome.CONVERGED if late <= SETTLED else Outcome.NOT_CONVERGED
    if not bool(torch.isfinite(means).all()):
        outcome = Outcome.NOT_FINITE
    return Curve(after.value, path, after, line, means, late, bends, steps, rate * scale, outcome)


@dataclasses.dataclass(frozen=True)
class _Training:
    objective: Objective
    kind: Kind
    controls: Float[Tensor, "k p"]
    places: int
    batch: int | None
    generator: Generator

    def run(self, steps: int, rate: float) -> tuple[Path, Float[Tensor, " checks"]]:
        """The trained path, and its mean losses on the way."""
        bends = self.controls[1:-1].clone()
        if not rate or not steps:
            return self._path(bends), self._mean(bends).expand(CHECKS)
        rule = Adam(Cosine(rate, steps))
        memory = rule.init(bends)
        checked = torch.linspace(0, steps, CHECKS).round().long().tolist()
        means = [self._mean(bends)] * checked.count(0)
        for step in range(steps):
            bends, memory = rule.update(self._gradient(bends), bends, memory, step)
            if step + 1 in checked:
                means += [self._mean(bends)] * checked.count(step + 1)
        return self._path(bends), torch.stack(means)

    def _path(self, bends: Tensor) -> Path:
        return Path(torch.cat([self.controls[:1], bends, self.controls[-1:]]), self.kind)

    def _mean(self, bends: Tensor) -> Tensor:
        grid = torch.linspace(0, 1, GRID, dtype=torch.float64)
        return torch.trapezoid(self._path(bends).losses(self.objective, grid), grid)

    def _gradient(self, bends: Tensor) -> Float[Tensor, "b p"]:
        """At the places drawn."""
        drawn = torch.rand(self.places, generator=self.generator, device=self.generator.device, dtype=torch.float64)
        t = (torch.arange(self.places) + drawn.cpu()) / self.places
        return bends_gradient(self._drawn(), self._path(bends), t)

    def _drawn(self) -> Objective:
        if self.batch is None:
            return self.objective
        return self.objective.sampled(self.batch, generator=self.generator)[0]


def bends_gradient(objective: Objective, path: Path, t: Float[Tensor, " m"]) -> Float[Tensor, "b p"]:
    """The gradient of the mean loss at these places in the bends: each has its share of the gradient there."""
    shares = path.weights(t)[:, 1:-1].to(path.controls)  # (m, b)
    return shares.mT @ gradients(objective, path.points(t)) / len(t)


def gradients(objective: Objective, points: Float[Tensor, "n p"]) -> Float[Tensor, "n p"]:
    """∇L at several points, together where that is faster."""
    one = len(points) == 1 or points.shape[1] * sum(objective.partition) > TOGETHER
    each: Callable[[Tensor], Tensor] = lambda row: objective.at(row).gradient[0]  # noqa: E731
    return torch.stack([each(row) for row in points]) if one else objective.at(points).gradient


def _late_fall(means: Tensor) -> float:
    """The share of the whole fall that the last quarter made; 0 where nothing fell."""
    first, late, last = (float(means[place]) for place in (0, -1 - (CHECKS - 1) // 4, -1))
    return max(0.0, (late - last) / (first - last)) if first > last else 0.0


def _check(bends: int, steps: int, rate: float, places: int) -> None:
    if bends < 1 or places < 1 or steps < 0:
        raise BadInput(
            f"a curve needs at least 1 trained bend and 1 place a step, and no fewer than 0 steps; got {bends}, "
            f"{places} and {steps}. Without bends it is the straight line: `ps.barrier`."
        )
    if not rate > 0:
        raise BadInput(f"`rate` must be positive, got {rate}.")
