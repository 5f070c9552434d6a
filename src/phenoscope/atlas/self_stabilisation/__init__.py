"""Self-stabilisation: two numbers found where training meets the edge foretell what it does there."""

import dataclasses

from phenoscope.atlas.self_stabilisation.claims import DAMIAN, DESCENT, FIRST, ONWARDS, claims
from phenoscope.atlas.self_stabilisation.panels import panels
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Loss, Mark, SelfStabilisation, ValleyFloor
from phenoscope.training import GradientDescent, Point, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths, the rate, updates in all, and from each point where the edge is met.

    One output and a small network leave a single curvature at the edge.
    """

    examples: int
    widths: tuple[int, ...]
    rate: float
    steps: int
    onwards: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (12,), 0.15, 200, 60),
    "laptop": Size(500, (12,), 0.15, 300, 800),
    "paper": Size(1000, (100,), 0.1, 3000, 1000),
}
EVEN, ODD = (0, 2, 4, 6, 8), (1, 3, 5, 7, 9)


def self_stabilisation(scale: Scale) -> Phenomenon:
    """Full-batch gradient descent in float64 on a network with one output, followed from where it meets the edge.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    descent = Recipe(
        data=Dataset(Sides(Digits(), EVEN, ODD), train=size.examples),
        model=MLP(size.widths, activation="tanh", init_scale=0.3),
        loss=SquaredError(),
        rule=GradientDescent(size.rate),
        steps=size.steps,
        dtype="float64",
    )
    once, again = (Mark(name, "crossings of the edge", at_least=n) for n, name in ((1, "met"), (2, "met again")))
    forks = [
        dataclasses.replace(descent, steps=size.onwards, start=Point(descent, mark.name)) for mark in (once, again)
    ]
    foretold = (ValleyFloor(), SelfStabilisation())
    arms = (
        Arm(
            DESCENT, descent, (Loss(), ValleyFloor()), marks=(once, again),
            says="even digits against odd ones, told by one output; it begins below the edge",
        ),
        Arm(ONWARDS, forks[1], foretold, says="the same from where it rises to the edge for the second time"),
        Arm(
            FIRST, forks[0], foretold, role="control",
            says="from the first time: there the sharpening itself still changes within the cycle",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="self_stabilisation",
        title="Self-stabilisation",
        question="Do two numbers, found where training meets the edge, foretell what it does there?",
        summary=(
            "Above the edge of stability the swing along the top eigenvector grows. Its square pulls the weights, "
            "through the third derivative of the loss, to where the sharpness is lower, until it is below the edge and "
            "the swing dies away; then the sharpness rises again. A map of two variables says so, with two numbers in "
            "it: how fast the sharpness rises by itself, and how strongly the swing lowers it. They are found at the "
            "crossing and laid beside what training does from there, on the floor of the valley, where the swing is "
            "taken out. Without the cubic term the map is the quadratic's, and diverges."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{DAMIAN.partition(', arXiv')[0]}: Self-stabilization, the implicit bias of gradient descent at the edge "
             "of stability", "https://arxiv.org/abs/2209.15594"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
