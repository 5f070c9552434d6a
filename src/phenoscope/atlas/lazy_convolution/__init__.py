"""A lazy convolution network fits its data; are its features worth anything?"""

import dataclasses

from phenoscope.atlas.lazy_convolution.claims import CHIZAT, DIAL, LAZY, RICH, claims
from phenoscope.atlas.lazy_convolution.panels import panels
from phenoscope.methods import LazyRich
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: digits to train on and to test on, updates at most, channels."""

    examples: int
    tested: int
    steps: int
    channels: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(20, 60, 40, 4),
    "laptop": Size(100, 800, 8000, 16),
    "paper": Size(600, 1000, 50000, 128),
}
FARTHEST = {"lazy": 10.0, "rich": 0.1}
FIT = 0.08
"""What is left of the first loss where training stops: less than the tenth that is judged."""
SCALES = (0.1, 0.5, 2.0, 10.0)
"""α, the scale of the outputs."""


def lazy_convolution(scale: Scale) -> Phenomenon:
    """One convolution network from the zero function to one training error, with its outputs multiplied by α.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    lazy = LazyRich(
        steps=size.steps, alpha=FARTHEST["lazy"], width=size.channels, target="digits", examples=size.examples,
        tested=size.tested, fit=FIT, model="convolution",
    )  # fmt: skip
    return Phenomenon(
        name="lazy_convolution",
        title="The lazy convolution network",
        question="Does a network that trains lazily learn a representation, or does it only fit?",
        summary=(
            "A convolution network whose outputs are multiplied by a large number fits its data almost without moving. "
            "Whether it has learned anything is asked of its last hidden layer, on digits that it has not seen: has "
            "the layer changed, does it know even from odd, and does it still know the ten digits, which training "
            "never mentioned? The layer at its start is the measure of all three, and the same network on the rich "
            "side the control."
        ),
        arms=(
            Arm(LAZY, lazy, says="two layers of convolutions, even against odd digits, less a copy, α = 10"),
            Arm(RICH, dataclasses.replace(lazy, alpha=FARTHEST["rich"]), role="control", says="the same with α = 0.1"),
            Arm(DIAL, lazy, sweep={"alpha": SCALES}, says="the same from one end to the other"),
        ),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{CHIZAT}: On lazy training in differentiable programming", "https://arxiv.org/abs/1812.07956"),
            ("Geiger et al. 2019: Disentangling feature and lazy training in deep neural networks",
             "https://arxiv.org/abs/1906.08034"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
