"""What is drawn of where the test loss peaks."""

from phenoscope.atlas.peak_place.claims import DECAY, FEATURES, LAST, LINEAR, LOSS, REST, STOPPED, UNFITTED, WIDTH
from phenoscope.claims import Expression
from phenoscope.panels import Panel, Scatter

COUNTED = "parameters / (examples × classes)"


def panels(share: Expression, examples: int) -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance.

    Args:
        share: parameters of the networks, over examples times classes.
        examples: of the random features.
    """
    return (
        Scatter(
            "Test loss against the raw count",
            "The peak comes long before there are as many parameters as examples times classes.",
            share, LOSS, COUNTED, "test loss (nats)", (LAST, STOPPED, DECAY),
        ),
        Scatter(
            "What is not fitted", "It comes about where the training labels can be fitted.",
            WIDTH, UNFITTED, "hidden units", "training error", (LAST, STOPPED, DECAY), log=False,
        ),
        Scatter(
            "Random features", "Here all predictions agree: the peak is at one feature an example.",
            FEATURES / examples, LOSS, "features / examples", "squared distance from the true class", (LINEAR,),
        ),
        Scatter(
            "What random features leave", "Nothing, from as many features as examples on.",
            FEATURES / examples, REST, "features / examples", "squared distance from the label", (LINEAR,), log=False,
        ),
    )  # fmt: skip
