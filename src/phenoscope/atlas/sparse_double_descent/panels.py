"""What is drawn of pruning networks that have learned wrong labels."""

from phenoscope.atlas.sparse_double_descent.claims import AFTER, RIGHT, RIGHT_ROUNDS, ROUNDS, WRONG
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel

TEST = "test accuracy"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Accuracy by round", "At the end of each round; the first is the dense network, and each has fewer weights "
            "than the one before.",
            Measured(AFTER), TEST, (ROUNDS, RIGHT_ROUNDS), x_label="rounds of pruning",
        ),
        Lines("In training", "Each round begins again from the first values.", Measured(TEST), TEST, (WRONG, RIGHT)),
        Lines(
            "Training loss", "With wrong labels as they are: the sparsest networks cannot fit them.",
            Measured("loss"), "loss", (WRONG, RIGHT), log_y=True,
        ),
        Lines("What is left", "The share of weights that are not 0.", Measured("density"), "share of the weights",
              (WRONG,), log_y=True),
    )  # fmt: skip
