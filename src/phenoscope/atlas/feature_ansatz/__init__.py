"""The feature ansatz: do the weights of a layer come to look like the gradient's outer products, and when not?"""

import dataclasses

from phenoscope.atlas.feature_ansatz.claims import (
    BEAGLEHOLE,
    DIGITS,
    DIGITS_STANDARD,
    LINEARISED,
    RADHAKRISHNAN,
    SIZES_OF_START,
    SMALL,
    STANDARD,
    claims,
)
from phenoscope.atlas.feature_ansatz.panels import panels
from phenoscope.data import Dataset, SparseRegression, dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy, SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import FeatureAlignment, Loss
from phenoscope.training import GradientDescent, Recipe

STEPS: dict[Scale, tuple[int, int, int]] = {"smoke": (8, 60, 40), "laptop": (64, 300, 300), "paper": (512, 1000, 1000)}
"""Width of both hidden layers, examples, steps."""
STARTS = (0.1, 0.2, 0.4, 0.8)
"""Times the usual size of the weights."""


def feature_ansatz(scale: Scale) -> Phenomenon:
    """Perceptrons that start from small and from ordinary weights, on one direction out of twenty, and on digits.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    width, examples, steps = STEPS[scale]
    network = MLP((width, width), activation="tanh", init_scale=STARTS[0])
    small = Recipe(
        data=Dataset(SparseRegression(20, 3, 2 * examples), train=examples, test=examples, scaling="none"),
        model=network,
        loss=SquaredError(),
        rule=GradientDescent(0.1),
        steps=steps,
    )
    standard = dataclasses.replace(small, model=dataclasses.replace(network, init_scale=1.0))
    frozen = dataclasses.replace(standard, dynamics="linearised")
    digits = dataclasses.replace(
        small, data=dataset("digits", train=examples, flat=True), loss=CrossEntropy(), rule=GradientDescent(0.5)
    )
    usual = dataclasses.replace(digits, model=standard.model, rule=GradientDescent(0.1))
    every = max(1, steps // 15)
    probes = (Loss(every=every), FeatureAlignment(every=every))
    return Phenomenon(
        name="feature_ansatz",
        title="The feature ansatz",
        question="Do a layer's weights turn to where the outputs are sensitive, and does fitting need that?",
        summary=(
            "What a layer sees of its input is the matrix WᵀW; what the outputs react to is the mean outer product of "
            "their gradient with respect to that input. The ansatz says that training makes the one proportional to "
            "(a power of) the other. Networks that start from small weights have to move them, and end there; with "
            "ordinary weights the same network fits the same data with its weights nearly where they were, and the "
            "two matrices stay strangers. What the weights were changed by is aligned from the first steps on, in "
            "both."
        ),
        arms=(
            Arm(SMALL, small, probes, says="a tenth of the usual weights: they must grow along what is learned"),
            Arm(STANDARD, standard, probes, role="control", says="the usual weights: the data are fitted without that"),
            Arm(LINEARISED, frozen, probes, role="control", says="the usual weights, and features that cannot move"),
            Arm(
                SIZES_OF_START, small, probes, {"model.init_scale": STARTS}, role="control",
                says="weights of several sizes at the start",
            ),
            Arm(
                DIGITS, digits, probes, role="control",
                says="real data: a tenth of the usual weights, on digits with cross-entropy",
            ),
            Arm(DIGITS_STANDARD, usual, probes, role="control", says="the usual weights, on digits"),
        ),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{RADHAKRISHNAN}: Feature learning in neural networks and kernel machines that recursively learn "
             "features", "https://arxiv.org/abs/2212.13881"),
            (f"{BEAGLEHOLE}: Feature learning as alignment: a structural property of gradient descent in non-linear "
             "neural networks", "https://arxiv.org/abs/2402.05271"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
