"""What is drawn of the kernel at the start."""

from phenoscope.atlas.kernel_at_start.claims import ERROR, NTK, OUTPUTS, SIZE, STANDARD, WIDTH
from phenoscope.claims import mean
from phenoscope.panels import Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Distance from the limit", "Four times the width halves it, in the NTK parametrisation.",
            WIDTH, mean(ERROR), "width", "‖K − Θ‖ / ‖Θ‖", (NTK,),
        ),
        Scatter(
            "Size of the kernel", "One size in the NTK parametrisation; in the standard one as large as the width.",
            WIDTH, mean(SIZE), "width", "‖K‖ / ‖Θ‖", (NTK, STANDARD), slope=1.0, theory_label="the width itself",
        ),
        Scatter(
            "Covariance of the outputs", "The functions are the same in both parametrisations, and so is this.",
            WIDTH, mean(OUTPUTS), "width", "‖C − Σ‖ / ‖Σ‖", (NTK, STANDARD),
        ),
    )  # fmt: skip
