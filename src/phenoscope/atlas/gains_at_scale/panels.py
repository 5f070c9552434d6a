"""What is drawn of averaged and sharpness-aware training at scale."""

from phenoscope.atlas.gains_at_scale.claims import (
    ADAM,
    EXAMPLES,
    OWN,
    RATIO,
    SAM,
    SAM_DATA,
    SAM_WIDTH,
    SWA,
    SWA_DATA,
    SWA_WIDTH,
    WIDTH,
)
from phenoscope.claims import Measured, Setting, first_value
from phenoscope.panels import Lines, Panel, Scatter

ERROR = 1 - Measured("test accuracy")
GAINED = first_value(Measured(RATIO))


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "At equal cost, by data", "Below 1 the rule has the smaller test error; one point a seed.",
            Setting(EXAMPLES), GAINED, "training examples", RATIO, (SWA_DATA, SAM_DATA),
        ),
        Scatter(
            "At equal cost, by width", "The same in wider and wider networks, on as many examples.",
            Setting(WIDTH), GAINED, "units of each hidden layer", RATIO, (SWA_WIDTH, SAM_WIDTH),
        ),
        Scatter(
            "Against its own run", "An average against the run it is taken from: where the rate has decayed to zero, "
            "the points hardly differ.",
            Setting(EXAMPLES), OWN, "training examples", "test error, averaged over late", (SWA, ADAM),
        ),
        Lines(
            "Test error", "At all numbers of examples; SAM makes half the steps, of two gradients each.",
            ERROR, "test error", (ADAM, SWA, SAM), log_y=True,
        ),
        Lines(
            "Training loss", "What each has fitted meanwhile.",
            Measured("loss"), "loss", (ADAM, SWA, SAM), log_y=True,
        ),
    )  # fmt: skip
