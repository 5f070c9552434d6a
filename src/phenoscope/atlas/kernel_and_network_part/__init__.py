"""Kernel and network part: the tangent kernel turns early, and what it becomes is what the network learns."""

import dataclasses

from phenoscope.atlas.kernel_and_network_part.claims import (
    FORKS,
    FORT,
    FROZEN,
    FROZEN_FORKS,
    LEAD,
    NETWORK,
    claims,
    lead,
)
from phenoscope.atlas.kernel_and_network_part.panels import panels
from phenoscope.atlas.usual_data import available
from phenoscope.comparisons import Comparison
from phenoscope.data import dataset
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, KernelChange, Loss
from phenoscope.training import GradientDescent, Point, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, width, updates, those of what is linearised, and where it leaves."""

    examples: int
    width: int
    steps: int
    linear_steps: int
    forks: tuple[int, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(60, 16, 40, 20, (0, 20)),
    "laptop": Size(500, 64, 600, 300, (0, 30, 300)),
    "paper": Size(4000, 512, 5000, 5000, (0, 10, 30, 100, 300, 1000, 3000)),
}
RATES = {"mnist1d": 0.5, "digits": 0.2}


def kernel_and_network_part(scale: Scale, *, data: str = "mnist1d") -> Phenomenon:
    """A network, its tangent kernel along training, and its linearisations taken later and later.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "mnist1d" or "digits".
    """
    size = SIZES[scale]
    parent = Recipe(
        data=dataset(data, train=available(data, size.examples), flat=True),
        model=UniformMLP(size.width, depth=2, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=GradientDescent(RATES.get(data, 0.2)),
        steps=size.steps,
    )
    frozen = dataclasses.replace(parent, dynamics="linearised")
    every = size.steps // 20
    kernel = (Loss(every=every), Accuracy(every=every), KernelChange(every=every // 2, examples=40))
    plain = (Loss(every=size.linear_steps // 10), Accuracy(every=size.linear_steps))
    first, last = size.forks[0], size.forks[-1]

    def fork(of: Recipe) -> Recipe:
        return dataclasses.replace(of, dynamics="linearised", steps=size.linear_steps, start=Point(of, first))

    return Phenomenon(
        name="kernel_and_network_part",
        title="Kernel and network part",
        question="When does a network leave the kernel that it started with, and what does it take along?",
        summary=(
            "At first a network of ordinary width does what its tangent kernel says. Then the kernel turns, fast and "
            "early, towards the classes, and afterwards slowly. Freezing the features at some step gives a "
            "linear model that is trained on from there: the later it is taken the better it generalises, so the "
            "kernel has learned what the network knows. In a network that was linear from its start nothing turns, and "
            "the step does not matter."
        ),
        arms=(
            Arm(NETWORK, parent, kernel, keep=size.forks, says="gradient descent, two hidden ReLU layers"),
            Arm(FORKS, fork(parent), plain, sweep={"start.at": size.forks}, says="its linearisations, trained on"),
            Arm(FROZEN, frozen, kernel, keep=size.forks, role="control", says="its linearisation at the start"),
            Arm(
                FROZEN_FORKS, fork(frozen), plain, sweep={"start.at": (first, last)}, role="control",
                says="forks of that one, linear around the same start",
            ),
        ),
        claims=claims(),
        comparisons=(Comparison(LEAD, (NETWORK, FROZEN), lead, ("early lead", "late lead")),),
        panels=panels(),
        sources=(
            (f"{FORT}: Deep learning versus kernel learning: an empirical study of loss landscape geometry and the "
             "time evolution of the neural tangent kernel", "https://arxiv.org/abs/2010.15110"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
