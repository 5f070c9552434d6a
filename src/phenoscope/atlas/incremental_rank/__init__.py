"""Incremental rank: a product of matrices learns one singular value after the other."""

import dataclasses

from phenoscope.atlas.incremental_rank.claims import (
    ARORA,
    CORNER,
    CORNER_ONE,
    GREEDY,
    LARGE,
    ONE,
    RAZIN,
    SAXE,
    STARTS,
    STEPS,
    THREE,
    TURNED,
    TWO,
    claims,
)
from phenoscope.atlas.incremental_rank.panels import panels
from phenoscope.methods import MatrixFactorisation
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

SIZES: dict[Scale, int] = {"smoke": 6, "laptop": 20, "paper": 200}
"""Rows and columns of the target."""
CORNER_STEPS: dict[Scale, int] = {"smoke": 4000, "laptop": 30_000, "paper": 1_000_000}


def incremental_rank(scale: Scale) -> Phenomenon:
    """Matrices of rank 3 fitted by products of matrices, and one with an open entry.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    two = MatrixFactorisation(size=SIZES[scale])
    three = dataclasses.replace(two, depth=3, scale=0.1, steps=3000)
    corner = MatrixFactorisation(depth=3, scale=0.1, task="corner", rate=0.02, steps=CORNER_STEPS[scale])
    arms = (
        Arm(TWO, two, says="a product of two matrices from a start of 1e-3"),
        Arm(STARTS, two, sweep={"scale": (1e-3, 1e-2, 1e-1)}, says="the same from three starts"),
        Arm(THREE, three, says="a product of three matrices from a start of 0.1"),
        Arm(ONE, dataclasses.replace(two, depth=1), role="control", says="a single matrix: least squares"),
        Arm(LARGE, dataclasses.replace(two, scale=1.0), role="control", says="two matrices from a start of 1"),
        Arm(
            STEPS, dataclasses.replace(two, scale=0.3), sweep={"rate": (0.0025, 0.005, 0.01)},
            along={"steps": (4000, 2000, 1000)}, says="two matrices for one time in steps of three sizes",
        ),
        Arm(CORNER, corner, says="three matrices, near the identity at first, and one open entry"),
        Arm(
            TURNED, dataclasses.replace(corner, task="turned corner"), role="control",
            says="the same with the sign of the determinant that the observed entries ask for",
        ),
        Arm(CORNER_ONE, dataclasses.replace(corner, depth=1, steps=CORNER_STEPS[scale] // 30), role="control",
            says="a single matrix",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="incremental_rank",
        title="Incremental rank",
        question="In which order does a product of matrices learn, and does it keep a norm small?",
        summary=(
            "A product of matrices that starts near zero learns the singular values of its target one after the other, "
            "the largest first, each along a logistic curve that can be written down beforehand: what is large grows "
            "faster. So it passes by matrices of low rank. That is no hidden penalty on a norm: where one open entry "
            "could be anything, it grows without end while the loss and the rank fall, and every norm with it."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{SAXE}: Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
             "https://arxiv.org/abs/1312.6120"),
            (f"{ARORA}: On the optimization of deep networks: implicit acceleration by overparameterization",
             "https://arxiv.org/abs/1802.06509"),
            (f"{RAZIN}: Implicit regularization in deep learning may not be explainable by norms",
             "https://arxiv.org/abs/2005.06398"),
            (f"{GREEDY}: Towards resolving the implicit bias of gradient descent for matrix factorization: greedy "
             "low-rank learning", "https://arxiv.org/abs/2012.09839"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
