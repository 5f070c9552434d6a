"""The boundary of trainability: learning rates that train a network border on those that do not along a fractal."""

import dataclasses

from phenoscope.atlas.trainability_boundary.claims import FROZEN, NETWORK, SOHL_DICKSTEIN, claims
from phenoscope.atlas.trainability_boundary.panels import panels
from phenoscope.methods import TrainabilityGrid
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

GRIDS: dict[Scale, TrainabilityGrid] = {
    "smoke": TrainabilityGrid(pixels=128, updates=25, steps=1, width=4, examples=4),
    "laptop": TrainabilityGrid(pixels=256, updates=80, steps=2),
    "paper": TrainabilityGrid(pixels=4096, updates=500, steps=6, width=16),
}


def trainability_boundary(scale: Scale) -> Phenomenon:
    """Every pair of learning rates in a picture, and in zooms on the boundary, each with its own network.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    grid = GRIDS[scale]
    frozen = dataclasses.replace(grid, features="frozen")
    return Phenomenon(
        name="trainability_boundary",
        title="The boundary of trainability",
        question="Is the boundary between learning rates that train a network and those that do not a fractal?",
        summary=(
            "Gradient descent on a network is an iterated map, with the learning rates as its parameters. Like the "
            "sets of parameters for which other iterated maps stay bounded, those for which training succeeds have a "
            "boundary that shows structure at every size. Its box-counting dimension lies between that of a line, 1, "
            "and that of an area, 2. The same network with frozen features is a linear map, and its boundary is a "
            "smooth line."
        ),
        arms=(
            Arm(NETWORK, grid, says="a hidden layer of tanh units, with a rate for each of its two layers"),
            Arm(FROZEN, frozen, role="control", says="the network's first-order expansion at its start"),
        ),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{SOHL_DICKSTEIN}: The boundary of neural network trainability is fractal",
             "https://arxiv.org/abs/2402.06184"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
