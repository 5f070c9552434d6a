"""What is drawn of the volumes between two solutions."""

from phenoscope.atlas.connected_volumes.claims import (
    ALIGNED,
    APART,
    ERROR,
    FREE,
    INSIDE,
    LARGEST,
    MEAN,
    PLAIN,
    RANDOM,
    REORDERED,
    TRAINED,
    UNTRAINED,
)
from phenoscope.atlas.pairs import OTHER, SOLUTION
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "How far apart, how high", "One point a pair: low and far to the right is a body of solutions.",
            last_value(Measured(APART)), last_value(Measured(LARGEST)), "distance of the points / of the solutions",
            "largest rise inside", (TRAINED, FREE, UNTRAINED, RANDOM, ALIGNED),
        ),
        Scatter(
            "Aligned first", "The mean loss inside after as many steps; below the line it is lower than without.",
            last_value(Measured(PLAIN)), last_value(Measured(INSIDE)), "mean loss inside, as they are",
            "mean loss inside", (ALIGNED, REORDERED), slope=1.0, theory_label="equal", log=False,
        ),
        Scatter(
            "Test error", "The rise of training loss and of test error inside, on average.",
            last_value(Measured(MEAN)), last_value(Measured(ERROR)), "mean rise inside", "test error above the ends",
            (TRAINED, UNTRAINED, ALIGNED), log=False,
        ),
        Lines(
            "Training loss", "Both networks on their own training examples.",
            Measured("loss"), "training loss", (SOLUTION, OTHER), log_y=True,
        ),
    )  # fmt: skip
