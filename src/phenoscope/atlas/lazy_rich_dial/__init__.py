"""The dial between lazy and rich training: the scale of the outputs, at one architecture."""

import dataclasses

from phenoscope.atlas.lazy_rich_dial.claims import (
    ALONE,
    CHIZAT,
    DIGITS,
    GEIGER,
    ISOTROPIC,
    LAZY,
    RICH,
    SUBTRACTED,
    TOGETHER,
    TWO,
    claims,
)
from phenoscope.atlas.lazy_rich_dial.panels import panels
from phenoscope.methods import LazyRich
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, updates at most, width, several widths, and scales of the outputs."""

    examples: int
    steps: int
    width: int
    widths: tuple[int, ...]
    dial: tuple[float, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(12, 150, 32, (16, 32, 64), (0.02, 5.0)),
    "laptop": Size(60, 6000, 512, (64, 256, 1024), (0.005, 0.05, 0.5, 5.0)),
    "paper": Size(500, 200000, 2048, (64, 256, 1024, 4096), (0.002, 0.005, 0.02, 0.05, 0.2, 0.5, 2.0, 5.0, 20.0)),
}
FAR, NEAR = (4.0, 8.0, 16.0, 32.0), (0.02, 0.05, 0.1)
"""Scales of the outputs on the lazy side and on the rich one, for the smooth network of a quarter of the width."""


def lazy_rich_dial(scale: Scale) -> Phenomenon:
    """Networks that start as the zero function, with their outputs multiplied by α, trained to one training loss.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    two = LazyRich(
        steps=size.steps, alpha=1.0, width=size.width, dimensions=4, examples=size.examples,
        tested=40 if scale == "smoke" else 400,
    )  # fmt: skip
    digits = dataclasses.replace(two, target="digits", dimensions=64)
    smooth = dataclasses.replace(digits, activation="erf", width=size.width // 4)
    dial = {"alpha": size.dial}
    arms = (
        Arm(LAZY, smooth, sweep={"alpha": FAR}, says="erf, even against odd digits, a network less its copy"),
        Arm(
            SUBTRACTED, dataclasses.replace(smooth, start="subtracted"), sweep={"alpha": FAR}, role="control",
            says="the same, one network less its own outputs at the start",
        ),
        Arm(RICH, smooth, sweep={"alpha": NEAR}, role="control", says="the first, with α below 1"),
        Arm(TWO, two, sweep=dial, says="ReLU, on the sphere in 4 dimensions: |x₁| - |x₂|, which knows two of them"),
        Arm(
            ISOTROPIC, dataclasses.replace(two, target="isotropic"), sweep=dial, role="control",
            says="the same network, for a draw of the Gaussian process of its own limiting kernel",
        ),
        Arm(
            DIGITS, dataclasses.replace(digits, width=size.width // 4), sweep=dial,
            says="ReLU, even against odd digits",
        ),
        Arm(
            TOGETHER, two, sweep={"width": size.widths}, along={"alpha": tuple(w**-0.5 for w in size.widths)},
            says="two directions, with α falling as the root of the width",
        ),
        Arm(
            ALONE, dataclasses.replace(two, alpha=size.widths[0] ** -0.5), sweep={"width": size.widths}, role="control",
            says="two directions, with one α at all widths",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="lazy_rich_dial",
        title="The dial between lazy and rich",
        question="Is it the network that makes training lazy, or the scale of its outputs?",
        summary=(
            "Multiply a network's outputs by a large number α, and parameters need hardly move to fit the data: "
            "training is that of the linearised network, whatever the architecture. Divide them instead, and features "
            "must move far. So one network can be trained at both ends, to the same training loss, from the same "
            "function, zero. What each end learns depends on the target: where few directions matter, features that "
            "turn to them win; where none is better than another there is nothing to turn to, and the kernel is as "
            "good as anything can be."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{CHIZAT}: On lazy training in differentiable programming", "https://arxiv.org/abs/1812.07956"),
            (f"{GEIGER}: Disentangling feature and lazy training in deep neural networks",
             "https://arxiv.org/abs/1906.08034"),
            ("Petrini et al. 2022: Learning sparse features can lead to overfitting in neural networks",
             "https://arxiv.org/abs/2206.12314"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
