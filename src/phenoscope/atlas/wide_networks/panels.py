"""What is drawn of wide networks: what was foretold beside what was measured."""

from phenoscope.atlas.wide_networks.claims import (
    ABSOLUTE,
    CHANGE,
    FORETOLD,
    GAP,
    LOSS,
    MEAN_FIELD,
    NARROW,
    RELATIVE,
    RELU,
    SMOOTH,
    TEST_GAP,
    WIDTH,
)
from phenoscope.claims import last_value, maximum
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Distance from what was foretold", "The largest along training, over the length of the targets.",
            WIDTH, maximum(GAP), "width", "distance / length of the targets", (RELU, SMOOTH, MEAN_FIELD),
        ),
        Scatter(
            "The same on test inputs", "Unseen digits, foretold from the kernel between them and the training digits.",
            WIDTH, maximum(TEST_GAP), "width", "distance / length of the targets", (RELU, SMOOTH, MEAN_FIELD),
        ),
        Scatter(
            "How much the kernel changes", "From the start of training to its end.",
            WIDTH, last_value(CHANGE), "width", "‖K − K₀‖ / ‖K₀‖", (RELU, SMOOTH, MEAN_FIELD),
        ),
        Scatter(
            "Drift, relative to the start", "Each weight moves less, the more of them there are.",
            WIDTH, last_value(RELATIVE), "width", "‖θ − θ₀‖ / ‖θ₀‖", (RELU, MEAN_FIELD),
        ),
        Scatter(
            "Drift, as it is", "All weights together move as far in a wide network as in a narrow one.",
            WIDTH, last_value(ABSOLUTE), "width", "‖θ − θ₀‖", (RELU, MEAN_FIELD),
        ),
        Lines(
            "Training loss", "A narrow network beside what its kernel at the start foretells, of the first seed.",
            LOSS, "loss", (NARROW,), theory=FORETOLD, theory_label="foretold, first seed", log_y=True,
        ),
    )  # fmt: skip
