"""What is drawn of induction heads: the cliff, the head, and what is lost on the way to frozen features."""

from phenoscope.atlas.induction_heads.claims import (
    ACCURACY,
    ALPHA,
    BY_HEART,
    DIAL,
    FROZEN,
    FROZEN_GIVEN,
    FROZEN_WIDTHS,
    GIVEN,
    LOSS,
    NETWORK,
    ONE_LAYER,
    ONE_PERIOD,
    PLACE,
    PREVIOUS,
    SCORE,
    WIDTH,
    WIDTHS,
)
from phenoscope.claims import last_value
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "The cliff", "Of tokens that follow from the context; with frozen features there is no cliff.",
            LOSS, "test loss, nats", (NETWORK, FROZEN, ONE_LAYER),
        ),
        Lines(
            "The induction head", "The weight on places after an earlier copy of the token, of the best head.",
            SCORE, "induction score", (NETWORK, ONE_LAYER, GIVEN),
        ),
        Lines(
            "The head before it", "The weight on the place before, of the best head of the first layer.",
            PREVIOUS, "previous-token score", (NETWORK, ONE_LAYER),
        ),
        Lines(
            "Accuracy", "Given a head that looks at the place before, a network is sooner, frozen features are not.",
            ACCURACY, "test accuracy", (NETWORK, GIVEN, FROZEN_GIVEN),
        ),
        Lines(
            "What frozen features learn", "What can be learned by heart, but not to copy from a place.",
            ACCURACY, "test accuracy", (BY_HEART, PLACE, ONE_PERIOD),
        ),
        Scatter(
            "From rich to lazy", "After as many steps, with outputs times α and the rate over α.",
            ALPHA, last_value(ACCURACY), "α", "test accuracy", (DIAL,),
        ),
        Scatter(
            "Width", "Wide networks learn it, lazy ones at no width.",
            WIDTH, last_value(ACCURACY), "width", "test accuracy", (WIDTHS, FROZEN_WIDTHS),
        ),
    )  # fmt: skip
