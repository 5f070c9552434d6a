"""Learning exponents: does a network that moves its features need fewer examples, or ever fewer?"""

import dataclasses

from phenoscope.atlas.learning_exponents.claims import DIGITS, ISOTROPIC, LAZY, TWO, VYAS, claims
from phenoscope.atlas.learning_exponents.panels import panels
from phenoscope.methods import LazyRich
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: numbers of examples, examples to test on, updates at most, width."""

    examples: tuple[int, ...]
    tested: int
    steps: int
    width: int


SIZES: dict[Scale, Size] = {
    "smoke": Size((16, 32, 64), 100, 60, 32),
    "laptop": Size((32, 64, 128, 256, 512), 600, 2000, 256),
    "paper": Size((32, 64, 128, 256, 512, 1024), 700, 100000, 4096),
}
FIT = 0.001
"""What may be left of the training targets' mean square; half the smallest test error in pilots."""


def learning_exponents(scale: Scale) -> Phenomenon:
    """Networks and their tangent kernels on more and more examples.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    two = LazyRich(
        steps=size.steps, alpha=0.05, width=size.width, dimensions=8, examples=size.examples[0], tested=size.tested,
        fit=FIT, regress=True,
    )  # fmt: skip
    sweep = {"examples": size.examples}
    return Phenomenon(
        name="learning_exponents",
        title="Learning exponents of network and kernel",
        question="Does moving its features change how fast a network learns with more examples?",
        summary=(
            "The test error of kernel regression falls as a power of the number of examples, and the spectrum says "
            "which. A network that moves its features may fall as another power, which no kernel that is fixed "
            "beforehand would catch up with. Networks are trained to a small error on more and more examples, beside "
            "regression with the tangent kernel that each had at its start and with that which it has at its end. "
            "Kernels are given the best ridge that there is."
        ),
        arms=(
            Arm(TWO, two, sweep=sweep, says="ReLU, rich (α = 0.05), |x₁| - |x₂| on the sphere in 8 dimensions"),
            Arm(
                LAZY, dataclasses.replace(two, alpha=5.0), sweep=sweep, role="control",
                says="the same network on the lazy side, α = 5",
            ),
            Arm(
                ISOTROPIC, dataclasses.replace(two, target="isotropic"), sweep=sweep, role="control",
                says="the rich network for a draw of the Gaussian process of its own limiting kernel",
            ),
            Arm(
                DIGITS, dataclasses.replace(two, target="digits", dimensions=64), sweep=sweep,
                says="the rich network for even against odd digits",
            ),
        ),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{VYAS}: Limitations of the NTK for understanding generalization in deep learning",
             "https://arxiv.org/abs/2206.10012"),
            ("Geiger et al. 2019: Disentangling feature and lazy training in deep neural networks",
             "https://arxiv.org/abs/1906.08034"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
