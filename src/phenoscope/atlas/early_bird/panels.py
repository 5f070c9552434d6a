"""What is drawn of early birds."""

from phenoscope.atlas.early_bird.claims import (
    BELOW,
    DISTANCE,
    EARLY,
    LATE,
    LEAD,
    LEAST,
    OVER_AGAIN,
    OVER_LATE,
    OVER_RANDOM,
    OVER_SLOW,
    RANDOM,
    RANDOM_OVER_LATE,
    RELATIVE,
    SLOW,
    SLOW_BIRD,
    TRAINED,
)
from phenoscope.claims import Measured, Setting
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
            RELATIVE, "distance / that of random masks", (TRAINED, SLOW),
        ),
        Lines(
            "What the choice leaves to each layer", "Of the layer that keeps the smallest share of its channels. Gains "
            "of all layers are ranked together, and one layer's may outgrow another's.",
            LEAST, "share of its channels", (TRAINED, SLOW),
        ),
        Lines("Test accuracy", "Of the whole network, and of half of its channels from their first values.",
              ACCURACY, "test accuracy", (TRAINED, EARLY, LATE, RANDOM, SLOW_BIRD)),
        Scatter(
            "Leads", "Pair by pair: of the early ticket over the late one, over random channels and over the ticket of "
            "the tiny rate; beside it, of random channels over the late one, and of one order of data over another.",
            Setting("seed"), LEAD, "seed", "lead in test accuracy",
            (OVER_LATE, OVER_RANDOM, OVER_SLOW, RANDOM_OVER_LATE, OVER_AGAIN), log=False,
        ),
    )  # fmt: skip
