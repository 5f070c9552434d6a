"""What is drawn of tickets and scratch."""

from phenoscope.atlas.ticket_or_scratch.claims import (
    FAST,
    GRID,
    LARGE,
    LEAD,
    RATE,
    SEARCHES,
    SMALL,
    WHOLE,
    WIDTH,
    mask_only,
    of_two,
    rewound,
    scratch,
    shuffled,
    strong,
    ticket,
    weak,
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel, Scatter

ACCURACY = Measured("test accuracy")


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    kinds = tuple(kind(corner) for corner in (SMALL, LARGE) for kind in (strong, weak, mask_only, of_two))
    return (
        Scatter(
            "The lead of tickets over scratch", "Test accuracy of the ticket less that of its mask on another start, "
            "after as many steps; at 0 the start is no matter.",
            WIDTH, LEAD, "width", "lead in test accuracy", (GRID,), by="lr", log="x",
        ),
        Scatter(
            "The same against the rate", "The lead for each width.",
            RATE, LEAD, "learning rate", "lead in test accuracy", (GRID,), by="model.width", log="x",
        ),
        Scatter(
            "The lead when scratch has the whole budget", "Scratch is given the steps of the whole search.",
            WIDTH, WHOLE, "width", "lead in test accuracy", (GRID,), by="lr", log="x",
        ),
        Scatter(
            "What is a ticket", "Leads at both corners of the grid: of the ticket from the start and from an early "
            "step over scratch, of the mask alone over a shuffled one, and of one scratch over another.",
            WIDTH, LEAD, "width", "lead in test accuracy", kinds, log="x",
        ),
        Lines("A narrow network at the low rate", "Scratch goes on for the steps of the whole search.", ACCURACY,
              "test accuracy", (ticket(SMALL), rewound(SMALL), scratch(SMALL), shuffled(SMALL))),
        Lines("A wide network at the high rate", "The same at the other corner.", ACCURACY, "test accuracy",
              (ticket(LARGE), rewound(LARGE), scratch(LARGE), shuffled(LARGE))),
        Lines("A narrow network at the high rate", "Where more steps from scratch need not make up for the start.",
              ACCURACY, "test accuracy", (ticket(FAST), scratch(FAST))),
        Lines("The searches", "Rounds of training, pruning and rewinding, for each width and rate.", ACCURACY,
              "test accuracy", (SEARCHES,)),
    )  # fmt: skip
