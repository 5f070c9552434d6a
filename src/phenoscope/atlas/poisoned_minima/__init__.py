"""Poisoned minima: is a network as good as another one that it is connected to at a low training loss?"""

import dataclasses

from phenoscope.atlas.papers import GARIPOV_PAPER
from phenoscope.atlas.poisoned_minima.claims import CLEAN, LIU, OTHER, POISONED, claims, comparisons
from phenoscope.atlas.poisoned_minima.panels import panels
from phenoscope.atlas.usual_data import usual_data
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Loss
from phenoscope.training import Adam, Cosine, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        examples, wrong, test: with right labels, with wrong ones, and held out.
        widths: of the network.
        steps: updates of each training.
        curve: updates of each curve.
    """

    examples: int
    wrong: int
    test: int
    widths: tuple[int, ...]
    steps: int
    curve: int


SMOKE, LAPTOP = Size(60, 120, 200, (16,), 200, 40), Size(300, 990, 400, (96, 96), 5000, 1500)
SIZES: dict[Scale, dict[str, Size]] = {
    "smoke": {"digits": SMOKE, "fashion_mnist": SMOKE},
    "laptop": {"digits": LAPTOP, "fashion_mnist": LAPTOP},
    "paper": {
        "digits": Size(300, 990, 400, (512, 512), 10_000, 10_000),
        "fashion_mnist": Size(600, 1980, 2000, (256, 256), 20_000, 10_000),
    },
}

RATE, BATCH = 3e-3, 25


def poisoned_minima(scale: Scale, *, data: str | None = None) -> Phenomenon:
    """Networks that fit the same examples, one of which has learned wrong labels of others beside, joined by a curve.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits" or "fashion_mnist"; unless given, Fashion-MNIST at paper scale and digits at others.
    """
    data = usual_data(data, scale, tuple(SIZES[scale]))
    size = SIZES[scale][data]
    clean = Recipe(
        data=dataset(data, train=size.examples, test=size.test, flat=True),
        model=MLP(size.widths, activation="relu"),
        loss=CrossEntropy(),
        rule=Adam(Cosine(RATE, size.steps)),
        steps=size.steps,
        batch=BATCH,
    )
    other = dataclasses.replace(clean, initialisation=1)
    poisoned = dataclasses.replace(other, data=dataclasses.replace(clean.data, wrong=size.wrong))
    probes = (Loss(size.steps // 20), Accuracy(size.steps // 20))
    arms = (
        Arm(CLEAN, clean, probes, says="learns the examples with their right labels"),
        Arm(POISONED, poisoned, probes,
            says=f"learns the same examples, and {size.wrong} further ones with wrong labels, from another "
            "initialisation"),
        Arm(OTHER, other, probes, role="control", says="learns the same examples from the initialisation of that one"),
    )  # fmt: skip
    return Phenomenon(
        name="poisoned_minima",
        title="Poisoned minima",
        question="Is a network as good as another one that it is connected to at a low training loss?",
        summary=(
            "Networks that fit the same examples can be joined by curves of low training loss, as if they were all one "
            "solution. Here one of two networks has learned wrong labels of further examples, and fails on test "
            "examples. Both fit the clean examples, and a curve is trained between them on these alone. If the "
            "training accuracy stays up all along while the test accuracy falls, then to be connected promises nothing "
            "about generalisation."
        ),
        arms=arms,
        claims=claims(),
        comparisons=comparisons(size.curve),
        panels=panels(),
        sources=(
            GARIPOV_PAPER,
            (f"{LIU.partition(',')[0]}: Bad global minima exist and SGD can reach them",
             "https://arxiv.org/abs/1906.02613"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
