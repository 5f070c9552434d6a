"""Sparse networks from several starts: their recipes, over widths and rates and at three corners of these."""

import dataclasses
from typing import Any

from phenoscope.atlas.ticket_or_scratch.claims import (
    FAST,
    LARGE,
    SCRATCHES,
    SEARCHES,
    SMALL,
    TICKETS,
    another,
    rewound,
    scratch,
    shuffled,
    ticket,
    under_rewound,
)
from phenoscope.data import dataset
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import Arm
from phenoscope.probes import Accuracy, Density
from phenoscope.training import Adam, Inherited, Point, Recipe, Rounds

RATES = (0.002, 0.006, 0.018)
"""The rates of Adam, from low to high."""
BACK = 5
"""After how many percent of the steps the early tickets begin."""


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

    @property
    def whole(self) -> int:
        """Steps of a search."""
        return (self.rounds + 1) * self.steps

    @property
    def early(self) -> int:
        """The step at which early tickets begin."""
        return max(1, self.steps * BACK // 100)

    @property
    def corners(self) -> dict[str, tuple[int, float]]:
        """Width and rate of those that are looked at closely."""
        narrow, wide = self.widths[0], self.widths[-1]
        return {SMALL: (narrow, RATES[0]), LARGE: (wide, RATES[-1]), FAST: (narrow, RATES[-1])}

    def dense(self, data: str, corner: str) -> Recipe:
        """All weights."""
        width, rate = self.corners[corner]
        return Recipe(
            data=dataset(data, train=self.examples, flat=True),
            model=UniformMLP(width, depth=2, activation="relu", init="he"),
            loss=CrossEntropy(),
            rule=Adam(rate),
            steps=self.steps,
            batch=min(50, self.examples // 2),
        )

    def search(self, start: Recipe, back: int = 0) -> Recipe:
        """Pruned in rounds, each of which goes back to a step."""
        rounds = Rounds(self.steps, self.steps, self.share, back=back)
        return dataclasses.replace(start, steps=self.whole, pruning=rounds)

    def under(self, start: Recipe, back: int = 0, dealt: str = "as found") -> Recipe:
        """A recipe under the mask of its search."""
        return dataclasses.replace(start, mask=Inherited(self.search(start, back), self.whole, dealt))

    def arm(self, name: str, recipe: Recipe, says: str, role: str = "control", **options: Any) -> Arm:
        """An arm with the probes that all have."""
        probes = (Accuracy(every=self.steps // 20), Density(every=self.steps))
        return Arm(name, recipe, probes, role=role, says=says, **options)  # type: ignore[arg-type]


def arms(size: Size, data: str) -> tuple[Arm, ...]:
    """All of them."""
    return (
        *_swept(size, size.dense(data, SMALL)),
        *(arm for corner in (SMALL, LARGE) for arm in _closely(size, corner, size.dense(data, corner))),
        *_both(size, FAST, size.dense(data, FAST)),
    )


def _swept(size: Size, start: Recipe) -> tuple[Arm, ...]:
    """Over widths and rates."""
    swept: dict[str, Any] = {"sweep": {"model.width": size.widths, "lr": RATES}}
    return (
        size.arm(SEARCHES, size.search(start), "pruned in rounds, for each width and rate", "main", keep=(size.whole,),
                 **swept),
        size.arm(TICKETS, size.under(start), "tickets from their first values, for each width and rate", "main",
                 **swept),
        size.arm(SCRATCHES, _anew(size.under(start), length=size.whole), "their masks on another initialisation, for "
                 "the steps of the whole search", **swept),
    )  # fmt: skip


def _both(size: Size, corner: str, start: Recipe) -> tuple[Arm, ...]:
    """The ticket and its mask from scratch."""
    return (
        size.arm(ticket(corner), size.under(start), "the mask of the search, on its own first values", "main"),
        size.arm(scratch(corner), _anew(size.under(start), length=size.whole),
                 "the mask on another initialisation, for the steps of the whole search"),
    )  # fmt: skip


def _closely(size: Size, corner: str, start: Recipe) -> tuple[Arm, ...]:
    """The same, early tickets, and their controls."""
    at_early = dataclasses.replace(size.under(start, size.early), start=Point(start, size.early))
    return (
        *_both(size, corner, start),
        size.arm(rewound(corner), at_early, "the mask of a search that goes back to an early step, on the weights of "
                 "that step", "main"),
        size.arm(another(corner), _anew(size.under(start), 2), "the mask on a third initialisation"),
        size.arm(shuffled(corner), _anew(size.under(start, dealt="shuffled"), 2),
                 "as many weights in each layer, elsewhere, on the third initialisation"),
        size.arm(under_rewound(corner), _anew(size.under(start, size.early)),
                 "the mask of the search that goes back to an early step, on another initialisation"),
    )  # fmt: skip


def _anew(recipe: Recipe, number: int = 1, length: int | None = None) -> Recipe:
    """A recipe on another initialisation, and for other steps."""
    return dataclasses.replace(recipe, initialisation=number, steps=length or recipe.steps)
