"""Linear stability of SGD: at what rate is a minimum left that gradient descent would keep?"""

import dataclasses

from phenoscope.atlas.sgd_stability.claims import DEXTER, FULL, MINI, MULAYOFF, SINGLE, WU, claims
from phenoscope.atlas.sgd_stability.panels import panels
from phenoscope.methods import LinearSGD
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, dimensions, and steps of the simulation."""

    examples: int
    dimensions: int
    steps: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(8, 4, 160),
    "laptop": Size(24, 12, 1600),
    "paper": Size(60, 20, 16_000),
}
ALIGNMENTS = (0.0, 0.5, 0.9)


def sgd_stability(scale: Scale) -> Phenomenon:
    """Linear models whose examples point more or less the same way, at a minimum that fits all of them.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    single = LinearSGD(0.0, 1, size.examples, size.dimensions, size.steps)
    sweep = {"alignment": ALIGNMENTS}
    arms = (
        Arm(SINGLE, single, sweep=sweep, says="mini-batches of one example"),
        Arm(
            MINI, dataclasses.replace(single, batch=max(2, size.examples // 6)), sweep=sweep,
            says="a sixth of the examples",
        ),
        Arm(
            FULL, dataclasses.replace(single, batch=size.examples), sweep=sweep, role="control",
            says="all examples: gradient descent, for which the largest eigenvalue is all that counts",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="sgd_stability",
        title="The linear stability of SGD",
        question="Does SGD leave minima at which gradient descent with the same rate would stay?",
        summary=(
            "At a minimum that fits every example the noise of SGD vanishes with the distance, so whether SGD stays is "
            "a question of linear stability: that of the second moment E‖w‖². Gradient descent stays below 2/λ₁. With "
            "small mini-batches the rate must be smaller; by how much depends on how the Hessians of single examples "
            "lie to each other, which their coherence and the trace sum up in bounds."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{DEXTER}: A precise characterization of SGD stability using loss surface geometry",
             "https://arxiv.org/abs/2401.12332"),
            (f"{MULAYOFF}: Exact mean square linear stability analysis for SGD", "https://arxiv.org/abs/2306.07850"),
            (f"{WU}: The implicit regularization of dynamical stability in stochastic gradient descent",
             "https://arxiv.org/abs/2305.17490"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
