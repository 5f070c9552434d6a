"""Does descent with long steps drift along a valley of minima, and along which flow? Simulated, and foretold."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.theory import normalised_descent_flow, square_root_descent_flow

RULES = ("normalised", "square root", "plain")
SETTLED = 0.1
"""The part of the steps in which the descent comes to swing about the valley along its sharpest direction."""
WINDOWS = 40
"""Readings of a simulation."""


@dataclasses.dataclass(frozen=True)
class Valley:
    """L(a, b, z) = ½ h₁(z) (a - c(z))² + ½ h₂(z) b²: 0 along the bent curve (c(z), 0, z), between walls that change.

    h₁ = 6 + sin(z + p), h₂ = 2.5 - 1.5 sin(z + p) and c = ½ sin(z + q): the sharper wall is steeper where the other one
    is less so, so that the trace of the Hessian changes otherwise than its largest eigenvalue.

    Attributes:
        p, q: phases.
    """

    p: float
    q: float

    def loss(self, point: Float[Tensor, " 3"]) -> Float[Tensor, ""]:
        a, b, z = point
        return self.first(z) * (a - self.middle(z)).square() / 2 + self.second(z) * b.square() / 2

    def first(self, z: Tensor) -> Tensor:
        """h₁."""
        return 6 + torch.sin(z + self.p)

    def second(self, z: Tensor) -> Tensor:
        """h₂."""
        return 2.5 - 1.5 * torch.sin(z + self.p)

    def middle(self, z: Tensor) -> Tensor:
        """C."""
        return torch.sin(z + self.q) / 2

    def bend(self, z: Tensor) -> Tensor:
        """1 + c'²: a step dz along the valley is √bend long."""
        return 1 + torch.cos(z + self.q).square() / 4

    def sharpness(self, z: Tensor) -> Tensor:
        """The largest eigenvalue of the Hessian in the valley: across it the wall is h₁, over a slanted distance."""
        return self.first(z) * self.bend(z)

    def trace(self, z: Tensor) -> Tensor:
        """The sum of the eigenvalues there."""
        return self.sharpness(z) + self.second(z)

    def nearest(self, point: Float[Tensor, " 3"]) -> Tensor:
        """The z of the valley's point nearest to one beside it, to second order in the distance."""
        a, _, z = point
        slope = torch.cos(z + self.q) / 2
        return z + (a - self.middle(z)) * slope / self.bend(z)


