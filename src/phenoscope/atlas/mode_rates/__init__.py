"""Eigenmodes of the tangent kernel are learned in the order, and at the rate, of their eigenvalues."""

import dataclasses

from phenoscope.atlas.mode_rates.claims import JACOT, NARROW, RICH, TAYLOR, WIDE, WIDTHS, claims
from phenoscope.atlas.mode_rates.panels import panels
from phenoscope.atlas.size import AveragedSize
from phenoscope.methods import FunctionSpace
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

SIZES: dict[Scale, AveragedSize] = {
    "smoke": AveragedSize(20, 60, 1, (32, 128, 512)),
    "laptop": AveragedSize(40, 300, 2, (64, 256, 1024, 4096)),
    "paper": AveragedSize(200, 2000, 4, (256, 1024, 4096, 16384)),
}


def mode_rates(scale: Scale, *, depth: int = 1, activation: str = "erf") -> Phenomenon:
    """Full-batch gradient descent, seen along the eigenvectors of the tangent kernel of the start.

    Args:
        scale: "smoke", "laptop" or "paper".
        depth: hidden layers.
        activation: "erf" or "relu".
    """
    size = SIZES[scale]
    wide = FunctionSpace(
        steps=size.steps, width=size.widths[-1], depth=depth, activation=activation, examples=size.examples,
        networks=size.networks,
    )  # fmt: skip
    narrow = dataclasses.replace(wide, width=size.widths[0])
    arms = (
        Arm(WIDE, wide, says=f"{size.widths[-1]} hidden units, in the NTK parametrisation, from the zero function"),
        Arm(
            WIDTHS, wide, sweep={"width": size.widths},
            says="the same at several widths",
        ),
        Arm(NARROW, narrow, role="control", says=f"{size.widths[0]} hidden units"),
        Arm(
            RICH, dataclasses.replace(wide, readout="mean field"), role="control",
            says="the wide network with its outputs divided by the root of the width once more: eigenvectors turn",
        ),
        Arm(
            TAYLOR, dataclasses.replace(narrow, dynamics="linearised"), role="control",
            says="gradient descent on the Taylor expansion of the narrow network",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="mode_rates",
        title="Modes and their rates",
        question="Is what a network learns first decided by the eigenvalues of its tangent kernel?",
        summary=(
            "While the kernel stands still, the residual along each of its eigenvectors shrinks on its own, by the "
            "factor 1 - ηλ/N at every step. So functions along large eigenvalues are learned first, and when each will "
            "be is known before training. Spectral bias, the frequency principle and early stopping as regularisation "
            "are statements on this spectrum. Where features move, the eigenvectors of the start are not those of "
            "training: the lines bend, and everything is learned sooner than foretold."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{JACOT}: Neural tangent kernel: convergence and generalization in neural networks",
             "https://arxiv.org/abs/1806.07572"),
            ("Cao et al. 2019: Towards understanding the spectral bias of deep learning",
             "https://arxiv.org/abs/1912.01198"),
            ("Lee et al. 2019: Wide neural networks of any depth evolve as linear models under gradient descent",
             "https://arxiv.org/abs/1902.06720"),
        ),
        scale=scale,
        options={"depth": depth, "activation": activation},
        pilot_seeds=PILOTS,
    )  # fmt: skip
