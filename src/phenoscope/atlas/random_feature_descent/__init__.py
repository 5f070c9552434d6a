"""Double descent of regression on random features of real data."""

import dataclasses

from phenoscope.atlas.random_feature_descent.claims import (
    AT_PEAK,
    BELKIN,
    BEYOND,
    CLEAN,
    ELSEWHERE,
    MORE,
    NAKKIRAN,
    NOISY,
    RIDGE,
    STOPPED,
    TUNED,
    claims,
)
from phenoscope.atlas.random_feature_descent.panels import panels
from phenoscope.data import dataset
from phenoscope.methods import RandomFeatures
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

EXAMPLES: dict[Scale, int] = {"smoke": 40, "laptop": 150, "paper": 1000}
HELD_OUT: dict[Scale, int] = {"smoke": 200, "laptop": 600, "paper": 700}
DRAWS: dict[Scale, int] = {"smoke": 2, "laptop": 4, "paper": 8}
SIZES: dict[Scale, tuple[float, ...]] = {
    "smoke": (0.25, 1.0, 4.0),
    "laptop": (0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.35, 2.0, 4.0, 10.0),
    "paper": (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0, 1.05, 1.1, 1.35, 2.0, 4.0, 10.0),
}
"""Features, over examples."""
WRONG = 0.2


def random_feature_descent(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Least squares on random ReLU features onto ten classes, from far fewer features than examples to far more.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    n, steps = EXAMPLES[scale], DRAWS[scale]
    clean = RandomFeatures(dataset(data, train=n, test=HELD_OUT[scale], flat=True), n, steps=steps)
    noisy = dataclasses.replace(clean, data=dataclasses.replace(clean.data, label_noise=WRONG))
    sizes = {"features": tuple(round(part * n) for part in SIZES[scale])}
    levels = {"data.label_noise": (0.0, 0.1, 0.2)}
    arms = (
        Arm(NOISY, noisy, sweep=sizes, says=f"the smallest norm, {WRONG:.0%} of the training labels wrong"),
        Arm(CLEAN, clean, sweep=sizes, says="the smallest norm, all labels right"),
        Arm(
            RIDGE, dataclasses.replace(noisy, fit="tuned ridge"), sweep=sizes, role="control",
            says="the wrong labels, and a ridge tuned by leaving out one example at a time",
        ),
        Arm(
            STOPPED, dataclasses.replace(noisy, fit="stopped early"), sweep=sizes, role="control",
            says="the wrong labels, and gradient flow that is stopped early",
        ),
        Arm(
            ELSEWHERE, dataclasses.replace(clean, fit="elsewhere"), sweep=sizes, role="control",
            says="right labels, and the fit that gradient descent finds from large random weights",
        ),
        Arm(
            AT_PEAK, dataclasses.replace(clean, features=round(1.1 * n)), sweep=levels,
            says="a tenth more features than examples",
        ),
        Arm(
            BEYOND, dataclasses.replace(clean, features=10 * n), sweep=levels, role="control",
            says="ten times as many features as examples",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="random_feature_descent",
        title="Double descent of random features",
        question="What does a model that grows past its data do to its test error, on real data?",
        summary=(
            "Random features are a network whose first layer is never trained: the simplest model that grows from too "
            "small to far too large. Its test loss peaks where it can just fit the training labels, and descends again "
            "beyond. Wrong labels make the peak, and what the features cannot express does, too; a tuned ridge and an "
            "early end take it away, and large starting weights the second descent."
        ),
        arms=arms,
        claims=claims(n),
        panels=panels(),
        sources=(
            (f"{BELKIN}: Reconciling modern machine learning practice and the bias-variance trade-off",
             "https://arxiv.org/abs/1812.11118"),
            (f"{NAKKIRAN}: Deep double descent: where bigger models and more data hurt",
             "https://arxiv.org/abs/1912.02292"),
            (f"{TUNED}: Optimal regularization can mitigate double descent", "https://arxiv.org/abs/2003.01897"),
            (f"{MORE}: More is better in modern machine learning: when infinite overparameterization is optimal and "
             "overfitting is obligatory", "https://arxiv.org/abs/2311.14646"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
