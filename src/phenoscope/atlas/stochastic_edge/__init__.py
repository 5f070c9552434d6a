"""The stochastic edge: with mini-batches it is their own curvature that is said to settle at 2/η."""

import dataclasses

from phenoscope.atlas.papers import COHEN_PAPER
from phenoscope.atlas.stochastic_edge.claims import ANDREYEV, FULL, MINI, SMALL, claims
from phenoscope.atlas.stochastic_edge.panels import panels
from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, BatchSharpness, Loss, Sharpness
from phenoscope.training import GradientDescent, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths, updates, updates between readings, mini-batches drawn for one."""

    examples: int
    widths: tuple[int, ...]
    steps: int
    every: int
    drawn: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 120, 20, 8),
    "laptop": Size(1000, (64, 64), 4000, 100, 32),
    "paper": Size(1500, (200, 200), 40_000, 200, 128),
}


@dataclasses.dataclass(frozen=True)
class Choice:
    """What suits a data set.

    Attributes:
        init_scale: of the weights; small, so that the sharpness begins below half of 2/η.
        rate: near the largest that the smallest mini-batch survives, as at small ones sharpening ends before the edge.
    """

    init_scale: float
    rate: float


CHOICES = {"digits": Choice(0.2, 0.5), "mnist1d": Choice(0.3, 0.5)}
BATCHES = (8, 32, 128)


def stochastic_edge(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Stochastic gradient descent with several batches on small tanh networks, at one learning rate.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits" or "mnist1d".
    """
    if data not in CHOICES:
        raise BadInput(f"the stochastic edge is set up for the data {', '.join(CHOICES)}, got {data!r}.")
    size, choice = SIZES[scale], CHOICES[data]
    batches = tuple(batch for batch in BATCHES if batch < size.examples)
    mini = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=MLP(size.widths, activation="tanh", init_scale=choice.init_scale),
        loss=SquaredError(),
        rule=GradientDescent(choice.rate),
        steps=size.steps,
        batch=batches[0],
    )
    probes = (
        Loss(size.every), Sharpness(size.every), BatchSharpness(size.every, size.drawn), Accuracy(size.every),
    )  # fmt: skip
    arms = (
        Arm(MINI, mini, probes, {"batch": batches}, says="several batches, one learning rate"),
        Arm(
            FULL, dataclasses.replace(mini, batch=size.examples), probes, role="control",
            says="the same rate with all examples in the batch, which leaves no noise",
        ),
        Arm(
            SMALL, dataclasses.replace(mini, rule=GradientDescent(choice.rate / 20)), probes, {"batch": batches[:2]},
            role="control", says="a twentieth of the rate: the edge stays out of reach",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="stochastic_edge",
        title="The stochastic edge",
        question="Does training with mini-batches settle where its step is just too large for the mini-batch's own "
        "curvature?",
        summary=(
            "With mini-batches the sharpness of the whole loss stays below 2/η, the lower the smaller the batch. What "
            "is said to settle at 2/η instead is the batch sharpness: the curvature of each mini-batch's loss along "
            "its own gradient, E[gᵀHg]/E‖g‖², g and H of the same mini-batch. The curvature of one mini-batch along "
            "the gradient of another is another number, and the mean of the ratios a third."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{ANDREYEV}: Edge of stochastic stability", "https://arxiv.org/abs/2412.20553"),
            COHEN_PAPER,
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
