"""What is drawn of how the test loss comes to its limit."""

from phenoscope.atlas.right_side_power_law.claims import CLEAN, EXCESS, FEATURES, LEFT, LIMIT, LOSS, NOISY
from phenoscope.panels import Panel, Scatter

COUNT, BEYOND = "features P", "squared distance, above the limit"


def panels(examples: int) -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance.

    Args:
        examples: n.
    """
    scale = examples / (FEATURES - examples)
    return (
        Scatter(
            "What is left above the limit",
            "Against the number of features beyond as many as examples it is a power law from the threshold on. "
            "Dashed: one over that number.",
            FEATURES - examples, EXCESS, "features beyond as many as examples, P - n", BEYOND, (CLEAN, NOISY),
            theory=scale, theory_label="n / (P - n)",
        ),
        Scatter(
            "Against the number of features", "Straight far beyond the threshold, and much steeper next to it.",
            FEATURES, EXCESS, COUNT, BEYOND, (CLEAN, NOISY, LEFT),
        ),
        Scatter(
            "The test loss itself", "Dashed: the limit of infinitely many features, which is computed.",
            FEATURES, LOSS, COUNT, "squared distance from the true class", (CLEAN, NOISY), theory=LIMIT,
            theory_label="infinitely many",
        ),
    )  # fmt: skip
