"""Ticket transfer: is a ticket one of its task and its rule, or does it serve others as well?"""

from phenoscope.atlas.papers import TICKETS_PAPER
from phenoscope.atlas.size import PrunedSize
from phenoscope.atlas.ticket_transfer.arms import arms
from phenoscope.atlas.ticket_transfer.claims import MORCOS, claims, comparisons
from phenoscope.atlas.ticket_transfer.panels import panels
from phenoscope.phenomenon import PILOTS, Phenomenon, Scale

SIZES: dict[Scale, PrunedSize] = {
    "smoke": PrunedSize(100, (16,), 20, 2, 0.5),
    "laptop": PrunedSize(1500, (64, 64), 500, 5, 0.4),
    "paper": PrunedSize(1900, (300, 100), 5000, 15, 0.2),
}


def ticket_transfer(scale: Scale, *, data: str = "mnist1d") -> Phenomenon:
    """Tickets that were found on other classes, by another rule or on reordered inputs, trained where another one is.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
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
        arms=arms(SIZES[scale], data),
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
