"""A network as it is drawn is nearly a Gaussian process: how nearly, and which networks never are."""

import dataclasses

from phenoscope.atlas.network_as_process.claims import (
    CAUCHY,
    CONVOLUTIONS,
    DENSE,
    FAVARO,
    HANIN,
    LEE,
    MATTHEWS,
    TOGETHER,
    claims,
)
from phenoscope.atlas.network_as_process.panels import panels
from phenoscope.methods import RandomFunctions
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: networks a replicate, digits, widths, depths that go with them, and channels."""

    networks: int
    examples: int
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    channels: tuple[int, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(40, 4, (16, 32, 64), (1, 2, 4), (8, 16)),
    "laptop": Size(1000, 10, (32, 64, 128, 256), (1, 2, 4, 8), (16, 32, 64, 128)),
    "paper": Size(10000, 50, (32, 64, 128, 256, 512, 1024), (1, 2, 4, 8, 16, 32), (16, 32, 64, 128, 256)),
}


def network_as_process(scale: Scale, *, depth: int = 2) -> Phenomenon:
    """Networks of many widths as they are drawn, against the Gaussian process that they come near.

    Args:
        scale: "smoke", "laptop" or "paper".
        depth: hidden layers.
    """
    size = SIZES[scale]
    dense = RandomFunctions(steps=size.networks, width=size.widths[0], depth=depth, examples=size.examples)
    sweep = {"width": size.widths}
    heavy = dataclasses.replace(dense, activation="erf", weights="cauchy")
    images = dataclasses.replace(dense, layers="convolution", examples=4)
    return Phenomenon(
        name="network_as_process",
        title="The network as a Gaussian process",
        question="Is a network a Gaussian process before it is trained, and how wide must it be?",
        summary=(
            "An output of a random network is a sum over its last hidden units. If these are many and none of them "
            "outweighs the rest, the outputs for several inputs are jointly normal: the network is a draw of a "
            "Gaussian process whose covariance can be computed. How far a finite network is from it is known, too: its "
            "excess kurtosis is that of depth over width. And the weights must have a variance: with Cauchy's law a "
            "few units outweigh the rest at any width, and the limit is another process."
        ),
        arms=(
            Arm(DENSE, dense, sweep=sweep, says="ReLU, normal weights, a few digits as inputs"),
            Arm(
                CONVOLUTIONS, images, sweep={"width": size.channels},
                says="convolutions of 3 by 3 pixels and a mean over all pixels; the width is that of the channels",
            ),
            Arm(
                TOGETHER, dense, sweep=sweep, along={"depth": size.depths}, role="control",
                says="dense networks whose depth grows as their width",
            ),
            Arm(
                CAUCHY, heavy, sweep=sweep, role="control",
                says="erf, weights with Cauchy's law, divided by the fan-in and not by its root",
            ),
        ),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{LEE}: Deep neural networks as Gaussian processes", "https://arxiv.org/abs/1711.00165"),
            (f"{MATTHEWS}: Gaussian process behaviour in wide deep neural networks",
             "https://arxiv.org/abs/1804.11271"),
            ("Garriga-Alonso et al. 2018: Deep convolutional networks as shallow Gaussian processes",
             "https://arxiv.org/abs/1808.05587"),
            (f"{HANIN}: Products of many large random matrices and gradients in deep neural networks",
             "https://arxiv.org/abs/1812.05994"),
            (f"{FAVARO}: Stable behaviour of infinitely wide deep neural networks",
             "https://arxiv.org/abs/2003.00394"),
        ),
        scale=scale,
        options={"depth": depth},
        pilot_seeds=PILOTS,
    )  # fmt: skip
