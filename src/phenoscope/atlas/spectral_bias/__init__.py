"""Spectral bias on the circle: are low frequencies learned first, and does the kernel say when?"""

import dataclasses

from phenoscope.atlas.spectral_bias.claims import BASRI, FOURIER, LARGE, NARROW, RAHAMAN, TANCIK, WIDE, claims
from phenoscope.atlas.spectral_bias.panels import panels
from phenoscope.methods import Circle
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

SIZES: dict[Scale, tuple[int, int, int]] = {
    "smoke": (500, 64, 16),
    "laptop": (2000, 4096, 64),
    "paper": (2500, 65536, 64),
}
"""Updates of the wide network, its width, and that of the narrow one."""


def spectral_bias(scale: Scale, *, depth: int = 1) -> Phenomenon:
    """A network that learns a sum of cosines, beside the times that its limiting kernel foretells.

    Args:
        scale: "smoke", "laptop" or "paper".
        depth: hidden layers.
    """
    steps, width, narrow = SIZES[scale]
    wide = Circle(steps=steps, width=width, depth=depth)
    slower = dataclasses.replace(wide, steps=3 * steps, width=narrow)
    large = dataclasses.replace(wide, steps=7 * steps, width=width // 4, amplitude=1.0)
    fourier = dataclasses.replace(wide, steps=max(50, steps // 20), width=width // 4, inputs="fourier")
    return Phenomenon(
        name="spectral_bias",
        title="Spectral bias on the circle",
        question="Are low frequencies learned first, and is it known beforehand when?",
        summary=(
            "On the circle the tangent kernel of a wide network depends on the angle between two points alone, so its "
            "eigenfunctions are the frequencies, and its eigenvalues fall as they rise. Each frequency is then learned "
            "at its own time, and that time can be computed from the architecture before any network is drawn. It is "
            "not frequency as such that makes a function hard: seen through Fourier features all frequencies are "
            "learned at once, as the kernel says, too."
        ),
        arms=(
            Arm(WIDE, wide, says=f"{width} ReLU units, cosines of frequencies 1, 3, 5 and 9 at one small amplitude"),
            Arm(NARROW, slower, role="control", says=f"{narrow} units"),
            Arm(LARGE, large, role="control", says=f"{width // 4} units, amplitude 1: features have to move far"),
            Arm(
                FOURIER, fourier, role="control",
                says=f"{width // 4} units that see the cosines and sines of all frequencies up to 12",
            ),
        ),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{RAHAMAN}: On the spectral bias of neural networks", "https://arxiv.org/abs/1806.08734"),
            (f"{BASRI}: The convergence rate of neural networks for learned functions of different frequencies",
             "https://arxiv.org/abs/1906.00425"),
            (f"{TANCIK}: Fourier features let networks learn high frequency functions in low dimensional domains",
             "https://arxiv.org/abs/2006.10739"),
        ),
        scale=scale,
        options={"depth": depth},
        pilot_seeds=PILOTS,
    )  # fmt: skip
