"""What is drawn of ReLU networks that are trained far past the fit."""

from phenoscope.atlas.kkt_points.claims import BIASED, EQUAL, PLAIN, SLACKNESS, STATIONARITY
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel

BOTH = (PLAIN, BIASED)
DOUBLINGS = "doublings of the updates"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Stationarity", "What of the weights is no combination of the margins' gradients; uneven, as units sit on "
            "their kinks.",
            STATIONARITY, "‖θ − Σ λ∇q‖ / ‖θ‖", BOTH, x_label=DOUBLINGS,
        ),
        Lines(
            "Slackness", "What share of the weights comes from examples that do not hold the margin; and what it would "
            "be if all examples pulled alike.",
            SLACKNESS, "L Σ λ (q − min q) / ‖θ‖²", BOTH, theory=EQUAL, theory_label="if all pulled alike, first seed",
            x_label=DOUBLINGS,
        ),
        Lines(
            "Smoothed margin", "It rises to the end.", Measured("smoothed margin"), "−log(Σ exp(−q)) / ‖θ‖²", BOTH,
            x_label=DOUBLINGS,
        ),
        Lines(
            "Inhomogeneity", "With biases it is large at first, and falls as the weights outgrow them.",
            Measured("inhomogeneity"), "largest |⟨θ, ∇q⟩ − L q| / L |q|", BOTH, log_y=True, x_label=DOUBLINGS,
        ),
    )  # fmt: skip
