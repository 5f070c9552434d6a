"""Ticket or scratch: does it matter from where a sparse network starts, and for which networks does it?"""

import dataclasses
from typing import Any

from phenoscope.atlas.papers import TICKETS_PAPER
from phenoscope.atlas.ticket_or_scratch.claims import (
    FAST,
    LARGE,
    SCRATCHES,
    SEARCHES,
    SMALL,
    TICKETS,
    another,
    claims,
    comparisons,
    rewound,
    scratch,
    shuffled,
    ticket,
    under_rewound,
)
from phenoscope.atlas.ticket_or_scratch.panels import panels
from phenoscope.data import dataset
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Density
from phenoscope.training import Adam, Inherited, Point, Recipe, Rounds


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        examples: to train on.
        widths: of both hidden layers, from narrow to wide.
        steps: of a round, and of what is trained under its mask.
        rounds: after the dense one.
        share: of the weights that are left, how many go after each round.
    """

    examples: int
    widths: tuple[int, ...]
    steps: int
    rounds: int
    share: float


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (8, 16), 20, 2, 0.5),
    "laptop": Size(1000, (24, 64, 128), 400, 5, 0.4),
    "paper": Size(1000, (50, 200, 800), 4000, 12, 0.2),
}

RATES = (0.002, 0.006, 0.018)
"""The rates of Adam, from low to high."""
BACK = 5
"""After how many percent of the steps the early tickets begin."""


def ticket_or_scratch(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Tickets and their masks on other starts, over widths and rates.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    steps, whole = size.steps, (size.rounds + 1) * size.steps
    early = max(1, steps * BACK // 100)
    narrow, wide = size.widths[0], size.widths[-1]
    corners = {SMALL: (narrow, RATES[0]), LARGE: (wide, RATES[-1]), FAST: (narrow, RATES[-1])}
    probes = (Accuracy(every=steps // 20), Density(every=steps))

    def dense(width: int, rate: float) -> Recipe:
        return Recipe(
            data=dataset(data, train=size.examples, flat=True),
            model=UniformMLP(width, depth=2, activation="relu", init="he"),
            loss=CrossEntropy(),
            rule=Adam(rate),
            steps=steps,
            batch=min(50, size.examples // 2),
        )

    def search(start: Recipe, back: int = 0) -> Recipe:
        return dataclasses.replace(start, steps=whole, pruning=Rounds(steps, steps, size.share, back=back))

    def under(start: Recipe, back: int = 0, dealt: str = "as found") -> Recipe:
        """The recipe under the mask of its search."""
        return dataclasses.replace(start, mask=Inherited(search(start, back), whole, dealt))

    def anew(recipe: Recipe, number: int = 1, length: int = steps) -> Recipe:
        return dataclasses.replace(recipe, initialisation=number, steps=length)

    def arm(name: str, recipe: Recipe, says: str, role: str = "control", **options: Any) -> Arm:
        return Arm(name, recipe, probes, role=role, says=says, **options)  # type: ignore[arg-type]

    def both(corner: str) -> tuple[Arm, ...]:
        start = dense(*corners[corner])
        return (
            arm(ticket(corner), under(start), "the mask of the search, on its own first values", "main"),
            arm(scratch(corner), anew(under(start), length=whole),
                "the mask on another initialisation, for the steps of the whole search"),
        )  # fmt: skip

    def others(corner: str) -> tuple[Arm, ...]:
        start = dense(*corners[corner])
        at_early = dataclasses.replace(under(start, early), start=Point(start, early))
        return (
            arm(rewound(corner), at_early, "the mask of a search that goes back to an early step, on the weights of "
                "that step", "main"),
            arm(another(corner), anew(under(start), 2), "the mask on a third initialisation"),
            arm(shuffled(corner), anew(under(start, dealt="shuffled"), 2),
                "as many weights in each layer, elsewhere, on the third initialisation"),
            arm(under_rewound(corner), anew(under(start, early)),
                "the mask of the search that goes back to an early step, on another initialisation"),
        )  # fmt: skip

    swept: dict[str, Any] = {"sweep": {"model.width": size.widths, "lr": RATES}}
    small = dense(*corners[SMALL])
    return Phenomenon(
        name="ticket_or_scratch",
        title="Ticket or scratch",
        question="For which networks does it matter from where a sparse network starts?",
        summary=(
            "A mask that was found by pruning in rounds is trained from the values that it was found with, from those "
            "of an early step, and from scratch: from another initialisation. For small networks the ticket was found "
            "to lead. For large ones at large rates scratch was found to do as well, and more so when it may train "
            "for as long as the search took. Here width and rate are swept, and both costs are compared."
        ),
        arms=(
            arm(SEARCHES, search(small), "pruned in rounds, for each width and rate", "main", keep=(whole,), **swept),
            arm(TICKETS, under(small), "tickets from their first values, for each width and rate", "main", **swept),
            arm(SCRATCHES, anew(under(small), length=whole), "their masks on another initialisation, for the steps of "
                "the whole search", **swept),
            *both(SMALL),
            *others(SMALL),
            *both(LARGE),
            *others(LARGE),
            *both(FAST),
        ),
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(
            TICKETS_PAPER,
            ("Liu et al. 2018: Rethinking the value of network pruning", "https://arxiv.org/abs/1810.05270"),
            ("Frankle et al. 2019: Stabilizing the lottery ticket hypothesis", "https://arxiv.org/abs/1903.01611"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
