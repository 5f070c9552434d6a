"""What is drawn of kernel and network: how the kernel turns, and what its linearisations are worth."""

from phenoscope.atlas.kernel_and_network_part.claims import (
    ACCURACY,
    ALIGNMENT,
    DISTANCE,
    FORKS,
    FROZEN,
    FROZEN_FORKS,
    LEFT,
    NETWORK,
)
from phenoscope.claims import last_value
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    both = (NETWORK, FROZEN)
    return (
        Lines("The kernel turns", "Fast at first, then slowly.", DISTANCE, "1 − cos(K, K₀)", both),
        Lines("Towards the classes", "Alignment with the Gram matrix of the classes.", ALIGNMENT, "alignment", both),
        Scatter(
            "Linearised later", "Test accuracy of linear models that start where the network was at that step.",
            LEFT, last_value(ACCURACY), "step", "test accuracy", (FORKS, FROZEN_FORKS), log=False,
        ),
        Lines("Test accuracy", "Together at first, then apart.", ACCURACY, "test accuracy", both),
    )  # fmt: skip
