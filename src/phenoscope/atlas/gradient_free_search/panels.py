"""What is drawn of gradient-free search."""

from phenoscope.atlas.gradient_free_search.claims import (
    FAR,
    GRADIENT,
    GUESSED,
    LEVELS,
    MARGIN,
    PATTERN,
    RANDOM_STEPS,
    TEST,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Panel, Scatter

EVERY = (GUESSED, GRADIENT, RANDOM_STEPS, PATTERN, LEVELS, FAR)
LOSS = last_value(Measured("train loss"))


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Test accuracy against training loss",
            "Normalised networks, means over the solutions of a seed. At one loss: does it matter who found them?",
            LOSS, last_value(TEST), "training loss", "test accuracy", EVERY, log=False,
        ),
        Scatter(
            "Test accuracy against margin", "The margin is that of the example which is fitted worst.",
            last_value(MARGIN), last_value(TEST), "normalised margin", "test accuracy", EVERY, log=False,
        ),
        Scatter(
            "What a solution costs", "Networks looked at for each solution, and the loss that was asked for.",
            LOSS, last_value(Measured("tries")), "training loss", "networks looked at", EVERY,
        ),
    )  # fmt: skip
