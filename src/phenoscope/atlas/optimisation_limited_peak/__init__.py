"""A peak that training does not reach: double descent after few steps, many, and all."""

import dataclasses

from phenoscope.atlas.optimisation_limited_peak.claims import (
    ALI,
    AT,
    BEYOND,
    ENDLESS,
    EXACT,
    LIU,
    LONG,
    SHORT,
    claims,
)
from phenoscope.atlas.optimisation_limited_peak.panels import panels
from phenoscope.atlas.random_feature_descent import DRAWS, EXAMPLES, HELD_OUT, SIZES
from phenoscope.data import dataset
from phenoscope.methods import RandomFeatures
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

FEW, MANY, NO_END = 1e2, 1e5, 1e9
"""Times, in units of the inverse of the largest squared singular value: in steps of a rate as large as this one allows,
nearly."""
TIMES: dict[Scale, tuple[float, ...]] = {
    "smoke": (1e1, 1e3, 1e6),
    "laptop": (1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8),
    "paper": (1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10),
}


def optimisation_limited_peak(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Gradient flow on random ReLU features, stopped after ever longer times, from few features to many.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    n = EXAMPLES[scale]
    source = dataset(data, train=n, test=HELD_OUT[scale], flat=True, label_noise=0.2)
    exact = RandomFeatures(source, n, steps=DRAWS[scale])
    few = dataclasses.replace(exact, fit="stopped early", time=FEW)
    sizes, times = {"features": tuple(round(part * n) for part in SIZES[scale])}, {"time": TIMES[scale]}
    arms = (
        Arm(SHORT, few, sweep=sizes, says="gradient flow for as long as a hundred steps take"),
        Arm(LONG, dataclasses.replace(few, time=MANY), sweep=sizes, says="a thousand times as long"),
        Arm(ENDLESS, dataclasses.replace(few, time=NO_END), sweep=sizes, says="ten million times as long"),
        Arm(EXACT, exact, sweep=sizes, role="control", says="the end of it: the smallest norm, solved for directly"),
        Arm(AT, few, sweep=times, says="as many features as examples, for ever longer"),
        Arm(
            BEYOND, dataclasses.replace(few, features=10 * n), sweep=times, role="control",
            says="ten times as many features as examples, for ever longer",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="optimisation_limited_peak",
        title="A peak out of reach",
        question="Why do networks that are trained as usual often show no double descent?",
        summary=(
            "The peak of double descent is the work of the smallest singular values of the features, and gradient "
            "descent comes to these last: a direction takes as many steps as its squared singular value is smaller "
            "than the largest one. Training that ends after some hundred steps has left them alone, and the test error "
            "falls with size as if there were no threshold. Here the same features are trained for a hundred steps, a "
            "hundred thousand, and to the end."
        ),
        arms=arms,
        claims=claims(n),
        panels=panels(),
        sources=(
            (f"{LIU}: Understanding the role of optimization in double descent", "https://arxiv.org/abs/2312.03951"),
            (f"{ALI}: A continuous-time view of early stopping for least squares", "https://arxiv.org/abs/1810.10082"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )
