"""The gradient in a tiny subspace: that it lies there does not mean that learning happens there."""

import dataclasses

from phenoscope.atlas.tiny_subspace.claims import (
    ALONE,
    BULK,
    CROSS_ENTROPY,
    DOMINANT,
    GUR_ARI,
    ONWARDS,
    RANDOM,
    SGD,
    SONG,
    WITHOUT,
    claims,
    progress,
)
from phenoscope.atlas.tiny_subspace.panels import panels
from phenoscope.comparisons import Comparison
from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy, SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Eigenspaces, Loss
from phenoscope.training import GradientDescent, Point, Projected, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is; at step `fork` the arms without a part of the gradient begin, for as many steps."""

    examples: int
    width: int
    batch: int
    steps: int
    fork: int
    every: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, 8, 20, 60, 20, 20),
    "laptop": Size(500, 24, 50, 600, 200, 100),
    "paper": Size(1500, 100, 50, 6000, 1000, 100),
}

CLASSES = 10


def tiny_subspace(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Stochastic gradient descent on small tanh networks, and the space of the ten largest curvatures.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits" or "mnist1d".
    """
    if data not in ("digits", "mnist1d"):
        raise BadInput(f"the tiny subspace is set up for digits and mnist1d, got {data!r}.")
    return Phenomenon(
        name="tiny_subspace",
        title="The gradient in a tiny subspace",
        question="The gradient lies mostly in the space of the few largest curvatures: is that where learning happens?",
        summary=(
            "After a short while, gradients of a classifier lie mostly in the space of as many top Hessian "
            "eigenvectors as there are classes, and that space hardly moves. It was read as the space in which "
            "learning happens. But where curvature is large the gradient is large and swings: training that leaves "
            "that part out lowers the loss nearly as far, and training in that space alone barely lowers it."
        ),
        arms=_arms(SIZES[scale], data),
        claims=claims(),
        comparisons=(
            Comparison(WITHOUT, (BULK, ONWARDS), progress, ("share of progress",)),
            Comparison(ALONE, (DOMINANT, ONWARDS), progress, ("share of progress",)),
        ),
        panels=panels(),
        sources=(
            (f"{GUR_ARI}: Gradient descent happens in a tiny subspace", "https://arxiv.org/abs/1812.04754"),
            (f"{SONG}: Does SGD really happen in tiny subspaces?", "https://arxiv.org/abs/2405.16002"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _arms(size: Size, data: str) -> tuple[Arm, ...]:
    """What is trained, and the controls."""
    sgd = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=MLP((size.width,)),
        loss=SquaredError(),
        rule=GradientDescent(0.1),
        steps=size.steps,
        batch=size.batch,
    )
    entropy = dataclasses.replace(sgd, loss=CrossEntropy(), rule=GradientDescent(0.5))
    fork = dataclasses.replace(sgd, steps=size.fork, start=Point(sgd, size.fork))
    spaces = Eigenspaces(size.every, k=CLASSES, batches=20)
    probes = (Loss(), spaces, Accuracy(size.every))
    short = (Loss(), Accuracy(size.every))
    bulk, dominant = (
        dataclasses.replace(fork, rule=Projected(GradientDescent(0.1), CLASSES, keep, every=2))
        for keep in ("bulk", "dominant")
    )
    return (
        Arm(SGD, sgd, probes, says="mini-batches of 50, squared error; the space of the ten largest curvatures"),
        Arm(
            RANDOM, sgd, (Loss(), dataclasses.replace(spaces, random=True), Accuracy(size.every)), role="control",
            says="the same training, and random spaces of ten dimensions",
        ),
        Arm(CROSS_ENTROPY, entropy, probes, says="the same with cross-entropy, at five times the rate"),
        Arm(
            BULK, bulk, short,
            says=f"from step {size.fork} on, the part of each gradient in the ten largest curvatures is left out",
        ),
        Arm(DOMINANT, dominant, short, role="control", says="from the same point, only that part is kept"),
        Arm(ONWARDS, fork, short, says="from the same point, the whole gradient on the same mini-batches"),
    )  # fmt: skip
