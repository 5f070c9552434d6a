"""A benchmark of pruning: which scores beat magnitude and chance, once all else is equal?"""

import dataclasses

from phenoscope.atlas.pruning_benchmark.claims import (
    AFTER,
    BASELINES,
    BEFORE,
    BLALOCK,
    DENSE,
    MATCHED,
    PUBLISHED,
    arm_name,
    claims,
    comparisons,
)
from phenoscope.atlas.pruning_benchmark.panels import panels
from phenoscope.data import dataset
from phenoscope.instruments import SCORES, Pruner
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Density, Loss
from phenoscope.training import Adam, Point, Recipe, Scored


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths, updates of each training, and the shares of the weights kept."""

    examples: int
    widths: tuple[int, ...]
    steps: int
    densities: tuple[float, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 20, (0.5, 0.2)),
    "laptop": Size(4000, (64, 64), 800, (0.5, 0.2, 0.1, 0.05, 0.02)),
    "paper": Size(4000, (300, 100), 10_000, (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)),
}
RATE = 0.003


def pruning_benchmark(scale: Scale, *, data: str = "mnist1d") -> Phenomenon:
    """Every score at every density, before training and after it, with equal data, steps, rates and seeds.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    every = max(1, size.steps // 16)
    dense = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=MLP(size.widths, activation="relu"),
        loss=CrossEntropy(),
        rule=Adam(RATE),
        steps=size.steps,
        batch=min(50, size.examples // 2),
    )
    trained = dataclasses.replace(dense, start=Point(dense, size.steps), order=1)
    probes = (Loss(every=every), Accuracy(every=every), Density(every=size.steps))

    def arm(when: str, name: str, pruner: Pruner, says: str, check: str = "as is") -> Arm:
        recipe = dataclasses.replace(dense if when == BEFORE else trained, mask=Scored(pruner, 0.5, check))
        role = "main" if name in PUBLISHED else "control"
        sweep = {"mask.density": size.densities}
        return Arm(arm_name(when, name), recipe, probes, sweep, role=role, says=says)  # type: ignore[arg-type]

    arms = [Arm(DENSE, dense, probes, role="control", keep=(size.steps,), says="all weights; others are cut from it")]
    for when, moment in ((BEFORE, "before training"), (AFTER, "after training, and trained again for as many steps")):
        arms += [arm(when, name, pruner, f"{says}; pruned {moment}") for name, (pruner, says) in BASELINES.items()]
        for name, score in PUBLISHED.items():
            arms.append(arm(when, name, Pruner(score), f"{SCORES[score].says}; pruned {moment}"))
            if when == BEFORE:
                says = "as many weights in each layer as that score keeps, by chance"
                arms.append(arm(when, f"{name}{MATCHED}", Pruner(score), says, "shuffled"))
    return Phenomenon(
        name="pruning_benchmark",
        title="A benchmark of pruning",
        question="Which scores of weights beat magnitude and chance, once all else is equal?",
        summary=(
            "New scores are published with gains that are measured on networks, schedules and budgets of their own. "
            "Here they are compared on equal terms: the same networks, data, steps, rates and seeds, at several "
            "densities, before training and after it, beside magnitude and chance, and beside chance with as many "
            "weights in each layer. A gain is the mean over densities of the difference between networks of one seed."
        ),
        arms=tuple(arms),
        comparisons=comparisons(),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{BLALOCK.partition(',')[0]}: What is the state of neural network pruning?",
             "https://arxiv.org/abs/2003.03033"),
            ("Gale, Elsen and Hooker 2019: The state of sparsity in deep neural networks",
             "https://arxiv.org/abs/1902.09574"),
            ("Liu et al. 2018: Rethinking the value of network pruning", "https://arxiv.org/abs/1810.05270"),
            ("Frankle et al. 2020: Pruning neural networks at initialization: why are we missing the mark?",
             "https://arxiv.org/abs/2009.08576"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
