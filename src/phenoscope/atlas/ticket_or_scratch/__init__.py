"""Ticket or scratch: does it matter from where a sparse network starts, and for which networks does it?"""

from phenoscope.atlas.papers import TICKETS_PAPER
from phenoscope.atlas.ticket_or_scratch.arms import Size, arms
from phenoscope.atlas.ticket_or_scratch.claims import claims, comparisons
from phenoscope.atlas.ticket_or_scratch.panels import panels
from phenoscope.phenomenon import PILOTS, Phenomenon, Scale

SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (8, 16), 20, 2, 0.5),
    "laptop": Size(1000, (24, 64, 128), 400, 5, 0.4),
    "paper": Size(1000, (50, 200, 800), 4000, 12, 0.2),
}


def ticket_or_scratch(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Tickets and their masks on other starts, over widths and rates.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
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
        arms=arms(SIZES[scale], data),
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
