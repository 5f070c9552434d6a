"""What is drawn of tickets that are trained elsewhere."""

from phenoscope.atlas.ticket_transfer.claims import (
    ALONE,
    ALONE_OVER_RATIOS,
    CLASSES,
    DENSE,
    EARLY,
    EARLY_OVER_DENSE,
    LEAD,
    NATIVE,
    ORDER,
    RATIOS,
    RATIOS_OVER_RATIOS,
    RULE,
    over_native,
    over_shuffled,
    shuffled,
)
from phenoscope.claims import Measured, Setting
from phenoscope.panels import Lines, Panel, Scatter

ACCURACY, SEED = Measured("test accuracy"), Setting("seed")


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Tickets from elsewhere against shuffled masks", "The lead in test accuracy over the same weights under a "
            "mask with as many in each layer; at 0 places are no matter. Beside it, one shuffled mask over another.",
            SEED, LEAD, "seed", "lead in test accuracy",
            (*map(over_shuffled, (CLASSES, RULE, ORDER)), RATIOS_OVER_RATIOS), log=False,
        ),
        Scatter(
            "Tickets from elsewhere against the native one", "At 0 a ticket does as well as the one that was found "
            "where it is trained.",
            SEED, LEAD, "seed", "lead in test accuracy", tuple(map(over_native, (CLASSES, RULE, ORDER))), log=False,
        ),
        Scatter(
            "Mask, or early weights", "The lead of the mask from scratch over as many weights in each layer, and that "
            "of early weights in a dense network.",
            SEED, LEAD, "seed", "lead in test accuracy", (ALONE_OVER_RATIOS, EARLY_OVER_DENSE), log=False,
        ),
        Lines("Test accuracy", "On the classes that the native ticket was found on.", ACCURACY, "test accuracy",
              (NATIVE, CLASSES, RULE, ORDER, shuffled(CLASSES), DENSE)),
        Lines("From scratch, and without a mask", "The mask alone, the layers' shares alone, and dense networks.",
              ACCURACY, "test accuracy", (ALONE, RATIOS, EARLY, DENSE)),
    )  # fmt: skip
