"""Rules and their solutions: momentum changes none, adaptive steps and metrics do."""

import dataclasses

from phenoscope.atlas.optimizer_interpolants.claims import (
    ADAM,
    AMARI,
    DESCENT,
    GUNASEKAR,
    HEAVY,
    MANY,
    NATURAL,
    RMSPROP,
    SAMPLE,
    WILSON,
    claims,
)
from phenoscope.atlas.optimizer_interpolants.panels import panels
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import InterpolatingDescent
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.training import Adam, Cosine, GradientDescent, HeavyBall, RMSProp

SIZES: dict[Scale, tuple[int, int, int]] = {"smoke": (8, 40, 10), "laptop": (15, 50, 13), "paper": (25, 56, 18)}
"""Examples, where they are few and where they are many, and doublings of the updates."""
FEWER_INPUTS = 10
"""Where examples are many."""
FIRST_RATE = 0.03
"""Of the adaptive rules; it falls to 0 along a cosine, so that they come to rest."""


def optimizer_interpolants(scale: Scale) -> Phenomenon:
    """Two digits, a regression with fewer examples than pixels, fitted by four rules and in three metrics.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    few, many, doublings = SIZES[scale]
    source, falling = Sides(Digits(), plus=(3,), minus=(8,)), Cosine(FIRST_RATE, 2**doublings)
    data, other = (Dataset(source, train=n, test=300, scaling="centre", flat=True) for n in (few, many))
    descent = InterpolatingDescent(data, GradientDescent(1.0), steps=doublings)
    adam = dataclasses.replace(descent, rule=Adam(falling))
    arms = (
        Arm(DESCENT, descent, says="the gradient times one over the largest curvature"),
        Arm(HEAVY, dataclasses.replace(descent, rule=HeavyBall(0.1, 0.9)), says="the same with momentum"),
        Arm(ADAM, adam, says="with a rate that falls to 0"),
        Arm(RMSPROP, dataclasses.replace(descent, rule=RMSProp(falling)), says="with a rate that falls to 0"),
        Arm(
            NATURAL, dataclasses.replace(descent, metric="population"),
            says="the gradient times the inverse covariance of the test inputs",
        ),
        Arm(
            SAMPLE, dataclasses.replace(descent, metric="sample"), role="control",
            says="the gradient times the inverse covariance of the training inputs",
        ),
        Arm(
            MANY, dataclasses.replace(adam, data=other, inputs=FEWER_INPUTS), role="control",
            says="Adam with more examples than inputs: least squares has one solution",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="optimizer_interpolants",
        title="Rules and their solutions",
        question="Do momentum, adaptive steps or another metric change which solution is found?",
        summary=(
            "A regression with fewer examples than inputs has many solutions. Gradients are combinations of the "
            "examples, so descent comes to the solution nearest to its start, and so does anything that only combines "
            "gradients, such as momentum. Steps that are divided entry by entry leave that span, and a metric that "
            "knows more than the examples does, too: they find other solutions, of which a metric's can be foretold."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{GUNASEKAR}: Characterizing implicit bias in terms of optimization geometry",
             "https://arxiv.org/abs/1802.08246"),
            (f"{WILSON}: The marginal value of adaptive gradient methods in machine learning",
             "https://arxiv.org/abs/1705.08292"),
            (f"{AMARI}: When does preconditioning help or hurt generalization?", "https://arxiv.org/abs/2006.10732"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
