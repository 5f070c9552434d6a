"""The edge of stability: full-batch gradient descent drives the sharpness to 2/η and hovers there."""

import dataclasses

from phenoscope.atlas.edge_of_stability.claims import claims
from phenoscope.atlas.edge_of_stability.panels import panels
from phenoscope.atlas.papers import COHEN_PAPER
from phenoscope.comparisons import Comparison, departure
from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy, SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, AlongFirst, GradientNorm, Loss, Mark, RelativeProgress, Sharpness
from phenoscope.training import GradientDescent, HeavyBall, Point, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is; `block` is the window, in steps, over which the loss must fall on average."""

    examples: int
    widths: tuple[int, ...]
    steps: int
    every: int
    block: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(examples=100, widths=(16,), steps=300, every=10, block=100),
    "laptop": Size(examples=1000, widths=(100, 100), steps=1500, every=25, block=500),
    "paper": Size(examples=5000, widths=(200, 200), steps=10_000, every=20, block=500),
}


@dataclasses.dataclass(frozen=True)
class Choice:
    """What suits a data set: each rate's edge is out of reach at the start, and within reach of the steps.

    Attributes:
        init_scale: of the weights, against LeCun's; small, so that the initial sharpness is below half of 2/η.
        rates: of gradient descent with squared error.
        heavy_ball: the rate with momentum 0.9; this arm takes more steps, as it settles at its edge late.
        cross_entropy: the rate with cross-entropy.
        most: examples to train on at most, so that some are left for testing.
    """

    init_scale: float
    rates: tuple[float, ...]
    heavy_ball: float
    cross_entropy: float
    most: int


CHOICES = {
    "digits": Choice(0.2, (0.2, 0.3, 0.4), heavy_ball=0.15, cross_entropy=0.5, most=1500),
    "mnist1d": Choice(0.3, (0.2, 0.25, 0.3), heavy_ball=0.12, cross_entropy=0.5, most=4000),
    "fashion_mnist": Choice(0.2, (0.05, 0.065, 0.08), heavy_ball=0.03, cross_entropy=0.1, most=60_000),
}


def edge_of_stability(scale: Scale, *, data: str = "digits", rates: tuple[float, ...] | None = None) -> Phenomenon:
    """Full-batch gradient descent on small tanh networks, where theory for quadratics says it should diverge.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits", "mnist1d" or "fashion_mnist".
        rates: learning rates of the main arm; those of the data set unless given.
    """
    if data not in CHOICES:
        raise BadInput(f"the edge of stability is set up for the data {', '.join(CHOICES)}, got {data!r}.")
    size, choice = SIZES[scale], CHOICES[data]
    chosen = rates or choice.rates
    middle = chosen[len(chosen) // 2]
    sharpness = Sharpness(size.every, challenge_every=5, along=True)
    probes = (Loss(), GradientNorm(), RelativeProgress(), sharpness, Accuracy(5 * size.every))
    descent = Recipe(
        data=dataset(data, train=min(size.examples, choice.most), flat=True),
        model=MLP(size.widths, activation="tanh", init_scale=choice.init_scale),
        loss=SquaredError(),
        rule=GradientDescent(middle),
        steps=size.steps,
    )
    mark = Mark("above the edge", "sharpness / threshold", at_least=1.03, after=size.steps // 2)
    # the descent that the forks leave is that of the main arm, at the middle rate
    fork = dataclasses.replace(descent, steps=100, start=Point(descent, mark.name))
    short = (Loss(), AlongFirst(), Sharpness(every=20, challenge_every=5))
    arms = (
        Arm("gradient descent", descent, probes, {"lr": chosen}, (mark,), says="full batch, no momentum"),
        Arm(
            "heavy ball",
            dataclasses.replace(descent, rule=HeavyBall(choice.heavy_ball, 0.9), steps=size.steps * 4 // 3),
            probes, says="momentum 0.9, a third more steps, as it settles late",
        ),
        Arm(
            "cross-entropy",
            dataclasses.replace(descent, loss=CrossEntropy(), rule=GradientDescent(choice.cross_entropy)),
            probes, says="the other usual loss",
        ),
        Arm(
            "small step", dataclasses.replace(descent, rule=GradientDescent(min(chosen) / 10)), probes,
            role="control", says="a tenth of the smallest rate: the edge stays out of reach",
        ),
        Arm(
            "linearised", dataclasses.replace(descent, dynamics="linearised", steps=size.steps // 3), probes,
            role="control", says="frozen features: the model's Taylor expansion at its start; a third of the steps",
        ),
        Arm(
            "local quadratic", dataclasses.replace(fork, dynamics="quadratic"), short,
            role="control", says="gradient descent on the loss's quadratic model at a point above the edge",
        ),
        Arm("network from there", fork, short, says="the network itself from the same point"),
    )  # fmt: skip
    return Phenomenon(
        name="edge_of_stability",
        title="The edge of stability",
        question="Does full-batch gradient descent settle where its step size is just too large for the curvature?",
        summary=(
            "On a quadratic, gradient descent with rate η diverges once the largest curvature exceeds 2/η. On networks "
            "the sharpness, the largest eigenvalue of the Hessian, first rises until it meets that threshold, and then "
            "hovers there: the loss goes up and down from step to step and falls all the same."
        ),
        arms=arms,
        claims=claims(size.block),
        comparisons=(
            Comparison(
                "against small step", ("gradient descent", "small step"), departure, ("relative distance", "cosine")
            ),
        ),
        panels=panels(),
        sources=(
            COHEN_PAPER,
            ("Damian, Nichani, Lee 2022: Self-stabilization, the implicit bias of gradient descent at the edge of "
             "stability", "https://arxiv.org/abs/2209.15594"),
        ),
        scale=scale,
        options={"data": data} | ({"rates": rates} if rates else {}),
        pilot_seeds=PILOTS,
    )  # fmt: skip
