"""What is drawn of sparse networks that leave a dense one on its way."""

from phenoscope.atlas.ticket_onset.claims import (
    ACCURACY,
    BARRIER,
    FOUND,
    MIXED,
    OTHER,
    PARENT,
    SEARCH,
    SHARE,
    SHUFFLED,
    SPARSE,
    SPARSEST,
    WHOLE,
    orders,
)
from phenoscope.claims import Measured, Setting
from phenoscope.panels import Lines, Panel, Scatter

NATS, RIGHT, WHEN = "barrier (nats of training loss)", "test accuracy", "share of the steps at which they leave"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Stable and matching", "Each point is one seed, step and density. If networks matched where they are "
            "stable and nowhere else, points would fall from the upper left to the lower right.",
            BARRIER, ACCURACY, NATS, RIGHT, (orders(FOUND), orders(SHUFFLED)), log=False,
        ),
        Scatter(
            "Barriers under found masks", "Between two orders, by the step at which they leave the dense network; "
            "colours are the steps at which the mask was found, the first of them dense.",
            SHARE, BARRIER, WHEN, NATS, (orders(FOUND),), log=False, by="mask.found_at",
        ),
        Scatter("Barriers under shuffled masks", "With as many weights in each layer, elsewhere.",
                SHARE, BARRIER, WHEN, NATS, (orders(SHUFFLED),), log=False, by="mask.found_at"),
        Scatter("Accuracy under found masks", "The mean of two orders.",
                SHARE, ACCURACY, WHEN, RIGHT, (orders(FOUND),), log=False, by="mask.found_at"),
        Scatter(
            "From the start", "Barriers of the dense network, of found masks, of a shuffled one, and of a found one "
            "on another initialisation.",
            Setting("seed"), BARRIER, "seed", NATS, tuple(map(orders, (WHOLE, SPARSE, SPARSEST, MIXED, OTHER))),
            log=False,
        ),
        Lines("Test accuracy", "From the start, and of the dense network that others leave.", Measured("test accuracy"),
              RIGHT, (PARENT, WHOLE, SPARSE, SPARSEST, MIXED)),
        Lines("The search", "Rounds of training, pruning and rewinding.", Measured("density"), "share of the weights",
              (SEARCH,), log_y=True),
    )  # fmt: skip
