"""Tickets from elsewhere: their recipes, and those of what they are compared with."""

import dataclasses
from collections.abc import Iterator

from phenoscope.atlas.size import PrunedSize
from phenoscope.atlas.ticket_transfer.claims import (
    ALONE,
    CLASSES,
    DENSE,
    EARLY,
    NATIVE,
    ORDER,
    OTHER_RATIOS,
    RATIOS,
    RULE,
    shuffled,
)
from phenoscope.data import Destroyed, dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import Arm
from phenoscope.probes import Accuracy, Density
from phenoscope.training import Adam, HeavyBall, Inherited, Point, Recipe, Rounds

RATE, OTHER_RATE, DECAY = 0.004, 0.05, 0.9
"""The rate of Adam, and those of momentum."""
BACK = 5
"""After how many percent of the steps tickets begin."""
THERE, HERE = (0, 1, 2, 3, 4), (5, 6, 7, 8, 9)
"""The classes on which tickets from elsewhere are found, and those on which all are trained."""


def arms(size: PrunedSize, data: str) -> tuple[Arm, ...]:
    """All of them."""
    here = _dense(size, data, HERE)
    return (*_moved(size, data, here), *_anew(size, _dense(size, data, THERE), here))


def _moved(size: PrunedSize, data: str, here: Recipe) -> Iterator[Arm]:
    """Tickets of one's own and from elsewhere, and the latter with their masks shuffled."""
    native = _from(size, here, here)
    yield _arm(size, NATIVE, native, "mask and early weights of a search on the classes themselves", "main")
    reordered = dataclasses.replace(here.data, source=Destroyed(here.data.source, "one order"))  # type: ignore[union-attr]
    sources = {
        CLASSES: (_dense(size, data, THERE), "mask and early weights of a search on the other half of the classes"),
        RULE: (dataclasses.replace(here, rule=HeavyBall(OTHER_RATE, DECAY)), "mask and early weights of a search by "
               "momentum on the same examples; trained by Adam"),
        ORDER: (dataclasses.replace(here, data=reordered), "mask and early weights of a search on the same examples, "
                "whose inputs stand in another order"),
    }  # fmt: skip
    for name, (source, says) in sources.items():
        yield _arm(size, name, _from(size, source, here), says, "main")
    for name, (source, _) in sources.items():
        mixed = _from(size, source, here, "shuffled")
        yield _arm(size, shuffled(name), mixed, "the same weights, as many in each layer, elsewhere")


def _anew(size: PrunedSize, there: Recipe, here: Recipe) -> Iterator[Arm]:
    """The mask without its weights, the layers' shares alone, and networks with all weights."""

    def under(dealt: str, number: int = 1) -> Recipe:
        return dataclasses.replace(here, mask=_found(size, there, dealt), initialisation=number)

    yield _arm(size, ALONE, under("as found"), "the mask from the other classes, on another initialisation", "main")
    yield _arm(size, RATIOS, under("shuffled"), "as many weights in each layer, elsewhere, on another initialisation")
    yield _arm(size, OTHER_RATIOS, under("shuffled", 2), "the same on a third initialisation")
    yield _arm(size, DENSE, here, "all weights, from their first values")
    early = dataclasses.replace(here, start=Point(there, _early(size)))
    yield _arm(size, EARLY, early, "all weights, from early ones of the other classes")


def _dense(size: PrunedSize, data: str, classes: tuple[int, ...]) -> Recipe:
    """All weights, trained on some of the classes."""
    return Recipe(
        data=dataset(data, train=size.examples, classes=classes, flat=True),
        model=MLP(size.widths, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=Adam(RATE),
        steps=size.steps,
        batch=min(50, size.examples // 2),
    )


def _found(size: PrunedSize, start: Recipe, dealt: str) -> Inherited:
    """The mask of a search."""
    whole = (size.rounds + 1) * size.steps
    rounds = Rounds(size.steps, size.steps, size.share, back=_early(size))
    return Inherited(dataclasses.replace(start, steps=whole, pruning=rounds), whole, dealt)


def _from(size: PrunedSize, start: Recipe, here: Recipe, dealt: str = "as found") -> Recipe:
    """The ticket of a training, trained here."""
    return dataclasses.replace(here, mask=_found(size, start, dealt), start=Point(start, _early(size)))


def _early(size: PrunedSize) -> int:
    return max(1, size.steps * BACK // 100)


def _arm(size: PrunedSize, name: str, recipe: Recipe, says: str, role: str = "control") -> Arm:
    probes = (Accuracy(every=size.steps // 20), Density(every=size.steps))
    return Arm(name, recipe, probes, role=role, says=says)  # type: ignore[arg-type]
