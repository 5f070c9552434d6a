"""Averaging: what the mean of several points in weight space is worth, in one region of low loss and across regions."""

import dataclasses

from phenoscope.atlas.averaging.claims import (
    ALONG,
    CHILD,
    DECAYED,
    OTHER_CHILD,
    STRANGER,
    claims,
    comparisons,
)
from phenoscope.atlas.averaging.panels import panels
from phenoscope.atlas.usual_data import available, usual_data
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Averaged, HeldOutLoss, Loss
from phenoscope.training import Cosine, HeavyBall, Point, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths, updates (averaged over the last half), and those of a mini-batch."""

    examples: int
    widths: tuple[int, ...]
    steps: int
    batch: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 120, 10),
    "laptop": Size(4000, (64, 64), 2000, 20),
    "paper": Size(10_000, (256, 256), 20_000, 20),
}

RATES = {"mnist1d": 0.05, "digits": 0.05, "fashion_mnist": 0.005}
"""Learning rates; ten times as much diverges on Fashion-MNIST, whose inputs are more."""
DECAY = 0.99
"""Of the exponential average."""


def averaging(scale: Scale, *, data: str | None = None) -> Phenomenon:
    """Averages along runs at a constant rate and at one that has decayed, of two children of a run, and of strangers.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "mnist1d", "digits" or "fashion_mnist"; unless given, Fashion-MNIST at paper scale and MNIST-1D at others.
    """
    data, size = usual_data(data, scale, tuple(RATES)), SIZES[scale]
    rate = RATES[data]
    since, every = size.steps // 2, size.steps // 40
    constant = Recipe(
        data=dataset(data, train=available(data, size.examples), flat=True),
        model=MLP(size.widths, activation="relu"),
        loss=CrossEntropy(),
        rule=HeavyBall(rate),
        steps=size.steps,
        batch=size.batch,
    )
    plain = (Loss(every), HeldOutLoss(every), Accuracy(every))
    averages = (
        Averaged(every, since, every), Averaged(every, since, decay=DECAY, name="exponential"),
    )  # fmt: skip
    taken = tuple(range(since, size.steps + 1, every))
    decayed = dataclasses.replace(constant, rule=HeavyBall(Cosine(rate, since, final=rate / 1000)))
    child = dataclasses.replace(constant, start=Point(constant, since), steps=size.steps - since, order=1)
    stranger = dataclasses.replace(constant, initialisation=1, order=2)
    arms = (
        Arm(ALONG, constant, (*plain, *averages), keep=taken,
            says="a constant rate; a point every fortieth of the steps is averaged over its second half"),
        Arm(CHILD, child, plain, says="a copy of that run at half its steps, in an order of its own"),
        Arm(OTHER_CHILD, dataclasses.replace(child, order=2), plain, says="a second copy, in another order"),
        Arm(DECAYED, decayed, (*plain, *averages), role="control", keep=taken,
            says="the rate falls to a thousandth in the first half: the points that are averaged nearly coincide"),
        Arm(STRANGER, stranger, plain, role="control", says="the same data from another initialisation"),
    )  # fmt: skip
    return Phenomenon(
        name="averaging",
        title="Averaging weights",
        question="When is the average of several networks' weights better than the networks?",
        summary=(
            "Points that a run passes at a constant rate, or the ends of copies of one run, are averaged: one network "
            "at the cost of one, said to be better than those it is made of. That needs points that differ, in one "
            "region of low loss. Where the rate has decayed they do not differ; networks from two initialisations do "
            "not lie in one region."
        ),
        arms=arms,
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(
            ("Izmailov et al. 2018: Averaging weights leads to wider optima and better generalization",
             "https://arxiv.org/abs/1803.05407"),
            ("Wortsman et al. 2022: Model soups: averaging weights of multiple fine-tuned models improves accuracy "
             "without increasing inference time", "https://arxiv.org/abs/2203.05482"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
