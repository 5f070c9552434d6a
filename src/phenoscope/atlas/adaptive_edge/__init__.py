"""The adaptive edge: Adam and RMSProp drive the curvature that they meet after preconditioning to their threshold."""

import dataclasses

from phenoscope.atlas.adaptive_edge.claims import ADAM, COHEN, LINEARISED, RMSPROP, SMALL, SMALL_RMSPROP, claims
from phenoscope.atlas.adaptive_edge.panels import panels
from phenoscope.atlas.size import Size
from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, EffectiveSharpness, Loss, RelativeProgress
from phenoscope.training import Adam, Recipe, RMSProp

SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 150, 10),
    "laptop": Size(1000, (100, 100), 1500, 25),
    "paper": Size(5000, (200, 200), 10_000, 50),
}


def adaptive_edge(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Full-batch Adam and RMSProp on small tanh networks.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits" or "mnist1d".
    """
    if data not in ("digits", "mnist1d"):
        raise BadInput(f"the adaptive edge is set up for the data digits and mnist1d, got {data!r}.")
    size = SIZES[scale]
    adam = Recipe(
        data=dataset(data, train=min(size.examples, 1500), flat=True),
        model=MLP(size.widths, activation="tanh", init_scale=0.5),
        loss=SquaredError(),
        rule=Adam(2e-4, beta1=0.9, beta2=0.99),
        steps=size.steps,
    )
    sharpness = EffectiveSharpness(size.every, challenge_every=5)
    probes = (Loss(), RelativeProgress(), sharpness, Accuracy(5 * size.every))
    arms = (
        Arm(ADAM, adam, probes, {"beta1": (0.0, 0.5, 0.9)}, says="three momenta, whose thresholds are 19-fold apart"),
        Arm(
            RMSPROP, dataclasses.replace(adam, rule=RMSProp(2e-4, beta2=0.99)), probes, {"lr": (1e-4, 2e-4, 3e-4)},
            says="no momentum",
        ),
        Arm(
            SMALL, dataclasses.replace(adam, rule=Adam(2e-5, beta1=0.9, beta2=0.99)), probes, role="control",
            says="a tenth of the rate: the edge stays out of reach",
        ),
        Arm(
            SMALL_RMSPROP, dataclasses.replace(adam, rule=RMSProp(1e-5, beta2=0.99)), probes, role="control",
            says="a tenth of the smallest rate",
        ),
        Arm(
            LINEARISED, dataclasses.replace(adam, dynamics="linearised"), probes, role="control",
            says="the model's Taylor expansion at its start: only the preconditioner can move",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="adaptive_edge",
        title="The adaptive edge of stability",
        question="Do Adam and RMSProp, too, settle where their step is just too large, for the curvature they meet?",
        summary=(
            "An adaptive rule divides its step by a running root mean square P of the gradient, so the curvature that "
            "decides its stability is that of P⁻¹H, not of H. With P held fixed, RMSProp bears 2/η and Adam "
            "(2 + 2β₁)/((1 - β₁)η), 38/η at the usual β₁ = 0.9. In full-batch training the effective sharpness rises "
            "to that threshold and hovers there. Unlike with plain gradient descent, P alone can bring it about: it "
            "shrinks with the gradients."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=((COHEN, "https://arxiv.org/abs/2207.14484"),),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )
