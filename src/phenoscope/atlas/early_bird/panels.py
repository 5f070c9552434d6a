"""What is drawn of early birds."""

from phenoscope.atlas.early_bird.claims import (
    BELOW,
    DISTANCE,
    DRAWN,
    DRAWN_RANDOM,
    EARLY,
    LATE,
    LEAD,
    OVER_AGAIN,
    OVER_LATE,
    OVER_RANDOM,
    RANDOM,
    RANDOM_OVER_LATE,
    RELATIVE,
    SLOW,
    TRAINED,
)
from phenoscope.claims import Measured, Setting, last_value
from phenoscope.panels import Lines, Panel, Scatter

ACCURACY = Measured("test accuracy")


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "The choice of channels comes to rest", "The largest share of channels in which two of the last five masks "
            "differ; the ticket is drawn where it first is at a tenth. At a tiny rate masks agree, too, and sooner.",
            DISTANCE, "share of channels", (TRAINED, SLOW), theory=Setting("lr") * 0 + BELOW, theory_label="a tenth",
        ),
        Lines(
            "The same against chance", "In units of what two random masks differ by.",
            RELATIVE, "over random masks", (TRAINED, SLOW),
        ),
        Scatter(
            "When the ticket is drawn", "Test accuracy after equally many further steps with half of the channels; "
            "what the gap between both shows is the choice, what both do is the training before.",
            Setting("start.at"), last_value(ACCURACY), "step at which it is drawn", "test accuracy",
            (DRAWN, DRAWN_RANDOM), log=False,
        ),
        Lines("Test accuracy", "Of tickets, whose steps count from where they are drawn, and of the whole network.",
              ACCURACY, "test accuracy", (EARLY, RANDOM, LATE, TRAINED)),
        Scatter(
            "Leads", "Pair by pair: of the early ticket over the late one and over random channels; beside it, of "
            "random channels over the late ticket, and of one order of the data over another.",
            Setting("seed"), LEAD, "seed", "lead in test accuracy",
            (OVER_LATE, OVER_RANDOM, RANDOM_OVER_LATE, OVER_AGAIN), log=False,
        ),
    )  # fmt: skip
