"""What is drawn of the mean-field limit: curves that are one, and units that move, or do not."""

from phenoscope.atlas.mean_field_limit.claims import (
    CHANGE,
    CLOUD_MOVEMENT,
    CLOUDS,
    DISTANCE,
    LOSS,
    MEAN_FIELD,
    MOVEMENT,
    NTK,
    ONE_RATE,
    WIDE_LOSS,
    WIDTH,
)
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "How far units move", "Root mean square over units, for each weight.",
            WIDTH, MOVEMENT, "width", "movement", (MEAN_FIELD, ONE_RATE, NTK),
        ),
        Lines(
            "One curve", "Training loss in each width's own time; the line, of the far wider network.",
            LOSS, "loss", (MEAN_FIELD,), theory=WIDE_LOSS, theory_label="far wider, first seed", log_y=True,
        ),
        Lines(
            "As many curves as widths", "The same with one rate for all.",
            LOSS, "loss", (ONE_RATE,), theory=WIDE_LOSS, theory_label="far wider, first seed", log_y=True,
        ),
        Scatter(
            "Distance from the limit", "Of outputs on other digits, the largest along training.",
            WIDTH, DISTANCE, "width", "distance", (MEAN_FIELD, ONE_RATE, NTK),
        ),
        Scatter(
            "Clouds of units", "Wasserstein distance from the far wider network's; the line, from the start.",
            WIDTH, CLOUDS, "width", "distance", (MEAN_FIELD,), theory=CLOUD_MOVEMENT, theory_label="from the start",
        ),
        Scatter(
            "Change of the kernel", "From the start of training to its end.",
            WIDTH, CHANGE, "width", "‖K - K₀‖ / ‖K₀‖", (MEAN_FIELD, NTK),
        ),
    )  # fmt: skip
