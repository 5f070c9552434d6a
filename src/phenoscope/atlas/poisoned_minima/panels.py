"""What is drawn of poisoned minima: what is right along the curves, and how the networks got there."""

from phenoscope.atlas.poisoned_minima.claims import CLEAN, FITS, MOVES, OTHER, POISONED, TO_CLEAN, TO_POISONED
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel, Scatter

ALONG = "percent of the way"
BOTH = (TO_POISONED, TO_CLEAN)


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Test accuracy along the curve", "From a clean network to a poisoned one it falls; between clean ones it "
            "stays.", Measured("test accuracy"), "test accuracy", BOTH, x_label=ALONG,
        ),
        Lines(
            "Training accuracy along the curve", "On the clean examples, which are all that the curve was trained on.",
            Measured("training accuracy"), "training accuracy", BOTH, x_label=ALONG,
        ),
        Lines(
            "Training accuracy on the straight line", "Between the same ends.",
            Measured("on the line"), "training accuracy", BOTH, x_label=ALONG,
        ),
        Lines(
            "Training loss along the curve", "On the clean examples.",
            Measured("training loss"), "loss", BOTH, x_label=ALONG, log_y=True,
        ),
        Scatter(
            "Fit and generalisation", "One point a pair of networks.",
            FITS, MOVES, "lowest training accuracy on the curve", "test accuracy, highest less lowest", BOTH, log=False,
        ),
        Lines(
            "Test accuracy in training", "Of the networks at the ends.",
            Measured("test accuracy"), "test accuracy", (CLEAN, POISONED, OTHER),
        ),
        Lines("Training accuracy in training", "On all that each of them learns, wrong labels included.",
              Measured("train accuracy"), "training accuracy", (CLEAN, POISONED, OTHER)),
    )  # fmt: skip
