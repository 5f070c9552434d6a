"""The learning rate that each richness wants: two laws, which meet where lazy training becomes rich."""

import dataclasses

from phenoscope.atlas.richness_rate.claims import (
    ATANASOV,
    BETWEEN,
    DEPTHS,
    FROZEN,
    LAZY,
    RICH,
    SHRINKING,
    WIDTHS,
    claims,
)
from phenoscope.atlas.richness_rate.panels import panels
from phenoscope.methods import RichnessRate
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: networks of a member, their width, examples, updates of a trial but for what leaving
    the saddle takes, values of γ on either side and between, and widths.
    """

    networks: int
    width: int
    examples: int
    steps: int
    small: tuple[float, ...]
    near: tuple[float, ...]
    large: tuple[float, ...]
    widths: tuple[int, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(2, 16, 8, 120, (0.01, 0.03), (0.3, 3.0), (30.0, 300.0), (16, 32)),
    "laptop": Size(
        8, 64, 16, 400, (1e-3, 3e-3, 1e-2, 3e-2), (0.1, 0.3, 1.0, 3.0, 10.0, 30.0), (1e2, 3e2, 1e3, 3e3, 1e4),
        (32, 64, 128, 256),
    ),
    "paper": Size(
        16, 512, 200, 2000, (1e-4, 1e-3, 1e-2), (0.1, 0.3, 1.0, 3.0, 10.0, 30.0), (1e2, 3e2, 1e3, 3e3, 1e4, 3e4, 1e5),
        (128, 512, 2048),
    ),
}  # fmt: skip
LONGER = 12
"""Updates of a trial for each that leaving the saddle takes, but for a factor that γ does not know."""


def richness_rate(scale: Scale) -> Phenomenon:
    """Networks whose outputs are divided by γ, each tried at many learning rates.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    made = RichnessRate(width=size.width, networks=size.networks, examples=size.examples)
    arms = []
    for depth in DEPTHS:
        deep = dataclasses.replace(made, depth=depth, steps=size.steps)
        lengths = {"steps": tuple(size.steps + _longer(gamma, depth) for gamma in size.large)}
        arms += [
            Arm(LAZY[depth], deep, sweep={"gamma": size.small}, says=f"ReLU, {depth} layers of weights, γ below 0.1"),
            Arm(RICH[depth], deep, sweep={"gamma": size.large}, along=lengths, says="the same with large γ"),
            Arm(
                FROZEN[depth], deep.frozen(), sweep={"gamma": size.large}, role="control",
                says="first-order expansions, with large γ",
            ),
        ]  # fmt: skip
    shallow = dataclasses.replace(made, gamma=size.large[0], steps=size.steps)
    shrinking = tuple(size.large[0] * (size.widths[0] / width) ** 0.5 for width in size.widths)
    arms += [
        Arm(
            BETWEEN, dataclasses.replace(made, depth=3, steps=2 * size.steps), sweep={"gamma": size.near},
            says="3 layers, γ around 1",
        ),
        Arm(WIDTHS, shallow, sweep={"width": size.widths}, says="2 layers, one large γ"),
        Arm(
            SHRINKING, shallow, sweep={"width": size.widths}, along={"gamma": shrinking}, role="control",
            says="the same with outputs of the NTK parametrisation divided by one number",
        ),
    ]  # fmt: skip
    return Phenomenon(
        name="richness_rate",
        title="The rate for a richness",
        question="Which learning rate does each richness want?",
        summary=(
            "Divide a network's outputs by γ: training is lazy where γ is small and rich where it is large. The rate "
            "must change with it, by two laws. A lazy network is its tangent kernel, divided by γ², and so the largest "
            "rate goes as γ². A rich one must first grow, and to divide the outputs of L homogeneous layers is to "
            "begin with smaller weights in another unit of the rate: it goes as γ^(2/L). What begins small begins near "
            "a saddle, and the loss has a plateau before it drops, the longer the deeper the network is."
        ),
        arms=tuple(arms),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{ATANASOV}: The optimization landscape of SGD across the feature learning strength",
             "https://iclr.cc/virtual/2025/poster/28707"),
            ("Chizat et al. 2018: On lazy training in differentiable programming", "https://arxiv.org/abs/1812.07956"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _longer(gamma: float, depth: int) -> int:
    return round(LONGER * gamma ** (1 - 2 / depth)) if depth > 2 else 0
