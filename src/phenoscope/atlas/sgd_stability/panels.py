"""What is drawn of the linear stability of SGD."""

from phenoscope.atlas.sgd_stability.claims import (
    ALIGNMENT,
    COHERENCE,
    DESCENT,
    EXACT,
    FULL,
    MINI,
    SIMULATED,
    SINGLE,
    TRACE,
)
from phenoscope.claims import last_value
from phenoscope.panels import Panel, Scatter

EVERY = (SINGLE, MINI, FULL)


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    aligned = last_value(ALIGNMENT * EXACT / EXACT)
    return (
        Scatter(
            "Thresholds against the alignment", "The rate at which the second moment begins to grow.",
            aligned, last_value(EXACT), "alignment of the examples", "largest stable rate", EVERY, log=False,
        ),
        Scatter(
            "Simulated against exact", "One point a seed and alignment.",
            last_value(EXACT), last_value(SIMULATED), "exact threshold", "simulated threshold", EVERY, slope=1.0,
            theory_label="equal",
        ),
        Scatter(
            "What gradient descent bears", "2/λ₁ against the exact threshold: equal with all examples only.",
            last_value(EXACT), last_value(DESCENT), "exact threshold", "2/λ₁", EVERY, slope=1.0, theory_label="equal",
        ),
        Scatter(
            "The bound by the coherence", "It lies above; how far, depends on the batch.",
            last_value(EXACT), last_value(COHERENCE), "exact threshold", "bound", EVERY, slope=1.0,
            theory_label="tight",
        ),
        Scatter(
            "The bound by the trace", "Close for single examples, loose for many.",
            last_value(EXACT), last_value(TRACE), "exact threshold", "bound", EVERY, slope=1.0, theory_label="tight",
        ),
    )  # fmt: skip
