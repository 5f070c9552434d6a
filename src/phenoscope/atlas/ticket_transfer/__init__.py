"""Ticket transfer: is a ticket one of its task and its rule, or does it serve others as well?"""

import dataclasses

from phenoscope.atlas.papers import TICKETS_PAPER
from phenoscope.atlas.ticket_transfer.claims import (
    ALONE,
    CLASSES,
    DENSE,
    EARLY,
    MORCOS,
    NATIVE,
    ORDER,
    OTHER_RATIOS,
    RATIOS,
    RULE,
    claims,
    comparisons,
    shuffled,
)
from phenoscope.atlas.ticket_transfer.panels import panels
from phenoscope.data import Destroyed, dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Density
from phenoscope.training import Adam, HeavyBall, Inherited, Point, Recipe, Rounds


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths, updates of each training, rounds, and the share that goes."""

    examples: int
    widths: tuple[int, ...]
    steps: int
    rounds: int
    share: float


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 20, 2, 0.5),
    "laptop": Size(1500, (64, 64), 500, 5, 0.4),
    "paper": Size(1900, (300, 100), 5000, 15, 0.2),
}

RATE, OTHER_RATE, DECAY = 0.004, 0.05, 0.9
"""The rate of Adam, and those of momentum."""
BACK = 5
"""After how many percent of the steps tickets begin."""
THERE, HERE = (0, 1, 2, 3, 4), (5, 6, 7, 8, 9)
"""The classes on which tickets from elsewhere are found, and those on which all are trained."""


def ticket_transfer(scale: Scale, *, data: str = "mnist1d") -> Phenomenon:
    """Tickets that were found on other classes, by another rule or on reordered inputs, trained where another one is.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    steps, whole = size.steps, (size.rounds + 1) * size.steps
    early = max(1, steps * BACK // 100)
    shown = dataset(data, train=size.examples, classes=HERE, flat=True)
    here = Recipe(
        data=shown,
        model=MLP(size.widths, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=Adam(RATE),
        steps=steps,
        batch=min(50, size.examples // 2),
    )
    there = dataclasses.replace(here, data=dataclasses.replace(shown, classes=THERE))
    reordered = dataclasses.replace(shown, source=Destroyed(shown.source, "one order"))
    probes = (Accuracy(every=steps // 20), Density(every=steps))

    def found(start: Recipe, dealt: str = "as found") -> Inherited:
        search = dataclasses.replace(start, steps=whole, pruning=Rounds(steps, steps, size.share, back=early))
        return Inherited(search, whole, dealt)

    def moved(start: Recipe, dealt: str = "as found") -> Recipe:
        """The ticket of a training, trained here."""
        return dataclasses.replace(here, mask=found(start, dealt), start=Point(start, early))

    def anew(dealt: str, number: int = 1) -> Recipe:
        return dataclasses.replace(here, mask=found(there, dealt), initialisation=number)

    def arm(name: str, recipe: Recipe, says: str, role: str = "control") -> Arm:
        return Arm(name, recipe, probes, role=role, says=says)  # type: ignore[arg-type]

    sources = {
        CLASSES: (there, "mask and early weights of a search on the other half of the classes"),
        RULE: (dataclasses.replace(here, rule=HeavyBall(OTHER_RATE, DECAY)), "mask and early weights of a search by "
               "momentum on the same examples; trained by Adam"),
        ORDER: (dataclasses.replace(here, data=reordered), "mask and early weights of a search on the same examples, "
                "whose inputs stand in another order"),
    }  # fmt: skip
    elsewhere = tuple(arm(name, moved(source), says, "main") for name, (source, says) in sources.items())
    mixed = tuple(
        arm(shuffled(name), moved(source, "shuffled"), "the same weights, as many in each layer, elsewhere")
        for name, (source, _) in sources.items()
    )
    return Phenomenon(
        name="ticket_transfer",
        title="Ticket transfer",
        question="Is a ticket one of its task and its rule, or does it serve others as well?",
        summary=(
            "Tickets are found by training. If what they carry is about the task, they are of no use to another one; "
            "they are said to be of use to other data and other rules nearly as to their own. Here a mask and its "
            "early weights are found on one half of the classes, or by another rule, and trained on the other half. "
            "Beside them stand the same weights under shuffled masks, the mask without its weights, the layers' "
            "shares alone, the early weights without a mask, and a task whose inputs stand elsewhere."
        ),
        arms=(
            arm(NATIVE, moved(here), "mask and early weights of a search on the classes themselves", "main"),
            *elsewhere,
            *mixed,
            arm(ALONE, anew("as found"), "the mask from the other classes, on another initialisation", "main"),
            arm(RATIOS, anew("shuffled"), "as many weights in each layer, elsewhere, on another initialisation"),
            arm(OTHER_RATIOS, anew("shuffled", 2), "the same on a third initialisation"),
            arm(DENSE, here, "all weights, from their first values"),
            arm(EARLY, dataclasses.replace(here, start=Point(there, early)), "all weights, from early ones of the "
                "other classes"),
        ),
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(
            (f"{MORCOS}: One ticket to win them all", "https://arxiv.org/abs/1906.02773"),
            TICKETS_PAPER,
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
