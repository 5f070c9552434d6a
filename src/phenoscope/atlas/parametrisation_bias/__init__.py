"""One function class in several parametrisations; and what is left of their descriptions in deep networks."""

import dataclasses

from phenoscope.atlas.fitted import there, training
from phenoscope.atlas.parametrisation_bias.claims import (
    CONVOLUTION,
    DEEP,
    DENSE,
    DIAGONAL,
    GUNASEKAR,
    LARGE,
    MOROSHKO,
    NORMALISED,
    OVER,
    PLAIN,
    SHALLOW,
    claims,
)
from phenoscope.atlas.parametrisation_bias.panels import panels
from phenoscope.data import MNIST1D, Dataset, Sides, dataset
from phenoscope.methods import ProductDescent
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Instruments
from phenoscope.training import GradientDescent, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples and doublings of the linear models; of the networks the rest."""

    examples: int
    doublings: int
    trained: int
    width: int
    level: float
    steps: int
    rates: tuple[float, ...]
    starts: tuple[float, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(8, 8, 40, 16, 0.5, 300, (0.1, 0.2), (0.5, 1.0)),
    "laptop": Size(20, 14, 300, 64, 0.1, 3000, (0.04, 0.08, 0.16, 0.32), (0.5, 0.75, 1.0, 1.5, 2.0)),
    "paper": Size(40, 20, 1000, 256, 0.05, 20_000, (0.02, 0.04, 0.08, 0.16, 0.32), (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)),
}


def parametrisation_bias(scale: Scale) -> Phenomenon:
    """Two classes of MNIST-1D by linear models written in five ways, and digits by networks of many starts and rates.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    return Phenomenon(
        name="parametrisation_bias",
        title="What the parametrisation prefers",
        question="Do the same functions, written with other parameters, lead to the same solution?",
        summary=(
            "A linear model can be written as its weights, as products of them, as convolutions or matrices, or as a "
            "length and a direction. No way of writing adds a function, and descent from any start ends at a largest "
            "margin; but each way has a norm of its own in which it is the largest. Are such descriptions of any use "
            "for deep networks? Networks of many starts and rates are trained to one loss, and it is asked whether "
            "those of shorter weights, or of lower rank, are the better ones."
        ),
        arms=(*_linear(size), *_networks(size)),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{GUNASEKAR}: Implicit bias of gradient descent on linear convolutional networks",
             "https://arxiv.org/abs/1806.00468"),
            (f"{MOROSHKO}: Implicit bias in deep linear classification: initialization scale vs training accuracy",
             "https://arxiv.org/abs/2007.06738"),
            ("Wu et al. 2019: Implicit regularization and convergence for weight normalization",
             "https://arxiv.org/abs/1911.07956"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _linear(size: Size) -> tuple[Arm, ...]:
    data = Dataset(Sides(MNIST1D(), plus=(0,), minus=(1,)), train=size.examples, scaling="centre", flat=True)
    two = ProductDescent(data, scale=0.3, rate=4.0, twice=True, steps=size.doublings)
    diagonal = dataclasses.replace(two, layers="diagonal", rate=16.0)
    return (
        Arm(PLAIN, dataclasses.replace(two, depth=1), says="β itself"),
        Arm(DENSE, dataclasses.replace(two, layers="dense", rate=1.0), says="a square matrix and a vector"),
        Arm(
            NORMALISED, dataclasses.replace(two, layers="normalised", scale=1.0, rate=64.0),
            says="a length and a direction, β = g v / ‖v‖",
        ),
        Arm(DIAGONAL, diagonal, says="β = u ∘ v, entry by entry"),
        Arm(CONVOLUTION, two, says="β = u ∗ v, as wide as the input"),
        Arm(
            LARGE, dataclasses.replace(diagonal, scale=200.0), role="control",
            says="the same from a start that is 667 times as large",
        ),
    )  # fmt: skip


def _networks(size: Size) -> tuple[Arm, ...]:
    deep = Recipe(
        data=dataset("digits", train=size.trained, flat=True),
        model=MLP((size.width,) * 3, activation="tanh"),
        loss=CrossEntropy(),
        rule=GradientDescent(size.rates[0]),
        steps=size.steps,
        batch=20,
    )
    shallow = dataclasses.replace(deep, model=MLP((size.width,), activation="relu", bias=False, init="he"))
    probes = (Accuracy(every=2), Instruments(("weight_norm", "weight_rank"), every=2))
    sweep: dict[str, tuple[float, ...]] = dict(zip(OVER, (size.rates, size.starts), strict=True))
    trained = [training(recipe, sweep, size.level) for recipe in (deep, shallow)]
    return (
        dataclasses.replace(trained[0], name=f"training, {DEEP}"),
        Arm(DEEP, there(deep), probes, sweep, says="three layers of tanh units with biases: not homogeneous"),
        dataclasses.replace(trained[1], name=f"training, {SHALLOW}", role="control"),
        Arm(SHALLOW, there(shallow), probes, sweep, role="control", says="one layer of ReLU units without biases"),
    )
