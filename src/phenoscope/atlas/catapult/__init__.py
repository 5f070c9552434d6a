"""The catapult: a step that is too large for the start throws wide networks into flatter country."""

import dataclasses

from phenoscope.atlas.catapult.claims import (
    BEYOND,
    CATAPULT,
    FAR,
    FROZEN,
    LAZY,
    LEWKOWYCZ,
    RELU,
    claims,
)
from phenoscope.atlas.catapult.panels import panels
from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.models import MLP, DeepLinear
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, DeadUnits, LearningRate, Loss, Sharpness
from phenoscope.training import GradientDescent, PerSharpness, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, width, updates, and updates from one reading to the next."""

    examples: int
    width: int
    steps: int
    every: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(60, 64, 100, 10),
    "laptop": Size(300, 512, 300, 10),
    "paper": Size(1000, 2048, 1000, 10),
}


def catapult(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Full-batch gradient descent on wide two-layer networks at rates in units of the curvature at each start.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits" or "mnist1d".
    """
    if data not in ("digits", "mnist1d"):
        raise BadInput(f"the catapult is set up for digits and mnist1d, got {data!r}.")
    size = SIZES[scale]
    linear = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=DeepLinear((size.width,), parametrisation="ntk"),
        loss=SquaredError(),
        rule=GradientDescent(PerSharpness(3.0, "gauss_newton")),
        steps=size.steps,
    )
    relu = dataclasses.replace(
        linear, model=MLP((size.width,), activation="relu", bias=False, init="he", parametrisation="ntk")
    )
    frozen = dataclasses.replace(linear, dynamics="linearised")
    probes = (Loss(), LearningRate(size.steps), Sharpness(size.every), Accuracy(5 * size.every))
    counted = (*probes, DeadUnits(5 * size.every))
    times = "lr.times"
    arms = (
        Arm(
            CATAPULT, linear, probes, {times: (2.7, 3.1, 3.5)},
            says="a two-layer linear network, η λ₀ between 2 and 4, λ₀ the largest tangent-kernel eigenvalue",
        ),
        Arm(LAZY, linear, probes, {times: (0.5, 1.5)}, role="control", says="the same with η λ₀ below 2"),
        Arm(BEYOND, linear, probes, {times: (5.0, 8.0)}, role="control", says="the same with η λ₀ above 4"),
        Arm(
            FROZEN, frozen, probes, {times: (2.5, 3.1)}, role="control",
            says="frozen features: the network's Taylor expansion at its start, whose curvature cannot fall",
        ),
        Arm(RELU, relu, counted, {times: (4.5, 5.0)}, says="a two-layer ReLU network, η λ₀ somewhat above 4"),
        Arm(
            FAR, relu, counted, {times: (24.0, 96.0)}, role="control",
            says="the ReLU network with η λ₀ far above the 12 at which such networks were reported to diverge",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="catapult",
        title="The catapult",
        question="Can a step that is too large for the curvature at the start end in flatter country, and not diverge?",
        summary=(
            "Near its start a wide network is nearly linear in its parameters, and gradient descent is stable if η λ₀ "
            "is below 2, λ₀ the largest curvature. Above 2 the loss grows, until it is so large that the parameters "
            "move and the curvature falls below 2/η; then the loss falls, too. Above 4 a two-layer linear network "
            "diverges; ReLU networks bear more, at a price: their units die."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=((f"{LEWKOWYCZ}: The large learning rate phase of deep learning, the catapult mechanism",
                  "https://arxiv.org/abs/2003.02218"),),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
