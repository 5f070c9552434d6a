"""Pruning at initialisation: does it matter which weights a score keeps, or only how many in each layer?"""

import dataclasses

from phenoscope.atlas.pruning_at_initialisation.claims import (
    AFTER,
    AFTER_OTHER,
    AFTER_SHUFFLED,
    CHANCE,
    FRANKLE,
    SCORES,
    claims,
    comparisons,
    tested,
)
from phenoscope.atlas.pruning_at_initialisation.panels import panels
from phenoscope.data import dataset
from phenoscope.instruments import Pruner
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Loss
from phenoscope.training import Adam, Inherited, Recipe, Rounds, Scored

EXAMPLES: dict[Scale, tuple[int, int]] = {"smoke": (100, 100), "laptop": (2000, 1000), "paper": (4000, 1000)}
WIDTHS: dict[Scale, int] = {"smoke": 16, "laptop": 64, "paper": 300}
STEPS: dict[Scale, int] = {"smoke": 20, "laptop": 1200, "paper": 10000}
ROUNDS = 3


def pruning_at_initialisation(scale: Scale, *, data: str = "mnist1d", density: float = 0.1) -> Phenomenon:
    """Masks found before and after training, as they are and with what they carry taken apart.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
        density: the share of the weights that is kept.
    """
    train, test = EXAMPLES[scale]
    steps, every = STEPS[scale], max(1, STEPS[scale] // 12)
    dense = Recipe(
        dataset(data, train=train, test=test, flat=True), UniformMLP(WIDTHS[scale], 2, "relu", init="he"),
        CrossEntropy(), Adam(0.005), steps, batch=50,
    )  # fmt: skip
    probes = (Loss(every=every), Accuracy(every=every))

    def sparse(name: str, says: str, pruner: Pruner, check: str, role: str = "main") -> Arm:
        recipe = dataclasses.replace(dense, mask=Scored(pruner, density, check))
        return Arm(name, recipe, probes, role=role, says=says)  # type: ignore[arg-type]

    scored = [
        sparse(tested(name, check), f"{name}: {says}", Pruner(name), check, "main" if check == "as is" else "control")
        for name, checks in SCORES.items()
        for check, says in checks.items()
    ]
    search = dataclasses.replace(
        dense, steps=(ROUNDS + 1) * steps, pruning=Rounds(steps, steps, 1 - density ** (1 / ROUNDS))
    )
    found = Inherited(search, search.steps)
    ticket = dataclasses.replace(dense, mask=found)
    mixed = dataclasses.replace(dense, mask=dataclasses.replace(found, dealt="shuffled"))
    return Phenomenon(
        name="pruning_at_initialisation",
        title="Pruning at initialisation",
        question="Does it matter which weights a score keeps before training, or only how many in each layer?",
        summary=(
            "Scores that are read before training promise sparse networks without the cost of a dense one. Their masks "
            "can be put to a test: deal out each layer's places anew, use the mask on other weights, or score on data "
            "that say nothing of the task. If all that changes nothing, the score has found how many weights each "
            "layer needs, and no more. Masks found by training do not pass the same tests."
        ),
        arms=(
            *scored,
            sparse(CHANCE, "by chance, with the layers' shares of a random graph",
                   Pruner("random", scope="erdos_renyi"), "as is", "control"),
            Arm("search", search, (Accuracy(every=steps),), role="control",
                says=f"trained, pruned by magnitude and rewound to the start, in {ROUNDS} rounds"),
            Arm(AFTER, ticket, probes, says="the mask that the search ends with, on the weights it began with"),
            Arm(AFTER_SHUFFLED, mixed, probes, role="control", says="the same with each layer's places dealt out anew"),
            Arm(AFTER_OTHER, dataclasses.replace(ticket, initialisation=1), probes, role="control",
                says="the same on weights that are drawn anew"),
        ),
        comparisons=comparisons(),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{FRANKLE}: Pruning neural networks at initialization: why are we missing the mark?",
             "https://arxiv.org/abs/2009.08576"),
            ("Su et al. 2020: Sanity-checking pruning methods: random tickets can win the jackpot",
             "https://arxiv.org/abs/2009.11094"),
            ("Lee et al. 2018: SNIP: single-shot network pruning based on connection sensitivity",
             "https://arxiv.org/abs/1810.02340"),
            ("Wang et al. 2020: Picking winning tickets before training by preserving gradient flow",
             "https://arxiv.org/abs/2002.07376"),
            ("Tanaka et al. 2020: Pruning neural networks without any data by iteratively conserving synaptic flow",
             "https://arxiv.org/abs/2006.05467"),
        ),
        scale=scale,
        options={"data": data, "density": density},
        pilot_seeds=PILOTS,
    )  # fmt: skip
