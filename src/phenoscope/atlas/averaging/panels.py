"""What is drawn of averages."""

from phenoscope.atlas.averaging.claims import (
    ACCURACY,
    ACROSS,
    ALONG,
    BELOW,
    CHILD,
    DECAYED,
    DISTANCE,
    FLATNESS,
    FLATTER,
    FLATTER_THAN_DECAYED,
    LOSS,
    SOUP,
    SOUP_GAIN,
    STRANGER,
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel, Scatter

AVERAGE_LOSS, AVERAGE_ACCURACY = Measured("averaged test loss"), Measured("averaged test accuracy")


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Test loss of the average over that of the point", "Below 1 the average is better than its newest point.",
            AVERAGE_LOSS / LOSS, "ratio of test losses", (ALONG, DECAYED),
        ),
        Lines(
            "Test accuracy of the average less that of the point", "Above 0 the average is better.",
            AVERAGE_ACCURACY - ACCURACY, "difference of accuracies", (ALONG, DECAYED),
        ),
        Lines(
            "The same for the exponential average", "It forgets what lies more than a few hundred steps back.",
            Measured("exponential test loss") / LOSS, "ratio of test losses", (ALONG, DECAYED),
        ),
        Scatter(
            "Averages of two networks", "Of two children of one run the average is better than they are; across two "
            "initialisations little is left.",
            DISTANCE, SOUP_GAIN, "distance of the two", "accuracy over the mean of the two", (SOUP, ACROSS), log=False,
        ),
        Scatter(
            "Against the ensemble", "What averaging weights loses against averaging predictions.",
            DISTANCE, BELOW, "distance of the two", "accuracy below that of the ensemble", (SOUP, ACROSS), log=False,
        ),
        Scatter(
            "Curvature at the average", "Largest Hessian eigenvalue there, over that at its points and at the end of a "
            "run whose rate has decayed; below 1 the average is flatter.",
            FLATTER, FLATTER_THAN_DECAYED, "over its points", "over the decayed run", (FLATNESS,), log=False,
        ),
        Lines("Test accuracy", "Of the networks that are averaged.", ACCURACY, "test accuracy",
              (ALONG, DECAYED, CHILD, STRANGER)),
        Lines("Training loss", "On all training data.", Measured("loss"), "loss",
              (ALONG, DECAYED, CHILD, STRANGER), log_y=True),
    )  # fmt: skip
