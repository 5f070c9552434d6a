"""What is drawn of tickets."""

from phenoscope.atlas.lottery_tickets.claims import (
    ALL_FRESH,
    ALL_SHUFFLED,
    DENSE,
    FAST_SEARCH,
    FRESH,
    FRESHES,
    LATE,
    LEAD,
    RANDOM,
    SEARCH,
    SHUFFLED,
    SHUFFLES,
    TICKET,
    TICKETS,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Lines, Panel, Scatter

ACCURACY, DENSITY = last_value(Measured("test accuracy")), last_value(Measured("density"))
LEFT = "share of the weights"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Tickets, and what has only half of them", "Test accuracy after four rounds' steps. Tickets have mask and "
            "first values of a network that was pruned in rounds; the others have the mask alone, or the values alone.",
            DENSITY, ACCURACY, LEFT, "test accuracy", (TICKETS, FRESHES, SHUFFLES), log="x",
        ),
        Lines(
            "The search", "Each round ends more sparse than the one before; at its beginning the weights are those of "
            "the start.", Measured("test accuracy"), "test accuracy", (SEARCH, FAST_SEARCH, RANDOM, DENSE),
        ),
        Lines("What is left", "The share of weights that are not 0.", Measured("density"), LEFT, (SEARCH, RANDOM),
              log_y=True),
        Lines(
            "Tickets learn faster", "The mask of one density, on its own first values, on others, and shuffled.",
            Measured("test accuracy"), "test accuracy", (TICKET, FRESH, SHUFFLED),
        ),
        Scatter(
            "The lead after a round's steps", "Accuracy of a ticket less that of its control, pair by pair.",
            last_value(Measured("density")), LEAD, LEFT, "lead in test accuracy", (ALL_FRESH, ALL_SHUFFLED), log="x",
        ),
        Scatter(
            "The lead after four times the steps", "What is left of it.",
            last_value(Measured("density")), LATE, LEFT, "lead in test accuracy", (ALL_FRESH, ALL_SHUFFLED), log="x",
        ),
    )  # fmt: skip
