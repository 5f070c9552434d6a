"""What is drawn of retraining."""

from phenoscope.atlas.retraining.claims import CONSTANT, DENSE, FINE, REPLAY, REWIND
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel

WAYS = (REPLAY, REWIND, FINE, CONSTANT)


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines("Test accuracy", "After each round half of the weights that are left go.", Measured("test accuracy"),
              "test accuracy", (*WAYS, DENSE)),
        Lines("Rates", "What is repeated, and what is not.", Measured("learning rate"), "learning rate", WAYS,
              log_y=True),
        Lines("Training loss", "On all training examples.", Measured("loss"), "loss", WAYS, log_y=True),
        Lines("What is left", "The share of weights that are not 0.", Measured("density"), "share of the weights",
              (REPLAY, REWIND), log_y=True),
    )  # fmt: skip
