"""Lottery tickets: does a network contain a small one that trains as well, and what is it that the small one has?"""

import dataclasses
from typing import Any

from phenoscope.atlas.lottery_tickets.claims import (
    ANOTHER,
    DENSE,
    FAST_FRESH,
    FAST_SEARCH,
    FAST_TICKET,
    FRESH,
    FRESHES,
    RANDOM,
    SEARCH,
    SHUFFLED,
    SHUFFLES,
    TICKET,
    TICKETS,
    claims,
    comparisons,
)
from phenoscope.atlas.lottery_tickets.panels import panels
from phenoscope.atlas.papers import TICKETS_PAPER
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Density, Loss
from phenoscope.training import Adam, Inherited, Recipe, Rounds


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        examples: to train on.
        widths: of the hidden layers.
        steps: of a round; what is drawn and trained alone takes four times as many.
        share: of the weights that are left, how many go after each round.
        drawn: the rounds whose masks are tickets; the first of them is judged, the last ends the search.
    """

    examples: int
    widths: tuple[int, ...]
    steps: int
    share: float
    drawn: tuple[int, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 20, 0.5, (2, 3)),
    "laptop": Size(1000, (64, 32), 400, 0.36, (6, 2, 4, 8)),
    "paper": Size(1000, (300, 100), 2000, 0.2, (12, 4, 8, 16)),
}

RATE, FASTER = 0.002, 10
"""The rate of Adam, and how many times as large the high one is."""


def lottery_tickets(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """A network that is pruned in rounds, and the sparse networks that it leaves, trained alone with and without start.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    rounds, steps = max(size.drawn), size.steps
    dense = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=MLP(size.widths, activation="relu"),
        loss=CrossEntropy(),
        rule=Adam(RATE),
        steps=(rounds + 1) * steps,
        batch=min(64, size.examples // 2),
    )
    ends = tuple((number + 1) * steps for number in size.drawn)
    probes = (Loss(every=steps // 4), Accuracy(every=steps // 4), Density(every=steps))
    search = dataclasses.replace(dense, pruning=Rounds(steps, steps, size.share))
    fast = dataclasses.replace(search, rule=Adam(FASTER * RATE))
    left = {"pruning": None, "steps": 4 * steps}
    ticket = dataclasses.replace(search, mask=Inherited(search, ends[0]), **left)
    fast_ticket = dataclasses.replace(fast, mask=Inherited(fast, ends[0]), **left)
    shuffled = dataclasses.replace(ticket, mask=Inherited(search, ends[0], "shuffled"))

    def arm(name: str, recipe: Recipe, says: str, **options: Any) -> Arm:
        return Arm(name, recipe, probes, says=says, **options)

    def drawn_anew(recipe: Recipe, number: int = 1) -> Recipe:
        return dataclasses.replace(recipe, initialisation=number)

    at_random = dataclasses.replace(dense, pruning=Rounds(steps, steps, size.share, score="random"))
    swept: dict[str, Any] = {"sweep": {"mask.found_at": tuple(sorted(ends))}}
    arms = (
        arm(SEARCH, search, "after each round the smallest weights go, and the rest begins again at its first values",
            keep=ends),
        arm(DENSE, dense, "keeps all weights for as many steps as all rounds together", role="control"),
        arm(RANDOM, at_random, "after each round weights go at random", role="control"),
        arm(TICKET, ticket, "what the search left, from its first values, trained alone for four rounds' steps"),
        arm(FRESH, drawn_anew(ticket), "the same mask on another initialisation", role="control"),
        arm(ANOTHER, drawn_anew(ticket, 2), "the same mask on a third initialisation", role="control"),
        arm(SHUFFLED, shuffled, "the same first values under a mask with as many weights in each layer, elsewhere",
            role="control"),
        arm(FAST_SEARCH, fast, "pruned in rounds at ten times the rate", keep=ends),
        arm(FAST_TICKET, fast_ticket, "a ticket found and trained at ten times the rate"),
        arm(FAST_FRESH, drawn_anew(fast_ticket), "its mask on another initialisation", role="control"),
        arm(TICKETS, ticket, "tickets of several densities", **swept),
        arm(FRESHES, drawn_anew(ticket), "their masks on another initialisation", role="control", **swept),
        arm(SHUFFLES, shuffled, "their first values under shuffled masks", role="control", **swept),
    )  # fmt: skip
    return Phenomenon(
        name="lottery_tickets",
        title="Lottery tickets",
        question="Does a network contain a small one that trains as well, and what does the small one have?",
        summary=(
            "After training, the smallest weights are removed and the others put back to their first values; again and "
            "again, until a few percent are left. Such a sparse network is said to reach the accuracy of the dense "
            "one, and another initialisation under its mask is said not to. Here it is trained beside that, and beside "
            "a mask with as many weights in each layer; at a low and at a high rate; and against a dense network that "
            "is given the steps of the whole search."
        ),
        arms=arms,
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(
            TICKETS_PAPER,
            ("Liu et al. 2018: Rethinking the value of network pruning", "https://arxiv.org/abs/1810.05270"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
