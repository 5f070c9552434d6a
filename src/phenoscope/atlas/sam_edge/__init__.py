"""The edge of sharpness-aware minimisation: looking uphill before each step lowers the curvature that it bears."""

import dataclasses

from phenoscope.atlas.sam_edge.claims import DESCENT, LINEARISED, LONG, NORMALISED, SMALL, UNNORMALISED, claims
from phenoscope.atlas.sam_edge.panels import panels
from phenoscope.atlas.size import Size
from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, GradientNorm, Loss, Sharpness
from phenoscope.training import GradientDescent, Recipe, Sam, UnnormalisedSam

SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 200, 10),
    "laptop": Size(1000, (100, 100), 1500, 25),
    "paper": Size(5000, (200, 200), 10_000, 50),
}

INIT_SCALE = {"digits": 0.2, "mnist1d": 0.3}
"""As for plain gradient descent: the sharpness begins below half of the smallest threshold."""


def sam_edge(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Full-batch sharpness-aware minimisation, normalised and not, on small tanh networks.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits" or "mnist1d".
    """
    if data not in INIT_SCALE:
        raise BadInput(f"the edge of sharpness-aware minimisation is set up for digits and mnist1d, got {data!r}.")
    size = SIZES[scale]
    descent = GradientDescent(0.3)
    sam = Recipe(
        data=dataset(data, train=min(size.examples, 1500), flat=True),
        model=MLP(size.widths, activation="tanh", init_scale=INIT_SCALE[data]),
        loss=SquaredError(),
        rule=UnnormalisedSam(descent, 0.1),
        steps=size.steps,
    )
    probes = (Loss(), GradientNorm(), Sharpness(size.every), Accuracy(5 * size.every))
    arms = (
        Arm(UNNORMALISED, sam, probes, {"radius": (0.02, 0.1, 0.4)}, says="the ascent is ρ times the gradient"),
        Arm(
            NORMALISED, dataclasses.replace(sam, rule=Sam(descent, 0.05)), probes, {"radius": (0.02, 0.05, 0.1)},
            says="the ascent has the length ρ",
        ),
        Arm(
            DESCENT, dataclasses.replace(sam, rule=Sam(descent, 0.0)), probes, role="control",
            says="the same rate and no ascent: ρ = 0, whose edge is 2/η",
        ),
        Arm(
            SMALL, dataclasses.replace(sam, rule=UnnormalisedSam(GradientDescent(0.02), 0.1)), probes, role="control",
            says="a fifteenth of the rate: the edge stays out of reach",
        ),
        Arm(
            LINEARISED, dataclasses.replace(sam, dynamics="linearised", steps=size.steps // 3), probes, role="control",
            says="frozen features: the model's Taylor expansion at its start; a third of the steps",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="sam_edge",
        title="The edge of sharpness-aware minimisation",
        question="Does sharpness-aware minimisation settle at an edge of its own, below that of gradient descent?",
        summary=(
            "Sharpness-aware minimisation takes the gradient of each step a little way uphill. On a quadratic of "
            "curvature λ it then meets λ (1 + ρλ) instead of λ, so it loses stability where η λ (1 + ρλ) = 2, below "
            "2/η. With an ascent of fixed length, ρ/‖∇L‖ stands for ρ, and the threshold falls as the gradient does. "
            "Networks are driven to that threshold and stay there: a rule's stability, not its intention alone, sets "
            "the curvature that it finds."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{LONG}: Sharpness-aware minimization and the edge of stability", "https://arxiv.org/abs/2309.12488"),
            ("Foret, Kleiner, Mobahi, Neyshabur 2021: Sharpness-aware minimization for efficiently improving "
             "generalization", "https://arxiv.org/abs/2010.01412"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
