"""What is drawn of the oscillation at the edge."""

from phenoscope.atlas.oscillation_averaging.claims import (
    ALONG,
    DESCENT,
    LOSS,
    LR,
    MEAN_RISE,
    ONE,
    OVER,
    PROGRESS,
    RATIO,
    RISE_1,
    RISE_8,
    SECOND,
    SMALL,
)
from phenoscope.claims import fraction_of
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    edge = RATIO / RATIO
    return (
        Scatter(
            "Steps that raise the loss", "The share of late steps on which the loss rises: as it is read, and without "
            "the component along the top eigenvector; one point a seed.",
            fraction_of(PROGRESS > 0), fraction_of(RISE_1 > 0), "the loss itself", "without the top direction",
            (DESCENT, ONE), slope=1.0, theory_label="no difference", log=False,
        ),
        Scatter(
            "Steps that raise what is left", "The share of late steps on which the loss rises in the mean of two steps "
            "and without eight directions, with ten outputs; one point a seed.",
            fraction_of(MEAN_RISE > 0), fraction_of(RISE_8 > 0), "mean of two steps", "without eight directions",
            (DESCENT,), log=False,
        ),
        Lines(
            "Relative progress", "The change of the loss over what the gradient promises: −1 where it is kept.",
            PROGRESS, "relative progress", (DESCENT, SMALL), theory=0 * edge, theory_label="no progress",
        ),
        Lines(
            "Loss in the mean of two steps", "As a share of the mean loss of the two: what the swing adds is gone.",
            OVER, "two-step mean / mean loss", (DESCENT, ONE, SMALL),
        ),
        Lines(
            "Gradient along the top eigenvector", "Its size: with one output it swings up and dies away, again and "
            "again.",
            ALONG * ALONG, "(gradient along top eigenvector)²", (ONE, DESCENT), log_y=True,
        ),
        Lines(
            "Sharpness", "It hovers at the edge; the small step stays below.",
            RATIO, "sharpness / threshold", (DESCENT, ONE, SMALL), theory=edge, theory_label="the edge",
        ),
        Lines(
            "The second curvature", "With ten outputs several are at the edge, with one a single one.",
            SECOND * LR / 2, "second curvature / threshold", (DESCENT, ONE), theory=edge, theory_label="the edge",
        ),
        Lines(
            "Training loss", "It falls on average.", LOSS, "loss", (DESCENT, ONE, SMALL), log_y=True,
        ),
    )  # fmt: skip
