"""What is trained to see whether large steps find sparse features."""

import dataclasses

from phenoscope.atlas.sparse_features.claims import (
    LINEAR,
    LINEAR_FULL,
    LINEAR_LARGE,
    LINEAR_SMALL,
    RATE,
    RELU,
    RELU_FULL,
    RELU_LARGE,
    RELU_LONG,
    RELU_SMALL,
)
from phenoscope.data import Dataset, SparseRegression, dataset
from phenoscope.models import MLP, DiagonalLinear
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import Arm, Scale
from phenoscope.probes import Accuracy, Features, HeldOutLoss, Loss
from phenoscope.training import Drop, GradientDescent, Recipe, Warmup, with_setting


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is; `steps` of the diagonal network and of the ReLU network, and when their rates drop."""

    examples: int
    width: int
    support: int
    dimensions: int
    steps: tuple[int, int]
    drop: tuple[int, int]
    warmup: tuple[int, int]


SIZES: dict[Scale, Size] = {
    "smoke": Size(80, 20, 2, 30, (240, 80), (150, 48), (20, 10)),
    "laptop": Size(300, 100, 5, 100, (9000, 4000), (6000, 3000), (500, 300)),
    "paper": Size(1000, 400, 10, 400, (60_000, 40_000), (40_000, 30_000), (2000, 2000)),
}

LINEAR_RATE, RELU_RATE = 0.0035, 0.01
"""The small steps; others are four and sixteen times as large."""


def arms(size: Size) -> tuple[Arm, ...]:
    """The linear arms, then the ReLU ones."""
    linear, relu = _linear(size), _relu(size)
    seldom, long = size.steps[0] // 60, size.steps[1] + 15 * size.drop[1]
    linear_probes, relu_probes = (Loss(seldom), HeldOutLoss(seldom)), _relu_probes(size.steps[1])
    linear_large = with_setting(linear, "then", 16 * LINEAR_RATE)
    relu_large = with_setting(relu, "then", 16 * RELU_RATE)
    return (
        Arm(LINEAR_LARGE, linear_large, linear_probes, says="one example a step, at 16 times the rate until it drops"),
        Arm(LINEAR, linear, linear_probes, _three(LINEAR_RATE), says="the same at 1, 4 and 16 times the rate"),
        Arm(LINEAR_SMALL, linear, linear_probes, role="control", says="the small rate throughout: a drop at time zero"),
        Arm(
            LINEAR_FULL, dataclasses.replace(linear_large, batch=None), linear_probes, role="control",
            says="all examples at each step, at 16 times the rate until it drops",
        ),
        Arm(RELU_LARGE, relu_large, relu_probes, says="four examples a step, at 16 times the rate until it drops"),
        Arm(RELU, relu, relu_probes, _three(RELU_RATE), says="the same at 1, 4 and 16 times the rate"),
        Arm(RELU_SMALL, relu, relu_probes, role="control", says="the small rate throughout: a drop at time zero"),
        Arm(
            RELU_FULL, dataclasses.replace(relu_large, batch=None), relu_probes, role="control",
            says="all examples at each step, at 16 times the rate until it drops",
        ),
        Arm(
            RELU_LONG, dataclasses.replace(relu, steps=long), _relu_probes(long), role="control",
            says="the small rate for so many steps that rate times steps is that of the large ones",
        ),
    )  # fmt: skip


def _linear(size: Size) -> Recipe:
    """Half as many examples as coefficients."""
    samples = size.dimensions // 2
    return Recipe(
        data=Dataset(
            SparseRegression(size.dimensions, size.support, samples + 500), train=samples, test=500, scaling="none"
        ),
        model=DiagonalLinear(init_scale=0.3),
        loss=SquaredError(),
        rule=_rule(LINEAR_RATE, size.warmup[0], size.drop[0]),
        steps=size.steps[0],
        batch=1,
    )


def _relu(size: Size) -> Recipe:
    return Recipe(
        data=dataset("digits", train=size.examples, test=700, flat=True),
        model=MLP((size.width,), activation="relu", init="he"),
        loss=SquaredError(),
        rule=_rule(RELU_RATE, size.warmup[1], size.drop[1]),
        steps=size.steps[1],
        batch=4,
    )


def _rule(rate: float, warmup: int, drop: int) -> GradientDescent:
    """A rate that rises, since large first steps would diverge, and drops; as large before the drop as after it."""
    return GradientDescent(Drop(Warmup(warmup, rate), drop, rate))


def _relu_probes(steps: int) -> tuple[object, ...]:
    """Forty readings of each."""
    every = steps // 40
    return Loss(every), HeldOutLoss(every), Accuracy(every), Features(every)


def _three(rate: float) -> dict[str, tuple[float, ...]]:
    return {RATE: (rate, 4 * rate, 16 * rate)}
