"""The plane of output scale and width: where training is lazy, where it learns features, and what lies between."""

import dataclasses

from phenoscope.atlas.feature_lazy_phase.claims import (
    CHIZAT,
    GEIGER,
    GRID,
    LAZY,
    MEAN_FIELD,
    RICH,
    claims,
)
from phenoscope.atlas.feature_lazy_phase.panels import panels
from phenoscope.methods import LazyRich
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, tested ones, updates at most, α and width on the plane, and networks."""

    examples: int
    tested: int
    steps: int
    dial: tuple[float, ...]
    widths: tuple[int, ...]
    networks: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(16, 60, 600, (0.01, 0.1, 1.0, 10.0), (16, 64), 3),
    "laptop": Size(60, 400, 4000, (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), (64, 256, 1024), 8),
    "paper": Size(300, 2000, 100000, (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0), (64, 256, 1024, 4096), 20),
}
ENDS = {"lazy": 4.0, "rich": 0.05}
"""α of the networks whose outputs are averaged, which are as wide as the narrowest of the plane."""


def feature_lazy_phase(scale: Scale) -> Phenomenon:
    """Networks from the zero function to one training loss, over a grid of output scales and widths.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    plain = LazyRich(
        steps=size.steps, alpha=1.0, width=size.widths[0], dimensions=4, examples=size.examples, tested=size.tested,
    )  # fmt: skip
    # in this scaling α stands for α/√width in the other one: both grids have their middles at one network
    middle = size.widths[len(size.widths) // 2] ** 0.5
    several = dataclasses.replace(plain, networks=size.networks)
    arms = (
        Arm(
            GRID, plain, sweep={"alpha": size.dial, "width": size.widths},
            says="ReLU, NTK parametrisation, on the sphere in 4 dimensions: |x₁| - |x₂|, outputs multiplied by α",
        ),
        Arm(
            MEAN_FIELD, dataclasses.replace(plain, scaling="mean field"),
            sweep={"alpha": tuple(alpha * middle for alpha in size.dial), "width": size.widths}, role="control",
            says="outputs divided by the root of the width once more, and multiplied by α",
        ),
        Arm(
            LAZY, dataclasses.replace(several, alpha=ENDS["lazy"]),
            says=f"{size.networks} networks of {size.widths[0]} units with α = {ENDS['lazy']:g}, and their mean",
        ),
        Arm(
            RICH, dataclasses.replace(several, alpha=ENDS["rich"]), role="control",
            says=f"the same with α = {ENDS['rich']:g}",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="feature_lazy_phase",
        title="The plane of scale and width",
        question="Are the scale of the outputs and the width two dials between lazy and rich training, or one?",
        summary=(
            "In the NTK parametrisation the outputs are sums over units divided by the root of their number. To move "
            "them by one, with the outputs multiplied by α, each unit must move by 1/(α√width): that number alone "
            "decides whether features learn, and the boundary between the two regimes is a line in the plane. Divide "
            "by the number of units instead (mean field), and the boundary no longer knows the width. The two sides "
            "err for different reasons: a narrow lazy network has a random kernel, which the mean of several networks "
            "takes out; a rich one finds its features itself."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{GEIGER}: Disentangling feature and lazy training in deep neural networks",
             "https://arxiv.org/abs/1906.08034"),
            (f"{CHIZAT}: On lazy training in differentiable programming", "https://arxiv.org/abs/1812.07956"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
