"""The direction of the largest margin: what descent does after every example is right."""

import dataclasses

from phenoscope.atlas.max_margin_direction.claims import (
    DECAYED,
    DESCENT,
    FEW,
    FEWER,
    FLIPPED,
    FLOW,
    JI,
    NACSON,
    NORMALISED,
    SOUDRY,
    claims,
)
from phenoscope.atlas.max_margin_direction.panels import panels
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import SeparableDescent
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, and doublings of time of the flow and of the steps."""

    examples: int
    flow: int
    steps: int


SIZES: dict[Scale, Size] = {"smoke": Size(30, 60, 12), "laptop": Size(60, 200, 17), "paper": Size(300, 400, 22)}


def max_margin_direction(scale: Scale) -> Phenomenon:
    """Two digits told apart by a linear classifier, for a very long time.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    data = Dataset(Sides(Digits(), plus=(0,), minus=(2,)), train=size.examples, scaling="centre", flat=True)
    flow = SeparableDescent(data, "flow", steps=size.flow)
    descent = dataclasses.replace(flow, rule="gradient", steps=size.steps)
    few = dataclasses.replace(descent, components=3)
    arms = (
        Arm(FLOW, flow, says="gradient flow, integrated in the logarithm of time"),
        Arm(
            FEWER, flow, sweep={"components": (3, 10, 30)},
            says="the same with so many principal components of the images for their 64 pixels",
        ),
        Arm(DESCENT, descent, says="gradient descent with a constant step size"),
        Arm(
            NORMALISED, dataclasses.replace(descent, rule="normalised"), says="each step the gradient over the loss",
        ),
        Arm(
            DECAYED, dataclasses.replace(descent, decay=1e-3), role="control",
            says="gradient descent with a little weight decay",
        ),
        Arm(FEW, few, says="gradient descent on three components"),
        Arm(
            FLIPPED, dataclasses.replace(few, flipped=True), role="control",
            says="gradient descent on three components with one label wrong: no classifier is right on all examples",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="max_margin_direction",
        title="The direction of the largest margin",
        question="Where does descent go once every example is right?",
        summary=(
            "Where a linear classifier can be right on all examples the logistic loss has no minimum: descent goes on "
            "for ever. Its error is zero early, its weights grow like the logarithm of time, and their direction turns "
            "to that of the largest margin, which nobody asked for, by an angle of one over the logarithm of time. "
            "Nothing of this is left with a little weight decay, or with one label that makes the examples "
            "inseparable. Steps that are divided by the loss go the same way exponentially faster."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{SOUDRY}: The implicit bias of gradient descent on separable data", "https://arxiv.org/abs/1710.10345"),
            (f"{NACSON}: Convergence of gradient descent on separable data", "https://arxiv.org/abs/1803.01905"),
            (f"{JI}: Characterizing the implicit bias via a primal-dual analysis", "https://arxiv.org/abs/1906.04540"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
