"""What is drawn of networks found in random ones by removing weights."""

from phenoscope.atlas.strong_tickets.claims import (
    BITS,
    COUNT,
    DISTANCE,
    LOST,
    NORMAL,
    ONE,
    PRODUCTS,
    RANDOM,
    SINGLE,
    TARGET,
    UNIFORM,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Panel, Scatter

PATHS = "candidates for each weight"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "A weight as a sum", "One bit a candidate where sums are allowed; without them, next to nothing.",
            COUNT, BITS, PATHS, "log₂ of the median error", (PRODUCTS, UNIFORM, NORMAL, SINGLE), log=False,
            theory=-COUNT, theory_label="one bit a candidate",
        ),
        Scatter(
            "A network in a network", "The distance of the outputs from the target's, over the length of these.",
            COUNT, BITS, PATHS, "log₂ of the relative error", (TARGET, ONE, RANDOM), log=False,
        ),
        Scatter(
            "Accuracy lost", "Test accuracy of the target, less that of the network found.",
            COUNT, LOST, PATHS, "share of examples", (TARGET, ONE, RANDOM), log=False,
        ),
        Scatter(
            "What it takes", "How much larger the random network is than the target.",
            last_value(Measured("overhead")), DISTANCE, "weights / weights of the target", "relative error",
            (TARGET, ONE),
        ),
    )  # fmt: skip
