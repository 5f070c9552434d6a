"""What is drawn of the learning curves of kernels: errors and learned parts, with the theory through each."""

from phenoscope.atlas.kernel_learning_curves.claims import CIRCLE, DIGITS, EXAMPLES, FORETOLD, GAUSSIAN, NOISY, RISK
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Errors", "Means over many draws of the examples; the lines follow from the spectrum.",
            EXAMPLES, RISK, "examples", "squared error", (GAUSSIAN, NOISY, DIGITS), theory=FORETOLD,
            theory_label="foretold",
        ),
        Scatter(
            "Where it fails", "Cosines and sines at random angles, with the spectrum of the Gaussian modes.",
            EXAMPLES, RISK, "examples", "squared error", (CIRCLE,), theory=FORETOLD, theory_label="foretold",
        ),
        *(
            Scatter(
                f"Mode {k}", "How much of it is learned.",
                EXAMPLES, last_value(Measured(f"learned part of mode {k}")), "examples", "part learned",
                (GAUSSIAN, DIGITS, CIRCLE), theory=last_value(Measured(f"foretold part of mode {k}")),
                theory_label="foretold", log="x",
            )
            for k in (3, 30)
        ),
    )  # fmt: skip
