"""What is drawn of where fits put the noise of their labels."""

from phenoscope.atlas.noise_absorption.claims import (
    ABSORBED,
    BIAS,
    ELSEWHERE,
    ENERGY,
    EXPECTED,
    EXPECTED_HIGH,
    FEATURES,
    HIGH,
    MANY,
    RIDGE,
    STEEP,
    THERE,
    WAVES,
    WIDTH,
)
from phenoscope.panels import Panel, Scatter

COUNT, UNITS, EXACT = "waves P", "hidden units", "exact mean over noise"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Noise between the examples",
            "It is largest with as many waves as examples, and falls where further waves can take it up; with weights "
            "that fall steeply these take up nothing.",
            FEATURES, ENERGY, COUNT, "mean square of the noise's part, over σ²", (WAVES, STEEP, RIDGE), theory=EXPECTED,
            theory_label=EXACT,
        ),
        Scatter(
            "Its share in high frequencies", "What further waves take up is spikes at the examples.",
            FEATURES, HIGH, COUNT, "share above n/2", (MANY, STEEP), theory=EXPECTED_HIGH, theory_label=EXACT,
            log=False,
        ),
        Scatter(
            "What becomes of the signal", "The lowest waves have the largest weights, so hardly any of it is lost.",
            FEATURES, BIAS, COUNT, "mean square that is lost", (MANY, STEEP),
        ),
        Scatter(
            "What wrong labels change in networks, on new inputs",
            "Two networks from one start, trained with and without wrong labels.",
            WIDTH, ELSEWHERE, UNITS, "‖difference of probabilities‖²", (ABSORBED,), log=False,
        ),
        Scatter(
            "And at the wrong labels themselves", "2 is the largest possible: both are sure of another class.",
            WIDTH, THERE, UNITS, "‖difference of probabilities‖²", (ABSORBED,), log=False,
        ),
    )  # fmt: skip
