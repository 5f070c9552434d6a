"""What is drawn of networks as processes: how far they are from one, and what was foretold of that."""

from phenoscope.atlas.network_as_process.claims import (
    CAUCHY,
    CONVOLUTIONS,
    COVARIANCE,
    DENSE,
    DISTANCE,
    FORETOLD,
    KURTOSIS,
    TOGETHER,
    WIDTH,
)
from phenoscope.panels import Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Distance from the normal law",
            "The largest difference of distribution functions. Twice the width halves it, if weights have a variance.",
            WIDTH, DISTANCE, "width", "distance of distribution functions", (DENSE, CONVOLUTIONS, TOGETHER, CAUCHY),
        ),
        Scatter(
            "Excess kurtosis of an output", "The lines are exact at any width and depth.",
            WIDTH, KURTOSIS, "width", "excess kurtosis", (DENSE, TOGETHER), theory=FORETOLD, theory_label="foretold",
        ),
        Scatter(
            "Covariance", "Of the outputs given the hidden layers, against that of the process.",
            WIDTH, COVARIANCE, "width", "‖C − Σ‖ / ‖Σ‖", (DENSE, CONVOLUTIONS, TOGETHER),
        ),
    )  # fmt: skip
