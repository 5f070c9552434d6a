"""Variance by source: which of the things that were drawn makes the peak of double descent."""

import dataclasses

from phenoscope.atlas.variance_sources.claims import (
    ADLAM,
    ASCOLI,
    BEYOND,
    MORE_WRONG,
    MORE_WRONG_WIDE,
    NEAL,
    NOISY,
    RIDGE,
    THRESHOLD,
    WIDE,
    claims,
)
from phenoscope.atlas.variance_sources.panels import panels
from phenoscope.data import dataset
from phenoscope.methods import CrossedFeatures
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

EXAMPLES: dict[Scale, int] = {"smoke": 30, "laptop": 100, "paper": 300}
POOL: dict[Scale, int] = {"smoke": 300, "laptop": 1000, "paper": 1200}
HELD_OUT: dict[Scale, int] = {"smoke": 100, "laptop": 300, "paper": 500}
DRAWS: dict[Scale, int] = {"smoke": 3, "laptop": 8, "paper": 12}
PARTS = (0.1, 0.25, 0.5, 0.75, 0.9, 1.1, 1.35, 2.0, 4.0, 10.0)
"""Features, over examples; where they are equal the variance is ruled by few draws."""
NEAR = 1.1
LEVELS = (0.0, 0.1, 0.2)


def variance_sources(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Least squares on random ReLU features for every combination of examples, wrong labels and features drawn.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    n = EXAMPLES[scale]
    pool = dataset(data, train=POOL[scale], test=HELD_OUT[scale], flat=True)
    noisy = CrossedFeatures(pool, round(NEAR * n), n, steps=DRAWS[scale])
    wide = dataclasses.replace(noisy, features=10 * n)
    sizes = tuple(round(part * n) for part in PARTS)
    levels = {"flipped": LEVELS}
    arms = (
        Arm(NOISY, noisy, sweep={"features": sizes}, says="the smallest norm, a fifth of the training labels wrong"),
        Arm(
            RIDGE, dataclasses.replace(noisy, ridge=0.01), sweep={"features": sizes}, role="control",
            says="a ridge of 0.01 of the largest squared singular value",
        ),
        Arm(
            BEYOND, noisy, sweep={"features": tuple(size for size in sizes if size > NEAR * n)},
            says="the smallest norm, more features than by the threshold",
        ),
        Arm(THRESHOLD, noisy, says="a tenth more features than examples"),
        Arm(WIDE, wide, role="control", says="ten times as many features as examples"),
        Arm(MORE_WRONG, noisy, sweep=levels, says="a tenth more features than examples"),
        Arm(MORE_WRONG_WIDE, wide, sweep=levels, role="control", says="ten times as many features as examples"),
    )  # fmt: skip
    return Phenomenon(
        name="variance_sources",
        title="Variance by its source",
        question="Which of the things that were drawn makes the peak: the examples, their labels, or the features?",
        summary=(
            "A prediction varies with the examples that were drawn, with which of their labels are wrong, and with the "
            "start, here the draw of the features. Fitting every combination of several draws of each takes the "
            "variance apart into what each does alone and what they do together, without bias and with no order among "
            "them. The peak of double descent is what examples and features do together; the mean over draws of the "
            "features removes it, and so does width. Beside each part stands what many Gaussian features would give."
        ),
        arms=arms,
        claims=claims(n),
        panels=panels(),
        sources=(
            (f"{ADLAM}: Understanding double descent requires a fine-grained bias-variance decomposition",
             "https://arxiv.org/abs/2011.03321"),
            (f"{ASCOLI}: Double trouble in double descent: bias and variance(s) in the lazy regime",
             "https://arxiv.org/abs/2003.01054"),
            (f"{NEAL}: A modern take on the bias-variance tradeoff in neural networks",
             "https://arxiv.org/abs/1810.08591"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
