"""What is drawn of noise against rate."""

from phenoscope.atlas.noise_or_rate.claims import (
    AMPLIFIED,
    LARGE,
    LARGE_MINI,
    LOSS,
    LR,
    SHARPNESS,
    SMALL,
    SMALL_MINI,
    at_loss,
)
from phenoscope.claims import Measured, Setting, first_value
from phenoscope.panels import Lines, Panel, Scatter

EVERY = (LARGE, LARGE_MINI, SMALL, SMALL_MINI, AMPLIFIED)


def panels(level: float) -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    then = at_loss(level)
    batch = first_value(Setting("batch") * LOSS / LOSS)
    return (
        Scatter(
            "Sharpness at equal loss", f"When the training loss first is {level:g}; the largest batch has no noise.",
            batch, then, "batch", "sharpness", EVERY,
        ),
        Lines(
            "The large rate", "Without noise it rises to 2/η; with noise it stays below.",
            SHARPNESS, "sharpness", (LARGE, LARGE_MINI), theory=2 / LR, theory_label="2/η",
        ),
        Lines(
            "The small rate", "Without noise, with that of mini-batches, and with as much as the large rate makes.",
            SHARPNESS, "sharpness", (SMALL, SMALL_MINI, AMPLIFIED),
        ),
        Lines("Training loss", "On all training data.", LOSS, "loss", EVERY, log_y=True),
        Lines(
            "Test accuracy", "What the networks have learned meanwhile.",
            Measured("test accuracy"), "test accuracy", EVERY,
        ),
    )  # fmt: skip
