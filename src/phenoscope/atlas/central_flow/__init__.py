"""The central flow: the average path of gradient descent at the edge, and the size of its oscillation."""

import dataclasses

from phenoscope.atlas.central_flow.claims import BESIDE_CENTRAL, BESIDE_GRADIENT, CENTRAL, COHEN, DESCENT, FLOW, claims
from phenoscope.atlas.central_flow.measure import SERIES, beside
from phenoscope.atlas.central_flow.panels import panels
from phenoscope.comparisons import Comparison
from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import CentralOscillation, Loss, Oscillation, Sharpness
from phenoscope.training import CentralFlow, GradientDescent, GradientFlow, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths, updates, updates from one reading to the next, curvatures followed."""

    examples: int
    widths: tuple[int, ...]
    steps: int
    every: int
    k: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(50, (8,), 20, 5, 2),
    "laptop": Size(100, (16,), 400, 10, 3),
    "paper": Size(1000, (100, 100), 4000, 20, 8),
}

INIT_SCALE = {"digits": 0.2, "mnist1d": 0.3}
"""Small, so that training begins below the edge."""


def central_flow(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Full-batch gradient descent in float64, and the flows that are to describe it, from the same starts.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits" or "mnist1d".
    """
    if data not in INIT_SCALE:
        raise BadInput(f"the central flow is set up for digits and mnist1d, got {data!r}.")
    size = SIZES[scale]
    rate = 0.3
    descent = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=MLP(size.widths, activation="tanh", init_scale=INIT_SCALE[data]),
        loss=SquaredError(),
        rule=GradientDescent(rate),
        steps=size.steps,
        dtype="float64",
    )
    central = dataclasses.replace(descent, rule=CentralFlow(rate, k=size.k))
    plain = dataclasses.replace(descent, rule=GradientFlow(rate))
    probes = (Loss(), Oscillation(), Sharpness(size.every, challenge_every=5))
    arms = (
        Arm(DESCENT, descent, probes, says="full batch, no momentum; it begins below the edge, and meets it soon"),
        Arm(
            CENTRAL, central, (*probes, CentralOscillation()),
            says=f"the flow of the average path, with up to {size.k} curvatures held at the edge",
        ),
        Arm(FLOW, plain, probes, role="control", says="gradient flow, which ignores the oscillation"),
    )  # fmt: skip
    return Phenomenon(
        name="central_flow",
        title="The central flow",
        question="Can the average path of gradient descent at the edge, and the size of its oscillation, be foretold?",
        summary=(
            "At the edge of stability gradient descent swings from side to side along the sharpest directions. The "
            "swing lowers the sharpness on average, by the third derivative of the loss, just as much as training "
            "would raise it. The central flow is the differential equation for the average path that this leaves: the "
            "swing's covariance is whatever keeps the largest curvatures at 2/η, no more. So it foretells, from the "
            "start of training alone, the loss on average, the sharpness, and how strongly the weights oscillate. "
            "Gradient flow, which ignores the oscillation, foretells none of them."
        ),
        arms=arms,
        claims=claims(),
        comparisons=(
            Comparison(BESIDE_CENTRAL, (DESCENT, CENTRAL), beside, SERIES),
            Comparison(BESIDE_GRADIENT, (DESCENT, FLOW), beside, SERIES),
        ),
        panels=panels(),
        sources=(
            (f"{COHEN}: Understanding optimization in deep learning with central flows",
             "https://arxiv.org/abs/2410.24206"),
            ("Damian, Nichani, Lee 2022: Self-stabilization, the implicit bias of gradient descent at the edge of "
             "stability", "https://arxiv.org/abs/2209.15594"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
