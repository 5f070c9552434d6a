"""Early stopping: descent that is stopped is where an l2 penalty leads."""

import dataclasses

from phenoscope.atlas.early_stopping_path.claims import (
    ALI,
    CLASSIFIER,
    JI,
    MISMATCHED,
    OTHER_RATES,
    REGRESSION,
    claims,
)
from phenoscope.atlas.early_stopping_path.panels import panels
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import StoppedClassifier, StoppedRegression
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples and doublings of the regression, those of the classifier."""

    examples: int
    doublings: int
    separated: int
    updates: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(80, 20, 16, 10), "laptop": Size(100, 24, 40, 30), "paper": Size(150, 30, 100, 40),
}  # fmt: skip


def early_stopping_path(scale: Scale) -> Phenomenon:
    """Two digits told apart by linear models of all pixels: a regression on noisy targets, and a classifier.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size, source = SIZES[scale], Sides(Digits(), plus=(3,), minus=(8,))
    noisy = Dataset(source, train=size.examples, test=200, scaling="centre", flat=True)
    separated = Dataset(source, train=size.separated, scaling="centre", flat=True)
    regression, classifier = (
        StoppedRegression(noisy, steps=size.doublings),
        StoppedClassifier(separated, steps=size.updates),
    )
    arms = (
        Arm(REGRESSION, regression, says="noise as large as the targets; the penalty is 1/t"),
        Arm(
            MISMATCHED, dataclasses.replace(regression, factor=10.0), role="control",
            says="beside ridge with the penalty 10/t",
        ),
        Arm(CLASSIFIER, classifier, says="gradient flow on the logistic loss"),
        Arm(
            OTHER_RATES, dataclasses.replace(classifier, spread=1.0), role="control",
            says="each weight moves at a rate of its own, spread by a factor of e: another geometry",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="early_stopping_path",
        title="Early stopping",
        question="Is descent that is stopped early where a penalty on the weights would lead?",
        summary=(
            "Descent from zero makes weights longer and longer, so whoever stops it caps their length, as a penalty "
            "does. On a regression both shrink each principal component, by factors that are never far apart: stopped "
            "at the time t, descent risks at most 1.69 times as much as ridge with the penalty 1/t, whatever the data. "
            "On examples that can be separated lengths grow without end, and the direction follows that of the least "
            "loss at each length; that is so for the geometry of plain descent only."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{ALI}: A continuous-time view of early stopping for least squares", "https://arxiv.org/abs/1810.10082"),
            (f"{JI}: Gradient descent follows the regularization path for general losses",
             "https://arxiv.org/abs/2006.11226"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
