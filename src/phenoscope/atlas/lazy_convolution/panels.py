"""What is drawn of lazy convolution networks: what each end of the dial learns, and what becomes of its features."""

from phenoscope.atlas.lazy_convolution.claims import (
    ALIGNED_BEFORE,
    ALIGNMENT,
    ALPHA,
    CHANGE,
    DIAL,
    DIGITS,
    DIGITS_BEFORE,
    LINEAR,
    PROBE,
    PROBE_BEFORE,
    TEST,
)
from phenoscope.panels import Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "What a probe reads", "Even or odd, by a linear probe of the last hidden layer; the line, at the start.",
            ALPHA, PROBE, "α", "share wrong", (DIAL,), theory=PROBE_BEFORE, theory_label="at the start",
        ),
        Scatter(
            "What training did not ask for", "Which of the ten digits it is, by a linear probe of the same layer.",
            ALPHA, DIGITS, "α", "share wrong", (DIAL,), theory=DIGITS_BEFORE, theory_label="at the start",
        ),
        Scatter(
            "How far features move", "1 less the centred alignment of the layer with itself at the start.",
            ALPHA, CHANGE, "α", "1 − alignment with the start", (DIAL,),
        ),
        Scatter(
            "Towards the labels", "Alignment of the layer with even and odd, on digits that it has not seen.",
            ALPHA, ALIGNMENT, "α", "alignment with the labels", (DIAL,), theory=ALIGNED_BEFORE,
            theory_label="at the start",
        ),
        Scatter(
            "Test error", "Mean squares over those of the targets; the line, of the linearised network.",
            ALPHA, TEST, "α", "test error", (DIAL,), theory=LINEAR, theory_label="linearised",
        ),
    )  # fmt: skip
