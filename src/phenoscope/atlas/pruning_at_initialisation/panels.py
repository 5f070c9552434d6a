"""What is drawn of masks found before training."""

from phenoscope.atlas.pruning_at_initialisation.claims import (
    AFTER,
    AFTER_OTHER,
    AFTER_SHUFFLED,
    CHANCE,
    SCORES,
    tested,
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel

ACCURACY = Measured("test accuracy")


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    as_is = tuple(tested(score, "as is") for score in SCORES)
    checks = tuple(
        Lines(
            f"{arms[0]} taken apart", "If these agree, it does not matter which weights the score keeps.",
            ACCURACY, "test accuracy", arms,
        )
        for arms in (tuple(tested(score, check) for check in checks) for score, checks in SCORES.items())
    )  # fmt: skip
    return (
        Lines(
            "Before and after", "Masks of the same density; found before training, by chance, and by training.",
            ACCURACY, "test accuracy", (AFTER, *as_is, CHANCE),
        ),
        Lines(
            "The mask from training taken apart", "Places and weights belong together, if these lie below it.",
            ACCURACY, "test accuracy", (AFTER, AFTER_SHUFFLED, AFTER_OTHER),
        ),
        *checks,
    )  # fmt: skip
