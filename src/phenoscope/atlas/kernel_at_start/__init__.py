"""The tangent kernel of a network as it is drawn: does it converge with width, and in which parametrisation?"""

import dataclasses

from phenoscope.atlas.kernel_at_start.claims import JACOT, NTK, STANDARD, claims
from phenoscope.atlas.kernel_at_start.panels import panels
from phenoscope.methods import InitialKernel
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

SIZES: dict[Scale, tuple[int, int, tuple[int, ...]]] = {
    "smoke": (10, 3, (32, 64, 128)),
    "laptop": (20, 40, (128, 256, 512, 1024)),
    "paper": (100, 50, (128, 256, 512, 1024, 2048, 4096, 8192)),
}
"""Examples, networks a replicate, widths."""


def kernel_at_start(scale: Scale, *, activation: str = "relu", depth: int = 2) -> Phenomenon:
    """Kernels of freshly drawn networks of many widths, against the limit in closed form.

    Args:
        scale: "smoke", "laptop" or "paper".
        activation: "relu" or "erf".
        depth: hidden layers.
    """
    examples, networks, widths = SIZES[scale]
    made = InitialKernel(steps=networks, width=widths[0], depth=depth, activation=activation, examples=examples)
    standard = dataclasses.replace(made, parametrisation="standard")
    sweep = {"width": widths}
    return Phenomenon(
        name="kernel_at_start",
        title="The kernel at the start",
        question="Does the tangent kernel of a network converge as the network grows wider?",
        summary=(
            "The tangent kernel says what a small step for one example does to the outputs for another. It is random, "
            "as the weights are; but in the NTK parametrisation, where weights have unit variance and the forward pass "
            "divides by the root of the fan-in, it comes near a kernel that can be computed, at the rate of the root "
            "of the width. In the standard parametrisation the same function has a kernel that grows with the width: "
            "the sentence that kernels converge needs its parametrisation. The covariance of the outputs does not."
        ),
        arms=(
            Arm(NTK, made, sweep=sweep, says="unit weights, divided by the root of the fan-in in the forward pass"),
            Arm(
                STANDARD, standard, sweep=sweep, role="control",
                says="the same functions, with their scale in the weights",
            ),
        ),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{JACOT}: Neural tangent kernel: convergence and generalization in neural networks",
             "https://arxiv.org/abs/1806.07572"),
            ("Lee et al. 2018: Deep neural networks as Gaussian processes", "https://arxiv.org/abs/1711.00165"),
            ("Arora et al. 2019: On exact computation with an infinitely wide neural net",
             "https://arxiv.org/abs/1904.11955"),
        ),
        scale=scale,
        options={"activation": activation, "depth": depth},
        pilot_seeds=PILOTS,
    )  # fmt: skip
