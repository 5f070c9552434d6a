"""Learning curves of kernel regression: are they known from the spectrum, mode by mode?"""

import dataclasses

from phenoscope.atlas.kernel_learning_curves.claims import (
    BORDELON,
    CIRCLE,
    DIGITS,
    GAUSSIAN,
    NOISY,
    SIMON,
    claims,
)
from phenoscope.atlas.kernel_learning_curves.panels import panels
from phenoscope.methods import KernelRegression
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

SIZES: dict[Scale, tuple[int, int, tuple[int, ...]]] = {
    "smoke": (10, 100, (5, 10, 20)),
    "laptop": (200, 600, (10, 20, 40, 80, 160)),
    "paper": (500, 1797, (10, 20, 40, 80, 160, 320)),
}
"""Draws, modes (digits in the population), and examples."""


def kernel_learning_curves(scale: Scale) -> Phenomenon:
    """Kernel regression on more and more examples, beside the curve that follows from the kernel's spectrum.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    draws, modes, examples = SIZES[scale]
    plain = KernelRegression(steps=draws, modes=modes, examples=examples[0])
    sweep = {"examples": examples}
    return Phenomenon(
        name="kernel_learning_curves",
        title="Learning curves of kernels",
        question="Does the spectrum of a kernel say how many examples a target takes?",
        summary=(
            "Kernel regression on n examples has n units of learning to share out among the eigenfunctions of its "
            "kernel, and those with large eigenvalues take theirs first. From the spectrum and the target's "
            "coefficients alone follow the part of each that is learned, and the error with all its noise; where these "
            "are power laws the error is one, too. The theory treats eigenfunctions at random points as Gaussian "
            "numbers, which on digits is nearly right, and in one dimension is not."
        ),
        arms=(
            Arm(GAUSSIAN, plain, sweep=sweep, says="Gaussian eigenfunctions; eigenvalues i^-1.5, target i^-2"),
            Arm(NOISY, dataclasses.replace(plain, noise=0.1), sweep=sweep, says="the same with noise on the targets"),
            Arm(
                DIGITS, dataclasses.replace(plain, problem="digits"), sweep={"examples": examples[:-1]},
                says="even against odd digits, the tangent kernel of an infinitely wide ReLU network",
            ),
            Arm(
                CIRCLE, dataclasses.replace(plain, problem="circle"), sweep=sweep, role="control",
                says="the first with cosines and sines at random angles for eigenfunctions",
            ),
        ),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{BORDELON}: Spectrum dependent learning curves in kernel regression and wide neural networks",
             "https://arxiv.org/abs/2002.02561"),
            ("Canatar et al. 2021: Spectral bias and task-model alignment explain generalization in kernel regression "
             "and infinitely wide neural networks", "https://arxiv.org/abs/2006.13198"),
            (f"{SIMON}: The eigenlearning framework: a conservation law perspective on kernel regression and wide "
             "neural networks", "https://arxiv.org/abs/2110.03922"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
