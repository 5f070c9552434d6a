"""Ticket onset: do sparse networks match the dense one where, and only where, the order of the data is no matter?"""

import dataclasses
from typing import Any

from phenoscope.atlas.papers import FRANKLE_LINEAR_PAPER, TICKETS_PAPER
from phenoscope.atlas.ticket_onset.claims import (
    AGAIN,
    FOUND,
    MIXED,
    OTHER,
    PARENT,
    SEARCH,
    SHUFFLED,
    SPARSE,
    SPARSEST,
    WHOLE,
    claims,
    comparisons,
)
from phenoscope.atlas.ticket_onset.panels import panels
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Density
from phenoscope.training import Adam, Inherited, Point, Recipe, Rounds


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        examples: to train on.
        widths: of the hidden layers.
        steps: of each training.
        share: of the weights that are left, how many go after each round.
        drawn: after how many rounds masks are drawn: none, some, and all of the search.
    """

    examples: int
    widths: tuple[int, ...]
    steps: int
    share: float
    drawn: tuple[int, int, int]


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 100, 0.5, (0, 1, 2)),
    "laptop": Size(1000, (64, 64), 800, 0.4, (0, 3, 6)),
    "paper": Size(4000, (300, 100), 5000, 0.2, (0, 7, 15)),
}

RATE, BACK = 0.01, 5
"""The rate of Adam; after how many percent of the steps the search goes back to."""
FORKS = (0, 2, 10, 50)
"""When networks leave the dense training, in percent of its steps."""


def ticket_onset(scale: Scale, *, data: str = "mnist1d") -> Phenomenon:
    """Sparse networks of three densities that leave a dense one at four steps, each in two orders of the data.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    steps = size.steps
    parent = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=MLP(size.widths, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=Adam(RATE),
        steps=steps,
        batch=min(32, size.examples // 5),
    )
    forks = tuple(steps * percent // 100 for percent in FORKS)
    whole, sparse, sparsest = ends = tuple((rounds + 1) * steps for rounds in size.drawn)
    rounds = Rounds(steps, steps, size.share, back=steps * BACK // 100)
    search = dataclasses.replace(parent, steps=sparsest, pruning=rounds)
    probes = (Accuracy(every=steps // 20), Density(every=steps))

    def child(end: int, dealt: str = "as found") -> Recipe:
        return dataclasses.replace(parent, start=Point(parent, 0), mask=Inherited(search, end, dealt))

    def both(name: str, recipe: Recipe, says: str, role: str = "main", **options: Any) -> tuple[Arm, Arm]:
        first, second = (dataclasses.replace(recipe, order=order) for order in (1, 2))
        return (
            Arm(name, first, probes, says=says, role=role, **options),  # type: ignore[arg-type]
            Arm(name + AGAIN, second, probes, says="the same with the data in another order", role=role, **options),  # type: ignore[arg-type]
        )

    over_all: dict[str, Any] = {"sweep": {"start.at": forks, "mask.found_at": ends}}
    over_sparse: dict[str, Any] = {"sweep": {"start.at": forks, "mask.found_at": (sparse, sparsest)}}
    anew = dataclasses.replace(child(sparse), start=None, initialisation=1)
    return Phenomenon(
        name="ticket_onset",
        title="Ticket onset",
        question="Do sparse networks match the dense one where, and only where, the order of the data is no matter?",
        summary=(
            "A sparse network that leaves a dense one late enough ends in one region, whatever the order of the data, "
            "and it is then that it is said to match the dense network's accuracy: stable if and only if matching. "
            "Here networks of three densities leave at four steps, in two orders each, under the masks that pruning "
            "found and under shuffled ones."
        ),
        arms=(
            Arm(PARENT, parent, probes, keep=forks, says="all weights; the others begin at its points"),
            Arm(SEARCH, search, probes, keep=ends, says="pruned in rounds, back to a twentieth of the steps each time"),
            *both(FOUND, child(whole), "the dense network's weights and memory at four steps, under masks of three "
                  "densities, one of them with all weights", **over_all),
            *both(SHUFFLED, child(sparse, "shuffled"), "as many weights in each layer, at random places", "control",
                  **over_sparse),
            *both(WHOLE, child(whole), "all weights, from the start"),
            *both(SPARSE, child(sparse), "the mask of the middle of the search, from the start"),
            *both(SPARSEST, child(sparsest), "the mask of its end, from the start"),
            *both(MIXED, child(sparse, "shuffled"), "the mask of its middle, shuffled, from the start", "control"),
            *both(OTHER, anew, "the mask of its middle on another initialisation", "control"),
        ),
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(FRANKLE_LINEAR_PAPER, TICKETS_PAPER),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
