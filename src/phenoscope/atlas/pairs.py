"""Two solutions of one task: pairs of networks that differ in initialisation and order alone."""

import dataclasses

from phenoscope.atlas.usual_data import available
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import Arm
from phenoscope.probes import Accuracy, Loss
from phenoscope.training import Adam, Recipe

SOLUTION, OTHER = "a solution", "another solution"


@dataclasses.dataclass(frozen=True)
class PairSize:
    """How large each scale is: examples, width of both hidden layers, updates, and steps that train what connects."""

    examples: int
    width: int
    steps: int
    connecting: int


def pair_of_solutions(data: str, size: PairSize) -> tuple[Arm, Arm]:
    """ReLU networks on the same examples, paired by seed."""
    one = Recipe(
        data=dataset(data, train=available(data, size.examples), flat=True),
        model=MLP((size.width, size.width), activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=Adam(0.003),
        steps=size.steps,
        batch=100,
    )
    other = dataclasses.replace(one, initialisation=1, order=1)
    probes = (Loss(every=10), Accuracy(every=max(1, size.steps // 10)))
    return (
        Arm(SOLUTION, one, probes, says="Adam on mini-batches of 100 until every training example is right"),
        Arm(OTHER, other, probes, says="the same examples, another initialisation, another order"),
    )
