"""Wide networks follow their linearisation: the tangent kernel of the start foretells all of training."""

import dataclasses

from phenoscope.atlas.size import AveragedSize
from phenoscope.atlas.wide_networks.claims import LEE, MEAN_FIELD, NARROW, RELU, SMOOTH, TAYLOR, claims
from phenoscope.atlas.wide_networks.panels import panels
from phenoscope.methods import FunctionSpace
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

SIZES: dict[Scale, AveragedSize] = {
    "smoke": AveragedSize(20, 60, 1, (32, 128, 512)),
    "laptop": AveragedSize(40, 200, 3, (64, 256, 1024, 4096)),
    "paper": AveragedSize(200, 2000, 4, (256, 1024, 4096, 16384)),
}


def wide_networks(scale: Scale, *, depth: int = 1) -> Phenomenon:
    """Full-batch gradient descent on networks of many widths, beside the closed form of their linearisation.

    Args:
        scale: "smoke", "laptop" or "paper".
        depth: hidden layers.
    """
    size = SIZES[scale]
    relu = FunctionSpace(
        steps=size.steps, width=size.widths[0], depth=depth, activation="relu", examples=size.examples,
        networks=size.networks,
    )  # fmt: skip
    sweep = {"width": size.widths}
    arms = (
        Arm(RELU, relu, sweep=sweep, says="ReLU, in the NTK parametrisation, from the zero function"),
        Arm(
            SMOOTH, dataclasses.replace(relu, activation="erf"), sweep=sweep,
            says="the same with a smooth activation function, erf",
        ),
        Arm(
            MEAN_FIELD, dataclasses.replace(relu, readout="mean field"), sweep=sweep, role="control",
            says="outputs divided by the root of the width once more, so that features must move at any width",
        ),
        Arm(NARROW, dataclasses.replace(relu, width=16), role="control", says="16 hidden units"),
        Arm(
            TAYLOR, dataclasses.replace(relu, dynamics="linearised"), role="control",
            says=f"gradient descent on the Taylor expansion of the network of {size.widths[0]} units",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="wide_networks",
        title="Wide networks follow their linearisation",
        question="Does a wide network train as if its features were frozen?",
        summary=(
            "A network that is linear in its parameters has a tangent kernel that stands still, and its whole training "
            "can be written down: outputs approach the targets along the kernel's eigenvectors. A network in the NTK "
            "parametrisation comes near that as it grows wider. It still moves as far as a narrow one, in all; but "
            "over so many weights that none moves much, and the kernel hardly changes. It is the scaling that does "
            "this, not the width: with outputs divided by the width (mean field) features move however wide it is."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{LEE}: Wide neural networks of any depth evolve as linear models under gradient descent",
             "https://arxiv.org/abs/1902.06720"),
            ("Jacot et al. 2018: Neural tangent kernel: convergence and generalization in neural networks",
             "https://arxiv.org/abs/1806.07572"),
            ("Chizat et al. 2018: On lazy training in differentiable programming", "https://arxiv.org/abs/1812.07956"),
        ),
        scale=scale,
        options={"depth": depth},
        pilot_seeds=PILOTS,
    )  # fmt: skip