@spec
class ValleyDescent:
    """Descent from beside a bent valley of minima in three dimensions, and the flows that are to foretell its drift.

    The rules are θ' = θ - η ∇L/‖∇L‖ ("normalised"), θ' = θ - η ∇√L ("square root") and θ' = θ - η ∇L ("plain"). Time
    is η² a step. `place` is the z of the valley's point nearest to the mean of two steps, `drift` how far it has come
    since a tenth of the steps. From there `drift by log sharpness` follows the flow of normalised descent, `drift by
    sharpness` that of descent on √L, and `drift by log trace` the first with the trace of the Hessian in place of its
    largest eigenvalue. `sharpness` and `trace` are those of the place.

    Source: Arora, Li, Panigrahi 2022, Understanding gradient descent on edge of stability in deep learning,
    arXiv:2205.09745.

    Attributes:
        rule: one of the three.
        rate: η.
        steps: T/η² for a time of T.
        seed: of the valley's phases and of the start.
    """

    rule: str = "normalised"
    rate: float = 0.02
    steps: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("rule", self.rule, RULES)
        if not 0 < self.rate < 0.2 or self.steps < 2 * WINDOWS:
            raise BadInput(
                f"a descent in the valley needs a rate above 0 and below 0.2 and at least {2 * WINDOWS} steps, got "
                f"{self.rate} and {self.steps}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        names = ["place", "drift", "drift by log sharpness", "drift by sharpness", "drift by log trace"]
        curvatures: dict[str, str] = dict.fromkeys(["sharpness", "trace"], "loss / parameter²")
        return dict.fromkeys(names, "parameter") | curvatures

    def drawn(self) -> tuple[Valley, Float[Tensor, " 3"]]:
        """The valley, and the start: where the sharpness changes most strongly, a little beside the floor."""
        generator = stream(self.seed, "valley")
        p, q, beside, aside = torch.rand(4, generator=generator, dtype=torch.float64).tolist()
        valley = Valley(2 * math.pi * p, 2 * math.pi * q)
        grid = torch.linspace(0, 2 * math.pi, 361, dtype=torch.float64)
        steepest = grid[_slope(valley.sharpness, grid).abs().argmax()]
        away = torch.stack((steepest.new_tensor(0.05 + 0.05 * beside), steepest.new_tensor(0.05 + 0.05 * aside)))
        return valley, torch.stack((valley.middle(steepest) + away[0], away[1], steepest))

    def readings(self) -> Iterator[Found]:
        valley, point = self.drawn()
        flows = self._flows(valley)
        start, before, reached = None, 0, {}
        for step, place in self._places(valley, point):
            if place is None:
                yield Found(step, {}, diverged=True)
                return
            if start is None:
                start, before, reached = place, step, dict.fromkeys(flows, place)
            time, before = self.rate**2 * (step - before), step
            reached = {name: _followed(flow, reached[name], time) for name, flow in flows.items()}
            values = {name: to - start for name, to in ({"drift": place} | reached).items()}
            values |= {"place": place, "sharpness": valley.sharpness(place), "trace": valley.trace(place)}
            yield Found(step, {name: value.item() for name, value in values.items()})

    def _places(self, valley: Valley, point: Float[Tensor, " 3"]) -> Iterator[tuple[int, Tensor | None]]:
        """The places that are read, by step, from when the descent has settled; `None` where it has left."""
        begin, every = int(SETTLED * self.steps), max(1, self.steps // WINDOWS)
        for step in range(1, self.steps + 1):
            last, point = point, self._moved(valley, point)
            if not bool(torch.isfinite(point).all()):
                yield step, None
                return
            if step >= begin and ((step - begin) % every == 0 or step == self.steps):
                yield step, valley.nearest((last + point) / 2)

    def _moved(self, valley: Valley, point: Float[Tensor, " 3"]) -> Float[Tensor, " 3"]:
        here = point.clone().requires_grad_()
        loss = valley.loss(here)
        (gradient,) = torch.autograd.grad(loss, here)
        if self.rule == "plain":
            return point - self.rate * gradient
        length = gradient.norm() if self.rule == "normalised" else 2 * loss.detach().sqrt()
        return point - self.rate * gradient / length  # at a minimum there is no direction, and the run ends

    def _flows(self, valley: Valley) -> dict[str, "Flow"]:
        return {
            "drift by log sharpness": Flow(valley, "normalised", "sharpness"),
            "drift by sharpness": Flow(valley, "square root", "sharpness"),
            "drift by log trace": Flow(valley, "normalised", "trace"),
        }


@dataclasses.dataclass(frozen=True)
class Flow:
    """A flow along the valley, as dz/dτ: of a rule, with the curvature that is to stand for λ₁."""

    valley: Valley
    rule: str
    curvature: str

    def __call__(self, z: Tensor) -> Tensor:
        of = getattr(self.valley, self.curvature)
        slope = _slope(of, z) / self.valley.bend(z)  # of dz along the valley, projected on it
        return normalised_descent_flow(of(z), slope) if self.rule == "normalised" else square_root_descent_flow(slope)


def _slope(of: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """Its derivative, at one place or at each of many."""
    here = z.clone().requires_grad_()
    (slope,) = torch.autograd.grad(of(here).sum(), here)
    return slope


def _followed(flow: Flow, z: Tensor, time: float) -> Tensor:
    """Where the flow is after a short time: one step of Runge and Kutta's fourth order."""
    one = flow(z)
    two = flow(z + time / 2 * one)
    three = flow(z + time / 2 * two)
    four = flow(z + time * three)
    return z + time / 6 * (one + 2 * two + 2 * three + four)
