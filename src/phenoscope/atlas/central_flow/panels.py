"""What is drawn of the central flow: what it foretells beside what was measured."""

from phenoscope.atlas.central_flow.claims import BESIDE_CENTRAL, CENTRAL, DESCENT, FLOW, LOSS, RATIO
from phenoscope.claims import Measured, mean
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Oscillation", "How strongly the weights swing, averaged over windows, and what the flow of the first seed "
            "foretells.",
            Measured("variance on average"), "variance", (BESIDE_CENTRAL,),
            theory=Measured("foretold variance on average"), theory_label="foretold, first seed",
        ),
        Lines(
            "Loss on average", "The loss of gradient descent, averaged over windows, and what the flow of the first "
            "seed foretells.",
            Measured("loss on average"), "loss", (BESIDE_CENTRAL,),
            theory=Measured("foretold loss on average"), theory_label="foretold, first seed", log_y=True,
        ),
        Lines(
            "Sharpness", "Gradient descent hovers at the edge, the central flow stays there, gradient flow goes on.",
            RATIO, "sharpness / threshold", (DESCENT, CENTRAL, FLOW), theory=RATIO / RATIO, theory_label="the edge",
        ),
        Lines(
            "Training loss", "Step by step: the flows do not go up and down.",
            LOSS, "loss", (DESCENT, CENTRAL, FLOW), log_y=True,
        ),
        Scatter(
            "Foretold against measured", "Over the second half, one point a seed; 1 is exact.",
            mean(Measured("loss foretold / measured")), mean(Measured("variance foretold / measured")),
            "loss, foretold / measured", "variance, foretold / measured", (BESIDE_CENTRAL,), log=False,
        ),
    )  # fmt: skip
