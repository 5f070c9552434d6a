"""Learning rates carried from narrow to wide networks: which parametrisation lets the best one stay where it is?"""

import dataclasses
import math

from phenoscope.atlas.rate_transfer.claims import MAXIMAL, NTK, STANDARD, YANG_HU, YANG_TRANSFER, claims
from phenoscope.atlas.rate_transfer.panels import panels
from phenoscope.data import dataset
from phenoscope.models import UniformMLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Loss
from phenoscope.training import GradientDescent, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, updates, widths, and how often a rate doubles from one to the next."""

    examples: int
    steps: int
    widths: tuple[int, ...]
    notch: float


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, 20, (16, 32, 64), 1.0),
    "laptop": Size(300, 60, (64, 128, 256, 512), 0.5),
    "paper": Size(1000, 500, (128, 256, 512, 1024, 2048, 4096), 0.5),
}
ARMS = {
    MAXIMAL: "layers multiplied by √(fan-out/fan-in), a small readout: features move as much at any width",
    NTK: "unit weights, divided by the root of the fan-in in the forward pass: wide networks are kernels",
    STANDARD: "the scale in the weights, as PyTorch has it",
}


def rate_transfer(scale: Scale) -> Phenomenon:
    """Full-batch gradient descent over a grid of rates and widths, in three parametrisations.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    return Phenomenon(
        name="rate_transfer",
        title="Learning rates across widths",
        question="Is the best learning rate of a narrow network the best one of a wide network, too?",
        summary=(
            "In the standard parametrisation one rate is too small for the first layer of a wide network and too large "
            "for the rest, and the best one falls as the network grows. Where the layers are scaled so that "
            "each moves its features by as much at any width, the maximal update parametrisation, training comes to a "
            "limit of infinite width in which features are learned, and the best rate to one there. It can then be "
            "found on narrow networks. That the rate stays says nothing of features, though: it does so in the NTK "
            "parametrisation as well, whose limit is a kernel."
        ),
        arms=tuple(
            Arm(
                name, _recipe(size, name), (Loss(),), {"model.width": size.widths, "lr": _rates(name, size)},
                role="main" if name == MAXIMAL else "control", says=says,
            )
            for name, says in ARMS.items()
        ),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{YANG_TRANSFER}: Tensor programs V: tuning large neural networks via zero-shot hyperparameter transfer",
             "https://arxiv.org/abs/2203.03466"),
            (f"{YANG_HU}: Feature learning in infinite-width neural networks", "https://arxiv.org/abs/2011.14522"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _recipe(size: Size, parametrisation: str) -> Recipe:
    return Recipe(
        data=dataset("digits", train=size.examples, flat=True),
        model=UniformMLP(size.widths[0], depth=2, activation="tanh", bias=False, parametrisation=parametrisation),
        loss=SquaredError(),
        rule=GradientDescent(lr=0.1),
        steps=size.steps,
    )


def _rates(parametrisation: str, size: Size) -> tuple[float, ...]:
    """So many that the best one, which in the standard parametrisation falls as the width, is not the last of them."""
    narrow, wide = math.log2(size.widths[0]), math.log2(size.widths[-1])
    low, high = {MAXIMAL: (-3.0, 2.0), NTK: (1.0, 5.0), STANDARD: (2 - wide, 5 - narrow)}[parametrisation]
    return tuple(2.0 ** (low + size.notch * place) for place in range(round((high - low) / size.notch) + 1))
