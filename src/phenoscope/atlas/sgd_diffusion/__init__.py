"""Diffusion between minima: does noise prefer the flat one of two, and does its shape matter?"""

import dataclasses

from phenoscope.atlas.sgd_diffusion.claims import (
    EQUAL,
    ISOTROPIC,
    ISOTROPIC_2D,
    JASTRZEBSKI,
    KRAMERS,
    SHAPED,
    SHAPED_2D,
    XIE,
    claims,
)
from phenoscope.atlas.sgd_diffusion.panels import panels
from phenoscope.methods import DoubleWell
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

STEPS: dict[Scale, int] = {"smoke": 1_200, "laptop": 40_000, "paper": 1_000_000}
TEMPERATURES: dict[Scale, tuple[float, ...]] = {
    "smoke": (1.0, 0.8),
    "laptop": (0.8, 0.55, 0.4, 0.33),
    "paper": (0.5, 0.4, 0.3, 0.25, 0.2),
}
"""With a barrier of 1."""


def sgd_diffusion(scale: Scale) -> Phenomenon:
    """Noisy gradient descent between a flat and a sharp minimum of one depth, in one and two dimensions.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    line = DoubleWell(TEMPERATURES[scale][0], steps=STEPS[scale])
    plane = dataclasses.replace(line, dimensions=2)
    sweep = {"temperature": TEMPERATURES[scale]}
    arms = (
        Arm(ISOTROPIC, line, sweep=sweep, says="one dimension, noise of one size everywhere: Langevin's equation"),
        Arm(
            SHAPED, dataclasses.replace(line, noise="curvature"), sweep=sweep,
            says="one dimension, noise in proportion to the curvature of each well, as that of SGD is about",
        ),
        Arm(
            EQUAL, dataclasses.replace(line, flat=line.sharp), sweep=sweep, role="control",
            says="two wells of the same curvature, isotropic noise",
        ),
        Arm(ISOTROPIC_2D, plane, sweep=sweep, says="the same wells with a direction across, as curved as each well"),
        Arm(
            SHAPED_2D, dataclasses.replace(plane, noise="curvature"), sweep=sweep,
            says="the plane with noise of the curvature's shape",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="sgd_diffusion",
        title="Diffusion between minima",
        question="Does noise prefer the flat one of two minima, and does it matter what shape the noise has?",
        summary=(
            "In continuous time, SGD is gradient descent with noise: a diffusion that wanders from minimum to minimum, "
            "over barriers that cost a time exponential in their height over the temperature. Of two minima of one "
            "depth it spends more time in the flat one, for that is wider. Noise in the shape of the curvature makes "
            "the preference much stronger: the sharp well is hotter. Here the walks are simulated, and laid beside the "
            "exact times and shares of the diffusion."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{XIE}: A diffusion theory for deep learning dynamics", "https://arxiv.org/abs/2002.03495"),
            (f"{JASTRZEBSKI}: Three factors influencing minima in SGD", "https://arxiv.org/abs/1711.04623"),
            (f"{KRAMERS}: Brownian motion in a field of force and the diffusion model of chemical reactions",
             "https://doi.org/10.1016/S0031-8914(40)90098-2"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
