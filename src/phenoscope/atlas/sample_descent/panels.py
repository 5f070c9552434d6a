"""What is drawn of one model that is given ever more examples."""

from phenoscope.atlas.sample_descent.claims import (
    DECAY,
    ERROR,
    EXAMPLES,
    LOSS,
    NETWORK,
    NETWORK_ERROR,
    NOISY,
    RIDGE,
)
from phenoscope.panels import Panel, Scatter

COUNT = "training examples"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Random features", "More examples hurt on the way to as many as there are features.",
            EXAMPLES, LOSS, COUNT, "squared distance from the true class", (NOISY, RIDGE),
        ),
        Scatter(
            "Wrong answers of random features", "They peak in the same place.",
            EXAMPLES, ERROR, COUNT, "test error", (NOISY, RIDGE),
        ),
        Scatter(
            "A network", "Ten hidden units, trained to the same number of steps.",
            EXAMPLES, LOSS, COUNT, "test loss (nats)", (NETWORK, DECAY),
        ),
        Scatter(
            "Wrong answers of a network", "The share of test examples given another class.",
            EXAMPLES, NETWORK_ERROR, COUNT, "test error", (NETWORK, DECAY),
        ),
    )  # fmt: skip
