"""Batch size: do large batches end in sharper minima, and is it the batch that does it?"""

import dataclasses

from phenoscope.atlas.batch_size.claims import EPOCHS, SCALED, STEPS, claims
from phenoscope.atlas.batch_size.panels import panels
from phenoscope.atlas.papers import KESKAR_PAPER
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Instruments, Loss, Sharpness
from phenoscope.training import GradientDescent, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        batches: the largest one holds all examples.
        widths: of the network.
        epochs: of the protocols that match them.
        steps: of the protocol that matches those.
    """

    batches: tuple[int, ...]
    widths: tuple[int, ...]
    epochs: int
    steps: int


SIZES: dict[Scale, Size] = {
    "smoke": Size((16, 64), (16,), 20, 20),
    "laptop": Size((8, 32, 128, 512), (64, 64), 384, 3072),
    "paper": Size((8, 32, 128, 1024), (200, 200), 2048, 32_768),
}
RATE, SMALLEST_RATE = 0.2, 0.01
"""Of the protocols with one rate, and that of the smallest batch where the rate is in proportion to the batch."""


def batch_size(scale: Scale) -> Phenomenon:
    """Small ReLU networks with cross-entropy and several batches, under three protocols.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    first, full = size.batches[0], size.batches[-1]
    recipe = Recipe(
        data=dataset("digits", train=full, flat=True),
        model=MLP(size.widths, activation="relu"),
        loss=CrossEntropy(),
        rule=GradientDescent(RATE),
        steps=size.steps,
        batch=first,
    )
    # every protocol's length is a multiple of an epoch's updates with all examples, so each ends with a reading
    every = size.epochs
    plain = (Loss(every), Sharpness(every), Accuracy(every))
    probes = (*plain, Instruments(("adaptive_worst_case",), every))
    sweep, lengths = {"batch": size.batches}, tuple(size.epochs * full // batch for batch in size.batches)
    rates = tuple(SMALLEST_RATE * batch / first for batch in size.batches)
    arms = (
        Arm(
            EPOCHS, recipe, probes, sweep, along={"steps": lengths},
            says="one rate and as many epochs, so that small batches make more steps",
        ),
        Arm(
            SCALED, recipe, probes, sweep, along={"steps": lengths, "lr": rates}, role="control",
            says="as many epochs, with the rate in proportion to the batch",
        ),
        Arm(
            STEPS, recipe, (*plain, Instruments(("adaptive_worst_case",), size.steps)), sweep, role="control",
            says="one rate and as many steps",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="batch_size",
        title="Batch size and sharpness",
        question="Do large batches end in sharper minima that generalise worse, and is it the batch that does it?",
        summary=(
            "Large batches were found to end sharper, and with a larger gap between training and test, than small ones "
            "after as many epochs. But at one rate small batches make more steps in as many epochs. Here the trend is "
            "measured with epochs matched, with steps matched, and with the rate in proportion to the batch: what is "
            "left of it then is due to the batch."
        ),
        arms=arms,
        claims=claims(full),
        panels=panels(),
        sources=(
            KESKAR_PAPER,
            ("Hoffer, Hubara, Soudry 2017: Train longer, generalize better: closing the generalization gap in large "
             "batch training of neural networks", "https://arxiv.org/abs/1705.08741"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
