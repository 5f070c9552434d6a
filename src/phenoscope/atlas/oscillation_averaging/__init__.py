"""Oscillation at the edge: the motion averages out, and what is left of training goes down all the same."""

import dataclasses

from phenoscope.atlas.oscillation_averaging.claims import AHN, DESCENT, ONE, SMALL, claims
from phenoscope.atlas.oscillation_averaging.panels import panels
from phenoscope.atlas.papers import COHEN_PAPER
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Loss, RelativeProgress, Sharpness, TwoStepMean, WithoutTop
from phenoscope.training import GradientDescent, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths with ten outputs and with one, updates, and the block of an average."""

    examples: int
    widths: tuple[int, ...]
    one: tuple[int, ...]
    steps: int
    block: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(40, (8,), (6,), 90, 30),
    "laptop": Size(200, (32,), (12,), 900, 150),
    "paper": Size(1000, (100, 100), (100, 100), 6000, 500),
}
RATES = {"ten": 0.3, "one": 0.15}
"""At which training begins below the edge, and meets it soon; the sharpness of one output is twice as large."""

EVEN, ODD = (0, 2, 4, 6, 8), (1, 3, 5, 7, 9)


def oscillation_averaging(scale: Scale) -> Phenomenon:
    """Full-batch gradient descent in float64, read at every step of its last third.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    descent = Recipe(
        data=Dataset(Digits(), train=size.examples),
        model=MLP(size.widths, activation="tanh", init_scale=0.2),
        loss=SquaredError(),
        rule=GradientDescent(RATES["ten"]),
        steps=size.steps,
        dtype="float64",
    )
    one = dataclasses.replace(
        descent,
        data=Dataset(Sides(Digits(), EVEN, ODD), train=size.examples),
        model=MLP(size.one, activation="tanh", init_scale=0.3),
        rule=GradientDescent(RATES["one"]),
    )
    late = size.steps * 2 // 3
    probes = (Loss(), RelativeProgress(), Sharpness(1, k=2, challenge_every=20, along=True), TwoStepMean(late))
    arms = (
        Arm(DESCENT, descent, (*probes, WithoutTop((1, 8), late)), says="the ten digits, an output each"),
        Arm(ONE, one, (*probes, WithoutTop((1,), late)), says="even digits against odd ones, told by one output"),
        Arm(
            SMALL, dataclasses.replace(descent, rule=GradientDescent(RATES["ten"] / 10)), probes,
            role="control", says="the ten digits at a tenth of the rate: the edge stays out of reach",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="oscillation_averaging",
        title="Oscillation that averages out",
        question="Does the motion at the edge of stability average out, and does training go on underneath it?",
        summary=(
            "At the edge of stability the loss goes up and down from step to step, and what a gradient promises is on "
            "average not kept: the loss changes by next to nothing in parts of η‖∇L‖². The descent lemma, by which a "
            "step must lower the loss below 2/η and may raise it above, is no better than a coin. Yet most of the "
            "gradient is a swing from side to side along the few sharpest directions. In the mean of two steps, or on "
            "the floor of the valley along those directions, it is gone, and the loss there falls nearly all the time."
        ),
        arms=arms,
        claims=claims(size.block),
        panels=panels(),
        sources=(
            (f"{AHN.partition(', arXiv')[0]}: Understanding the unstable convergence of gradient descent",
             "https://arxiv.org/abs/2204.01050"),
            COHEN_PAPER,
            ("Damian, Nichani, Lee 2022: Self-stabilization, the implicit bias of gradient descent at the edge of "
             "stability", "https://arxiv.org/abs/2209.15594"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
