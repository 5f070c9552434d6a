"""What is drawn of the drift along minima: what is foretold beside what was simulated."""

from phenoscope.atlas.drift_along_minima.claims import (
    BY_LOG,
    BY_SHARPNESS,
    BY_TRACE,
    DRIFT,
    NORMALISED,
    PLAIN,
    ROOT,
    SHARPNESS,
)
from phenoscope.claims import last_value
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Drift against the flow of log λ₁", "At the end, one point a seed and rate: normalised descent covers what "
            "its flow foretells, descent on the root more, gradient descent nothing.",
            last_value(BY_LOG), last_value(DRIFT), "drift by −¼ ∇log λ₁", "drift", (NORMALISED, ROOT, PLAIN), slope=1.0,
            theory_label="equal", log=False,
        ),
        Scatter(
            "Drift against the flow of λ₁", "The same against the flow of descent on the root.",
            last_value(BY_SHARPNESS), last_value(DRIFT), "drift by -⅛ ∇λ₁", "drift", (NORMALISED, ROOT, PLAIN),
            slope=1.0, theory_label="equal", log=False,
        ),
        Scatter(
            "Drift against the flow of the trace", "With the sum of the eigenvalues in place of the largest one.",
            last_value(BY_TRACE), last_value(DRIFT), "drift by −¼ ∇log tr H", "drift", (NORMALISED,), slope=1.0,
            theory_label="equal", log=False,
        ),
        Lines(
            "Drift of normalised descent", "Along the valley, and what its flow foretells for the first seed.",
            DRIFT, "drift (parameter)", (NORMALISED,), theory=BY_LOG, theory_label="-¼ ∇log λ₁, first seed",
        ),
        Lines(
            "Drift of descent on the root", "Along the valley, and what its flow foretells for the first seed.",
            DRIFT, "drift (parameter)", (ROOT,), theory=BY_SHARPNESS, theory_label="-⅛ ∇λ₁, first seed",
        ),
        Lines(
            "Sharpness of the nearest minimum", "It falls under both, and stays where the step is small.",
            SHARPNESS, "sharpness (loss / parameter²)", (NORMALISED, ROOT, PLAIN),
        ),
    )  # fmt: skip
