"""Ticket controls: which part of a lottery ticket is it, its places, its signs or its sizes?"""

import dataclasses
from typing import Any

from phenoscope.atlas.papers import TICKETS_PAPER, ZHOU_PAPER
from phenoscope.atlas.size import PrunedSize
from phenoscope.atlas.ticket_controls.claims import (
    ANYWHERE,
    CONSTANT,
    FRESH,
    FROZEN,
    OTHER_SIZES,
    RANDOM_SIGNS,
    RESHUFFLED,
    SEARCH,
    SHUFFLED,
    SIGNS,
    TICKET,
    claims,
    comparisons,
)
from phenoscope.atlas.ticket_controls.panels import panels
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Density, Loss
from phenoscope.training import Adam, Inherited, RandomMask, Recipe, Reset, Rounds

SIZES: dict[Scale, PrunedSize] = {
    "smoke": PrunedSize(100, (16,), 20, 3, 0.5),
    "laptop": PrunedSize(4000, (64, 64), 1000, 5, 0.4),
    "paper": PrunedSize(4000, (300, 100), 5000, 12, 0.2),
}
RATE = 0.003


def ticket_controls(scale: Scale, *, data: str = "mnist1d") -> Phenomenon:
    """A ticket, and networks that share some of what it has, all trained alone for four times a round's steps.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    end = (size.rounds + 1) * size.steps
    dense = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=MLP(size.widths, activation="relu"),
        loss=CrossEntropy(),
        rule=Adam(RATE),
        steps=4 * size.steps,
        batch=min(50, size.examples // 2),
    )
    search = dataclasses.replace(dense, steps=end, pruning=Rounds(size.steps, size.steps, size.share))
    ticket = dataclasses.replace(dense, mask=Inherited(search, end))
    density = (1 - size.share) ** size.rounds
    probes = (Loss(every=size.steps // 2), Accuracy(every=size.steps // 4))

    def arm(name: str, says: str, role: str = "control", **changes: Any) -> Arm:
        return Arm(name, dataclasses.replace(ticket, **changes), probes, role=role, says=says)  # type: ignore[arg-type]

    return Phenomenon(
        name="ticket_controls",
        title="What a ticket is made of",
        question="Which part of a lottery ticket is it that trains so well: its places, its signs or its sizes?",
        summary=(
            "A network is pruned in rounds and rewound to its start. What is left is a mask, and weights under it with "
            "signs and sizes. One part after the other is replaced by chance, and all that comes of it is trained for "
            "as many steps. The signs are said to be what matters of the weights, and zeros to be better for the "
            "others than the values that they began with."
        ),
        arms=(
            Arm(SEARCH, search, (*probes, Density(every=size.steps)), role="control", keep=(end,),
                says="pruned in rounds, each of which begins again at the first values; its last mask is the ticket's"),
            arm(TICKET, "the first values under that mask, and nothing else", "main"),
            arm(FRESH, "the mask on another initialisation", initialisation=1),
            arm(SHUFFLED, "the first values under a mask with as many weights in each layer, at random places",
                mask=Inherited(search, end, "shuffled")),
            arm(ANYWHERE, "the first values under a mask with as many weights, at random places of the network",
                mask=RandomMask(density)),
            arm(SIGNS, "the ticket's places and signs, with one size for all weights of a layer", "main",
                reset=Reset("signs")),
            arm(OTHER_SIZES, "the ticket's places and signs, with sizes dealt out from the whole layer", "main",
                reset=Reset("other sizes")),
            arm(RANDOM_SIGNS, "the ticket's places and sizes, with random signs", reset=Reset("random signs")),
            arm(CONSTANT, "the ticket's places; random signs, and one size for all weights of a layer",
                reset=Reset("constant")),
            arm(RESHUFFLED, "the ticket's places, with its weights dealt out anew in each layer",
                reset=Reset("reshuffled")),
            arm(FROZEN, "the ticket, with the other weights held at the values that they began with and not at 0",
                reset=Reset("as drawn", rest="start")),
        ),
        comparisons=comparisons(),
        claims=claims(),
        panels=panels(),
        sources=(
            TICKETS_PAPER,
            ZHOU_PAPER,
            ("Frankle, Schwab and Morcos 2020: The early phase of neural network training",
             "https://arxiv.org/abs/2002.10365"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
