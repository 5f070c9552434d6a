"""Minimal models of the edge of stability: a few numbers and one example, where the end can be known in closed form."""

import dataclasses

from phenoscope.atlas.minimal_models.claims import (
    AGARWALA,
    FAR,
    KREISLER,
    LINEAR,
    SECOND_ORDER,
    SMALL,
    SMALL_THREE,
    THREE,
    TWO,
    ZHU,
    claims,
)
from phenoscope.atlas.minimal_models.panels import panels
from phenoscope.data import Dataset, One, SecondOrderMap
from phenoscope.models import Product, SecondOrder
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import FlowSharpness, Loss, RelativeProgress, Sharpness
from phenoscope.training import GradientDescent, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        steps: updates of the products.
        every: updates from one reading of the flow's end to the next; the sharpness is read 20 times as seldom.
        rate: of x² y²; the time to settle grows with its inverse square.
        three: rate and updates of the three scalars.
        outputs, parameters: of the map of second order.
        mapped: updates of that map.
    """

    steps: int
    every: int
    rate: float
    three: tuple[float, int]
    outputs: int
    parameters: int
    mapped: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(150, 1, 0.1, (0.35, 150), 10, 30, 100),
    "laptop": Size(1500, 1, 0.05, (0.3, 1500), 30, 60, 2500),
    "paper": Size(150_000, 10, 0.005, (0.2, 6000), 60, 120, 10_000),
}

SHORT = 60
"""Steps after which the small rate has converged; later its loss is nothing but rounding."""


def minimal_models(scale: Scale) -> Phenomenon:
    """Gradient descent in float64 on products of scalars, and on random maps of second order.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    return Phenomenon(
        name="minimal_models",
        title="Minimal models of the edge",
        question="How little does it take for gradient descent to end just below the edge of stability?",
        summary=(
            "Two or three numbers that are multiplied, and one example, show the edge of stability. Gradient flow "
            "would end in a minimum that is known in closed form from wherever one stands, since differences of "
            "squared weights are conserved. Where that minimum is sharper than 2/η, gradient descent oscillates, and "
            "each step moves it to a point from which flow would end flatter, until that is just below 2/η. Random "
            "maps of second order, without any structure of a network, sharpen and settle near 2/η as well; linear "
            "ones cannot."
        ),
        arms=_arms(SIZES[scale]),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{ZHU}: Understanding edge-of-stability training dynamics with a minimalist example",
             "https://arxiv.org/abs/2210.03294"),
            (f"{KREISLER}: Gradient descent monotonically decreases the sharpness of gradient flow solutions in scalar "
             "networks and beyond", "https://arxiv.org/abs/2305.13064"),
            (f"{AGARWALA}: Second-order regression models exhibit progressive sharpening to the edge of stability",
             "https://arxiv.org/abs/2210.04860"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _arms(size: Size) -> tuple[Arm, ...]:
    """What is trained, and the controls."""
    rate, steps = size.three
    two, three = _product((2, 2), size.rate, size.steps), _product((1, 1, 1), rate, steps, spread=0.1)
    far = dataclasses.replace(three, model=_start((1, 1, 1), rate, 5.0, 8.0, spread=0.1))
    second = Recipe(
        data=Dataset(SecondOrderMap(size.outputs, size.parameters, 0.33), scaling="none"),
        model=SecondOrder(size.parameters),
        loss=SquaredError(),
        rule=GradientDescent(0.4),
        steps=size.mapped,
        dtype="float64",
    )
    linear = Dataset(SecondOrderMap(size.outputs, size.parameters, 0.0), scaling="none")
    sharpness = Sharpness(20 * size.every)
    plain = (Loss(), RelativeProgress())
    pair = (*plain, FlowSharpness((2, 2), size.every), sharpness)
    triple = (*plain, FlowSharpness((1, 1, 1)), Sharpness(20))
    return (
        Arm(TWO, two, pair, says="½ (1 - x² y²)², from starts whose flow ends at 1.2 to 1.5 times 2/η"),
        Arm(
            SMALL, dataclasses.replace(two, rule=GradientDescent(size.rate / 10)), pair, role="control",
            says="the same starts at a tenth of the rate",
        ),
        Arm(THREE, three, triple, says="½ (1 - abc)², from starts whose flow ends at 1.2 to 1.5 times 2/η"),
        Arm(
            SMALL_THREE, dataclasses.replace(three, rule=GradientDescent(rate / 10), steps=SHORT),
            triple, role="control",
            says=f"the same starts at a tenth of the rate, {SHORT} steps: later the loss is nothing but rounding",
        ),
        Arm(
            FAR, far, triple, role="control",
            says="starts whose flow ends at 5 to 8 times 2/η, out of reach of the theorem",
        ),
        Arm(SECOND_ORDER, second, (*plain, sharpness), says="c + Jθ + ½ θᵀQθ with random c, J and Q"),
        Arm(
            LINEAR, dataclasses.replace(second, data=linear), (*plain, sharpness), role="control",
            says="the same maps with Q = 0",
        ),
    )  # fmt: skip


def _product(powers: tuple[int, ...], rate: float, steps: int, spread: float = 0.0) -> Recipe:
    """A product whose flow would end at 1.2 to 1.5 times 2/η."""
    return Recipe(
        data=Dataset(One(), scaling="none"),
        model=_start(powers, rate, 1.2, 1.5, spread),
        loss=SquaredError(),
        rule=GradientDescent(rate),
        steps=steps,
        dtype="float64",
    )


def _start(powers: tuple[int, ...], rate: float, low: float, high: float, spread: float) -> Product:
    return Product(powers, low * 2 / rate, high * 2 / rate, spread)
