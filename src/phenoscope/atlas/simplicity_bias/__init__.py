"""Simplicity bias: of two blocks of inputs that both tell the class a network uses the simple one only."""

import dataclasses

from phenoscope.atlas.simplicity_bias.claims import (
    ALONE,
    BOTH,
    DIGITS,
    DIGITS_ALONE,
    IMPERFECT,
    LAZY,
    LINEAR,
    NAKKIRAN,
    SHAH,
    WIDE,
    claims,
)
from phenoscope.atlas.simplicity_bias.panels import panels
from phenoscope.atlas.size import Size
from phenoscope.data import Dataset, Slabs, TwoDigits
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, BlockReliance, Loss, Probe
from phenoscope.training import GradientDescent, Recipe

SIZES: dict[Scale, Size] = {
    "smoke": Size(200, (16,), 40, 20),
    "laptop": Size(1000, (100,), 2000, 100),
    "paper": Size(20_000, (100, 100), 20_000, 500),
}
NOISE: dict[Scale, int] = {"smoke": 0, "laptop": 0, "paper": 48}
"""Entries that tell nothing."""
IMAGES: dict[Scale, int] = {"smoke": 200, "laptop": 1000, "paper": 1198}
ONE_SCAN = 64
RATE, RATE_ON_DIGITS = 0.5, 0.1
CHANCE, NINE_OF_TEN = 0.5, 0.9


def simplicity_bias(scale: Scale, *, slabs: int = 5) -> Phenomenon:
    """Small ReLU networks on two blocks, of which one tells the class by a threshold and the other one less simply.

    Args:
        scale: "smoke", "laptop" or "paper".
        slabs: of the entry that is less simple, an odd number.
    """
    size = SIZES[scale]
    source = Slabs(slabs, 0.1 if slabs <= 5 else 0.4 / (slabs - 1), NOISE[scale], examples=2 * size.examples)
    blocks = Dataset(source, train=size.examples, test=size.examples, scaling="none")
    pairs = Dataset(TwoDigits(), train=IMAGES[scale])
    both = Recipe(
        data=blocks,
        model=MLP(size.widths, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=GradientDescent(RATE),
        steps=size.steps,
        batch=50,
    )
    alone = dataclasses.replace(both, data=_right(blocks, CHANCE))
    wide = MLP(tuple(10 * width for width in size.widths), activation="relu", init="he")
    images = dataclasses.replace(
        both,
        data=pairs,
        rule=GradientDescent(RATE_ON_DIGITS),
        steps=size.steps // 2,
    )
    probes = _probes(size.every, 1)
    of_images = _probes(size.every // 2, ONE_SCAN)
    arms = (
        Arm(BOTH, both, probes, says=f"an entry of two slabs and one of {slabs}, each of which tells every class"),
        Arm(ALONE, alone, probes, role="control",
            says="the same, but that the entry of two slabs is on either side at random"),
        Arm(LINEAR, dataclasses.replace(alone, model=MLP(())), probes, role="control", says="there, a linear function"),
        Arm(WIDE, dataclasses.replace(both, model=wide), probes, says="both blocks, a network ten times as wide"),
        Arm(LAZY, dataclasses.replace(both, dynamics="linearised"), probes, role="control",
            says="both blocks, the network replaced by its expansion to first order at its start"),
        Arm(IMPERFECT, dataclasses.replace(both, data=_right(blocks, NINE_OF_TEN)), probes,
            says="the simple entry is on the wrong side in one example of ten, the other one always tells"),
        Arm(DIGITS, images, of_images,
            says="two scans beside each other: first a zero or a one, then an even or an odd digit"),
        Arm(DIGITS_ALONE, dataclasses.replace(images, data=_right(pairs, CHANCE)), of_images, role="control",
            says="the same, but that the first scan is a zero or a one at random"),
    )  # fmt: skip
    return Phenomenon(
        name="simplicity_bias",
        title="Simplicity bias and its price",
        question="If a simple and a less simple block of inputs both tell the class, which one does a network use?",
        summary=(
            "Two blocks of inputs each tell the class of every example: the one by the sign of a single number, the "
            "other one less simply. Either can be learned alone. Where both are there, training finds the simple one "
            "and leaves the other one alone: when the simple block is dealt out anew among the test examples, nothing "
            "is left of the answers. That is the price: what the network never learned it cannot fall back on."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{SHAH}: The pitfalls of simplicity bias in neural networks", "https://arxiv.org/abs/2006.07710"),
            (f"{NAKKIRAN}: SGD on neural networks learns functions of increasing complexity",
             "https://arxiv.org/abs/1905.11604"),
        ),
        scale=scale,
        options={"slabs": slabs},
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _right(data: Dataset, share: float) -> Dataset:
    """The same with a first block that tells the class of this share of the examples."""
    return dataclasses.replace(data, source=dataclasses.replace(data.source, right=share))  # type: ignore[type-var]


def _probes(every: int, entries: int) -> tuple[Probe, ...]:
    """All on one grid, so that the one can be read where the other is."""
    return Loss(every), Accuracy(every), BlockReliance(every, entries, shuffles=4)
