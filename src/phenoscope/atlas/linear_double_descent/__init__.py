"""Double descent of least squares: where its peak comes from, and what takes it away."""

import dataclasses

from phenoscope.atlas.linear_double_descent.claims import (
    BELKIN,
    CLEAN,
    ELSEWHERE,
    FEW,
    HASTIE,
    LESS_IS_MORE,
    MANY,
    NOISE,
    OMITTED,
    RIDGE,
    SAMPLES,
    TUNED_RIDGE,
    TUNED_SAMPLES,
    claims,
)
from phenoscope.atlas.linear_double_descent.panels import panels
from phenoscope.methods import LeastSquares
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

EXAMPLES: dict[Scale, int] = {"smoke": 20, "laptop": 60, "paper": 300}
DRAWS: dict[Scale, int] = {"smoke": 20, "laptop": 200, "paper": 1000}
BELOW, AROUND, ABOVE = (0.1, 0.25, 0.5, 0.75), (0.9, 1.0, 1.1, 1.25), (1.5, 2.0, 4.0, 10.0)
"""Features, over examples; near 1 a mean over draws is ruled by few of them."""
SAMPLED = (0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.5, 2.0, 4.0)
"""Examples, over features."""


def linear_double_descent(scale: Scale) -> Phenomenon:
    """Least squares of the smallest norm on Gaussian features, from far fewer than examples to far more.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    n = EXAMPLES[scale]

    def sizes(*parts: float) -> tuple[int, ...]:
        return tuple(round(part * n) for part in parts)

    noisy = LeastSquares(n, n, steps=DRAWS[scale])
    clean, tuned = dataclasses.replace(noisy, noise=0.0), dataclasses.replace(noisy, tuned=True)
    omitted = dataclasses.replace(clean, decay=2.0)
    every, samples = {"features": sizes(*BELOW, *AROUND, *ABOVE)}, {"examples": sizes(*SAMPLED)}
    arms = (
        Arm(NOISE, noisy, sweep=every, says="the smallest norm, every feature with its share of the signal"),
        Arm(FEW, noisy, sweep={"features": sizes(*BELOW)}, says="those of them well below the threshold"),
        Arm(MANY, noisy, sweep={"features": sizes(*ABOVE)}, says="those of them well above it"),
        Arm(OMITTED, omitted, sweep=every, says="no noise, but features that matter less are not seen"),
        Arm(CLEAN, clean, sweep=every, role="control", says="no noise, and all features are seen"),
        Arm(RIDGE, tuned, sweep=every, role="control", says="noise and the best ridge"),
        Arm(
            ELSEWHERE, dataclasses.replace(noisy, start=0.2), sweep={"features": sizes(*ABOVE)}, role="control",
            says="noise and an interpolant that gradient descent finds from a start other than 0",
        ),
        Arm(SAMPLES, noisy, sweep=samples, says="the smallest norm with one number of features, ever more examples"),
        Arm(TUNED_SAMPLES, tuned, sweep=samples, role="control", says="the same with the best ridge"),
    )  # fmt: skip
    return Phenomenon(
        name="linear_double_descent",
        title="Double descent of least squares",
        question="Where does the peak of the test error come from, and what takes it away?",
        summary=(
            "The test error of a model that grows has a peak where it can just fit its data, and descends again "
            "beyond. Nothing deep is needed for it: least squares does so, in closed form. The peak is noise, of the "
            "labels or of what the model leaves out, through directions that the data hardly show; the descent beyond "
            "is that of the smallest norm, and lower than the first only where the first features matter most."
        ),
        arms=arms,
        claims=claims(n),
        panels=panels(),
        sources=(
            (f"{BELKIN}: Reconciling modern machine learning practice and the bias-variance trade-off",
             "https://arxiv.org/abs/1812.11118"),
            (f"{HASTIE}: Surprises in high-dimensional ridgeless least squares interpolation",
             "https://arxiv.org/abs/1903.08560"),
            (f"{LESS_IS_MORE}: More data can hurt for linear regression: sample-wise double descent",
             "https://arxiv.org/abs/1912.07242"),
            (f"{TUNED_RIDGE}: Optimal regularization can mitigate double descent", "https://arxiv.org/abs/2003.01897"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
