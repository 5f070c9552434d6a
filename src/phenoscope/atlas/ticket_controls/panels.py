"""What is drawn of the parts of a ticket."""

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
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel

ACCURACY = Measured("test accuracy")


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines("Signs and sizes", "One mask; of its weights, some have their own signs, some their own sizes.",
              ACCURACY, "test accuracy", (TICKET, SIGNS, OTHER_SIZES, RANDOM_SIGNS, CONSTANT)),
        Lines("Places and start", "What of the ticket is kept, and what is drawn anew.",
              ACCURACY, "test accuracy", (TICKET, FRESH, SHUFFLED, ANYWHERE, RESHUFFLED)),
        Lines("What becomes of the others", "Weights that are not trained are held at 0, or where they began.",
              ACCURACY, "test accuracy", (TICKET, FROZEN)),
        Lines("Training loss", "On all training examples.", Measured("loss"), "loss",
              (TICKET, SIGNS, RANDOM_SIGNS, FRESH, SHUFFLED), log_y=True),
        Lines("The search", "After each round the smallest weights go.", ACCURACY, "test accuracy", (SEARCH,)),
    )  # fmt: skip
