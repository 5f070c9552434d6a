"""Triple descent: random features of Gaussian inputs have two sizes at which something in them just fits."""

import dataclasses

from phenoscope.atlas.triple_descent.claims import (
    ABS_FEW,
    ASCOLI,
    AT_FEATURES,
    AT_INPUTS,
    CLEAN_FEW,
    CLEAN_MANY,
    FEW,
    IDENTITY_MANY,
    MANY,
    RIDGE,
    SIMON,
    claims,
)
from phenoscope.atlas.triple_descent.panels import panels
from phenoscope.methods import GaussianFeatures
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

DIMENSIONS: dict[Scale, int] = {"smoke": 10, "laptop": 30, "paper": 100}
DRAWS: dict[Scale, int] = {"smoke": 4, "laptop": 20, "paper": 50}
RATIO = 10
"""Features, over inputs."""
FIRST = (1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1.0, 7 / 6, 1.5, 2.0, 8 / 3)
"""Examples, over inputs."""
SECOND = (8 / 30, 0.5, 0.7, 0.9, 1.0, 1.1, 1.3, 2.0, 4.0)
"""Examples, over features."""
MEMBERS = (1, 2, 4, 8)


def triple_descent(scale: Scale) -> Phenomenon:
    """Regression on ten times as many random features as inputs, with ever more examples.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    inputs = DIMENSIONS[scale]
    features = RATIO * inputs
    noisy = GaussianFeatures(inputs, features, inputs, steps=DRAWS[scale])
    clean = dataclasses.replace(noisy, noise=0.0)
    first = {"examples": tuple(round(part * inputs) for part in FIRST)}
    second = {"examples": tuple(round(part * features) for part in SECOND)}
    arms = (
        Arm(FEW, noisy, sweep=first, says="tanh features, and noise as strong as the signal; around n = D"),
        Arm(MANY, noisy, sweep=second, says="the same around n = P"),
        Arm(CLEAN_FEW, clean, sweep=first, role="control", says="no noise; around n = D"),
        Arm(CLEAN_MANY, clean, sweep=second, says="no noise; around n = P"),
        Arm(
            ABS_FEW, dataclasses.replace(noisy, function="abs"), sweep=first, role="control",
            says="features |⟨w, x⟩| have no linear part",
        ),
        Arm(
            IDENTITY_MANY, dataclasses.replace(noisy, function="identity"), sweep=second, role="control",
            says="features ⟨w, x⟩ have nothing but a linear part",
        ),
        Arm(
            RIDGE, dataclasses.replace(noisy, ridge=0.1), sweep=second, role="control",
            says="a thousand times the ridge",
        ),
        Arm(AT_INPUTS, noisy, sweep={"members": MEMBERS}, says="n = D, means over draws of the features"),
        Arm(
            AT_FEATURES, dataclasses.replace(noisy, examples=features), sweep={"members": MEMBERS},
            says="n = P, means over draws of the features",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="triple_descent",
        title="Triple descent",
        question="How many peaks has the test error of random features, and what makes each?",
        summary=(
            "Random features of inputs hold a linear model of those inputs inside a larger one. With as many examples "
            "as inputs the linear part just fits, with as many as features all of it does, and the test error can peak "
            "at both. The first peak is made by the noise of the labels, the second by the draw of the features: a "
            "ridge or the mean over draws removes the second, and a function without a linear part has no first one."
        ),
        arms=arms,
        claims=claims(inputs, features),
        panels=panels(),
        sources=(
            (f"{ASCOLI}: Triple descent and the two kinds of overfitting: where and why do they appear?",
             "https://arxiv.org/abs/2006.03509"),
            (f"{SIMON}: More is better in modern machine learning: when infinite overparameterization is optimal and "
             "overfitting is obligatory", "https://arxiv.org/abs/2311.14646"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
