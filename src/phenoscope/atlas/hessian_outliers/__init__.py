"""Bulk and outliers of the Hessian: how many curvatures stand out, and what their number follows."""

import dataclasses

from phenoscope.atlas.hessian_outliers.claims import (
    CENTRED,
    CLUSTERS,
    CROSS_ENTROPY,
    DIGITS,
    MIXED,
    NARROW,
    PAPYAN,
    RAW,
    SAGUN,
    SHUFFLED,
    TWO,
    UNTRAINED,
    WIDE,
    claims,
)
from phenoscope.atlas.hessian_outliers.panels import panels
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy, SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Loss, Outliers
from phenoscope.training import GradientDescent, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths on digits and on clusters, and updates."""

    examples: int
    width: int
    narrow: int
    steps: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, 8, 4, 60),
    "laptop": Size(500, 32, 16, 600),
    "paper": Size(1500, 128, 64, 6000),
}


def hessian_outliers(scale: Scale) -> Phenomenon:
    """The Hessian's spectrum of small tanh networks with squared error, trained with full batches.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    return Phenomenon(
        name="hessian_outliers",
        title="Bulk and outliers",
        question="Does the number of large curvatures follow the classes, and only the bulk of small ones the width?",
        summary=(
            "Most eigenvalues of a trained classifier's Hessian lie in a bulk near zero, and a few stand out. They are "
            "said to be as many as classes, whatever the width. Here they are counted above the widest gap, and the "
            "controls ask whether labels and training have anything to do with them: a network's outputs, times the "
            "few directions in which its features are large, give such a gap before the first step."
        ),
        arms=_arms(SIZES[scale]),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{SAGUN}: Empirical analysis of the Hessian of over-parametrized neural networks",
             "https://arxiv.org/abs/1706.04454"),
            (f"{PAPYAN}: Measurements of three-level hierarchical structure in the outliers in the spectrum of deepnet "
             "Hessians", "https://arxiv.org/abs/1901.08244"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _arms(size: Size) -> tuple[Arm, ...]:
    """What is trained, and the controls."""
    digits = Recipe(
        data=dataset("digits", train=size.examples, flat=True, classes=10),
        model=MLP((size.width,), init_scale=0.3),
        loss=SquaredError(),
        rule=GradientDescent(0.05),
        steps=size.steps,
    )
    count = 3 * size.examples // 5
    blobs = dataset("gaussian_clusters", classes=6, dimensions=30, separation=4.0, examples=2 * count, train=count)
    clusters = dataclasses.replace(
        digits, data=blobs, model=MLP((size.narrow,), init_scale=0.3), rule=GradientDescent(0.1)
    )
    mixed = dataclasses.replace(clusters, data=dataclasses.replace(blobs, label_noise=5 / 6))
    shuffled = dataclasses.replace(digits, data=dataclasses.replace(digits.data, label_noise=0.9))
    centred = dataclasses.replace(digits, data=dataclasses.replace(digits.data, scaling="entrywise"))
    two = dataclasses.replace(digits, data=dataclasses.replace(digits.data, classes=2, train=size.examples // 5))
    still = {"rule": GradientDescent(1e-6), "steps": 1}
    probes = (Loss(), Outliers(size.steps // 2), Accuracy(size.steps // 2))
    first = (Loss(), Outliers(1), Accuracy(1))
    return (
        Arm(DIGITS, digits, probes, {"data.classes": (4, 6, 10)}, says="real data: the first 4, 6 or all 10 digits"),
        Arm(WIDE, digits, probes, says="of these the networks on all ten, by themselves"),
        Arm(
            CLUSTERS, clusters, probes,
            says="six Gaussian clusters in 30 dimensions, whose means lie at right angles to each other",
        ),
        Arm(SHUFFLED, shuffled, probes, role="control", says="all digits with labels drawn at random"),
        Arm(
            UNTRAINED, dataclasses.replace(digits, **still), first, role="control",
            says="all digits, after one step of rate 10⁻⁶",
        ),
        Arm(CENTRED, centred, probes, role="control", says="all digits, the mean of each pixel taken out"),
        Arm(MIXED, mixed, probes, role="control", says="the clusters with labels drawn at random"),
        Arm(
            RAW, dataclasses.replace(clusters, **still), first, role="control",
            says="the clusters, after one step of rate 10⁻⁶",
        ),
        Arm(
            NARROW, dataclasses.replace(digits, model=MLP((size.narrow,), init_scale=0.3)), probes, role="control",
            says="all digits at half the width",
        ),
        Arm(TWO, two, probes, says="only zeros and ones"),
        Arm(
            CROSS_ENTROPY, dataclasses.replace(digits, loss=CrossEntropy(), rule=GradientDescent(0.3)), probes,
            says="all digits with the loss of the sources",
        ),
    )  # fmt: skip
