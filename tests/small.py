"""Small recipes and phenomena that train in milliseconds, and what their readings must be by another route."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from phenoscope.claims import AtLeast, Claim, Measured, Setting, last_value
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import dataset
from phenoscope.methods import Found
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import Arm, Phenomenon
from phenoscope.probes import Loss
from phenoscope.training import GradientDescent, Recipe

DATA = dataset("gaussian_clusters", classes=2, dimensions=3, separation=2.0, examples=24, train=16, test=8)
LOSS, LR = Measured("loss"), Setting("lr")


def recipe(lr: Any = 0.1, *, steps: int = 6, **options: Any) -> Recipe:
    """A perceptron with 26 parameters in float64."""
    parts: dict[str, Any] = {"data": DATA, "model": MLP((4,), activation="tanh"), "loss": SquaredError()}
    rule = options.pop("rule", None) or GradientDescent(lr)
    return Recipe(**(parts | {"rule": rule, "steps": steps, "dtype": "float64"} | options))


@spec
class Growth:
    """A computation: x' = `factor` x from a start that the seed draws; it diverges above a thousand.

    Attributes:
        wrong: the name of another series that it writes at its end.
    """

    factor: float = 1.5
    steps: int = 6
    seed: int = 0
    wrong: str = ""

    @property
    def units(self) -> Mapping[str, str]:
        return {"x": "1"}

    def readings(self) -> Iterator[Found]:
        x = 1 + torch.rand((), generator=stream(self.seed, "start"), dtype=torch.float64).item()
        for step in range(self.steps + 1):
            yield Found(step, {"x": x, "x.residual": 1e-16 * x}, diverged=x > 1000)
            if x > 1000:
                return
            x *= self.factor
        if self.wrong:
            yield Found(self.steps, {self.wrong: 1.0})


def arm(
    name: str = "main", made: Recipe | Growth | None = None, probes: tuple[Any, ...] = (Loss(),), **options: Any
) -> Arm:
    """One arm; the recipe above unless another is given."""
    return Arm(name, made or recipe(), () if isinstance(made, Growth) else probes, **options)


def claim(**options: Any) -> Claim:
    """A claim that holds: a loss is not negative."""
    parts = {"says": "the loss stays at least 0", "source": "by hand", "statistic": last_value(LOSS)}
    return Claim(**(parts | {"region": AtLeast(0.0), "on": "main"} | options))


def phenomenon(*arms: Arm, **options: Any) -> Phenomenon:
    """A phenomenon of these arms at the smoke scale."""
    parts: dict[str, Any] = {"name": "tiny", "title": "Tiny", "question": "Is it small?", "summary": "A test."}
    parts |= {"arms": arms or (arm(),), "claims": (claim(on=arms[0].name if arms else "main"),), "scale": "smoke"}
    return Phenomenon(**(parts | options))


def losses(made: Recipe, point: torch.Tensor) -> torch.Tensor:
    """The mean squared-error loss of the small perceptron at a point, written out by hand."""
    train = made.data.draw(stream(made.seed, "data")).train
    inputs, labels = train.inputs.double(), train.targets
    first, second = point[:12].reshape(4, 3), point[16:24].reshape(2, 4)
    outputs = torch.tanh(inputs @ first.T + point[12:16]) @ second.T + point[24:26]
    targets = torch.nn.functional.one_hot(labels, 2).double()
    return ((outputs - targets) ** 2).sum() / (2 * len(labels))


def path(made: Recipe) -> list[torch.Tensor]:
    """The points of plain gradient descent from the recipe's initialisation, by autograd alone."""
    from phenoscope.core.points import point

    generator = stream(made.seed, "initialisation")
    model = made.model.build(generator, inputs=(3,), outputs=2, dtype=torch.float64)
    points = [point(model)]
    for _ in range(made.steps):
        here = points[-1].clone().requires_grad_()
        (gradient,) = torch.autograd.grad(losses(made, here), here)
        points.append((here - made.rule.lr * gradient).detach())  # type: ignore[operator]
    return points


def seeded(made: Recipe, seed: int) -> Recipe:
    """The recipe with another seed."""
    return dataclasses.replace(made, seed=seed)
