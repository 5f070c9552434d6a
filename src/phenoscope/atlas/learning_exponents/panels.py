"""What is drawn of exponents: test errors against examples, of networks and of their kernels at both ends."""

from phenoscope.atlas.learning_exponents.claims import DIGITS, END, EXAMPLES, ISOTROPIC, LAZY, NETWORK, START, TWO
from phenoscope.panels import Panel, Scatter

ARMS = (TWO, LAZY, ISOTROPIC, DIGITS)


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Networks", "Test errors over the targets' mean square; the lines, of the kernels at the start.",
            EXAMPLES, NETWORK, "examples", "test error", ARMS, theory=START, theory_label="kernel at the start",
        ),
        Scatter(
            "Kernels at the end", "Regression with the kernel of the trained network; the lines, of the network.",
            EXAMPLES, END, "examples", "test error", ARMS, theory=NETWORK, theory_label="the network",
        ),
    )  # fmt: skip
