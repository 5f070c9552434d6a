"""Training with sharpness-aware minimisation: what it lowers, where it helps, and what is left at equal cost."""

import dataclasses

from phenoscope.atlas.sam_training.claims import (
    BY_CHANCE,
    EQUAL_COST,
    EQUAL_STEPS,
    FLATTER,
    GAIN,
    JITTERED,
    RADII,
    RATIO,
    SAM,
    SGD,
    TUNED_SAM,
    TUNED_SGD,
    claims,
)
from phenoscope.atlas.sam_training.panels import panels
from phenoscope.comparisons import Comparison, Kept
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Loss, Sharpness
from phenoscope.training import GradientDescent, Jittered, Recipe, Sam, WeightDecay

LATE = 0.8
"""From this part of training on the test errors are averaged."""


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is; `steps` are those of SAM, each of two gradients."""

    width: int
    examples: int
    steps: int
    sizes: tuple[int, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(16, 80, 60, (60, 120)),
    "laptop": Size(100, 500, 600, (250, 500, 1000)),
    "paper": Size(400, 500, 3000, (250, 500, 1000)),
}


def sam_training(scale: Scale) -> Phenomenon:
    """Small ReLU networks on digits in mini-batches, with labels that are partly wrong.

    The baseline at equal cost has twice the steps, and a rate and a weight decay that were tuned as SAM's rate and
    radius were: the best of 20 cells by the mean test error over the three numbers of examples, on two pilot seeds.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    read = (GAIN, RATIO, FLATTER)
    return Phenomenon(
        name="sam_training",
        title="Sharpness-aware training",
        question="What does sharpness-aware minimisation lower, where does it help, and is it worth a second gradient?",
        summary=(
            "Sharpness-aware minimisation takes each gradient a step uphill, where the loss is worse. It ends in "
            "flatter places, and is said to generalise better, above all where labels are wrong. It also costs twice "
            "the gradients and has one more number to tune: so it is judged at equal steps, against a step as far in "
            "a random direction, and at equal cost against a baseline tuned as widely, with more and less data."
        ),
        arms=_arms(SIZES[scale]),
        claims=claims(),
        comparisons=(
            Comparison(EQUAL_STEPS, (SGD, SAM), against, read),
            Comparison(BY_CHANCE, (SGD, JITTERED), against, read),
            Comparison(EQUAL_COST, (TUNED_SGD, TUNED_SAM), against, read),
        ),
        panels=panels(),
        sources=(
            ("Foret, Kleiner, Mobahi, Neyshabur 2021: Sharpness-aware minimization for efficiently improving "
             "generalization", "https://arxiv.org/abs/2010.01412"),
            ("Andriushchenko and Flammarion 2022: Towards understanding sharpness-aware minimization",
             "https://arxiv.org/abs/2206.06232"),
            ("Chen, Hsieh, Gong 2022: When vision transformers outperform ResNets without pre-training or strong data "
             "augmentations", "https://arxiv.org/abs/2106.01548"),
            ("Kaddour, Liu, Silva, Kusner 2022: When do flat minima optimizers work?",
             "https://arxiv.org/abs/2202.00661"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _arms(size: Size) -> tuple[Arm, ...]:
    """What is trained, and the controls."""
    sgd = Recipe(
        data=dataset("digits", train=size.examples, test=700, flat=True, label_noise=0.2),
        model=MLP((size.width,), activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=GradientDescent(0.1),
        steps=size.steps,
        batch=50,
    )
    sam = dataclasses.replace(sgd, rule=Sam(sgd.rule, 0.5))
    tuned_sam = dataclasses.replace(sgd, rule=Sam(GradientDescent(0.05), 0.5))
    tuned_sgd = dataclasses.replace(sgd, rule=WeightDecay(GradientDescent(0.05), 0.03), steps=2 * size.steps)
    noise, amount = {"data.label_noise": (0.0, 0.2, 0.4)}, {"data.train": size.sizes}
    return (
        Arm(SGD, sgd, _probes(sgd), noise, says="the base rule; none, a fifth or two fifths of the labels are wrong"),
        Arm(SAM, sam, _probes(sam), noise, says="the same rate and steps; each gradient taken 0.5 uphill"),
        Arm(
            JITTERED, dataclasses.replace(sgd, rule=Jittered(sgd.rule, 0.5)), _probes(sgd), noise, role="control",
            says="the same rate and steps; each gradient taken 0.5 away in a random direction",
        ),
        Arm(RADII, sam, _probes(sam), {"radius": (0.05, 0.1, 0.2, 0.5)}, says="other radii, a fifth wrong"),
        Arm(
            TUNED_SGD, tuned_sgd, _probes(tuned_sgd), amount, role="control",
            says="twice the steps, so as many gradients, with a rate and a weight decay tuned on pilot seeds",
        ),
        Arm(TUNED_SAM, tuned_sam, _probes(tuned_sam), amount, says="rate and radius tuned on the same seeds as widely"),
    )  # fmt: skip


def against(base: Kept, other: Kept) -> dict[str, float]:
    """What another rule has over the base rule: test error removed, ratio of the errors, ratio of final sharpness."""
    errors, sharpness = [], []
    for kept in (base, other):
        accuracy, steps = kept.record.series["test accuracy"], kept.record.steps
        errors.append(1 - float(accuracy.values[accuracy.steps > LATE * steps].mean()))
        sharpness.append(float(kept.record.series["sharpness"].values[-1]))
    return {GAIN: errors[0] - errors[1], RATIO: errors[1] / errors[0], FLATTER: sharpness[0] / sharpness[1]}


def _probes(recipe: Recipe) -> tuple[object, ...]:
    """Twenty readings of loss and accuracy; the sharpness at the start and at the end."""
    every = recipe.steps // 20
    return Loss(every), Accuracy(every), Sharpness(recipe.steps)
