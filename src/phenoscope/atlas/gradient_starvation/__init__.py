"""Gradient starvation: a strong feature leaves a weak one that the same examples have nothing to learn from."""

import dataclasses

from phenoscope.atlas.gradient_starvation.claims import (
    DECAY,
    DIGITS,
    DIGITS_APART,
    DIGITS_PENALTY,
    LINEAR_APART,
    LINEAR_PENALTY,
    LINEAR_SQUARED,
    PEZESHKI,
    claims,
)
from phenoscope.atlas.gradient_starvation.panels import panels
from phenoscope.atlas.size import Size
from phenoscope.data import Dataset, TwoDigits
from phenoscope.methods import CoupledFeatures
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy, PenalisedCrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, BlockReliance, Loss
from phenoscope.training import GradientDescent, Recipe, WeightDecay

SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 40, 20),
    "laptop": Size(600, (64,), 600, 150),
    "paper": Size(1198, (512, 512), 20_000, 1000),
}
DESCENT: dict[Scale, int] = {"smoke": 500, "laptop": 10_000, "paper": 100_000}
STRENGTHS = (0.5, 1.0, 2.0, 4.0)
ONE_SCAN, RATE, SMALL, PENALTY = 64, 0.1, 0.001, 0.05


def gradient_starvation(scale: Scale, *, penalty: float = PENALTY) -> Phenomenon:
    """A linear model of two features, and small ReLU networks on two digits, with the first feature ever stronger.

    Args:
        scale: "smoke", "laptop" or "paper".
        penalty: on the networks' outputs, where it stands in place of weight decay.
    """
    size = SIZES[scale]
    linear = CoupledFeatures(steps=DESCENT[scale])
    blocks = Dataset(TwoDigits(blank=True), train=size.examples, scaling="none")
    apart = dataclasses.replace(blocks, source=TwoDigits(blank=True, apart=True))
    network = Recipe(
        data=blocks,
        model=MLP(size.widths, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=WeightDecay(GradientDescent(RATE), SMALL),
        steps=size.steps,
        batch=50,
    )
    penalised = dataclasses.replace(network, loss=PenalisedCrossEntropy(penalty), rule=GradientDescent(RATE))
    of_features, of_digits = {"strength": STRENGTHS}, {"data.source.strength": STRENGTHS}
    probes = (Loss(size.every), Accuracy(size.every), BlockReliance(size.every, ONE_SCAN, shuffles=2))
    arms = (
        Arm(DECAY, linear, sweep=of_features,
            says="a linear model of two features that every example has, cross-entropy with weight decay"),
        Arm(LINEAR_PENALTY, dataclasses.replace(linear, cost="logit penalty"), sweep=of_features, role="control",
            says="the same with a penalty on the answers in place of the weights"),
        Arm(LINEAR_APART, dataclasses.replace(linear, together=False), sweep=of_features, role="control",
            says="weight decay, but each example has one of the two features only"),
        Arm(LINEAR_SQUARED, dataclasses.replace(linear, cost="squared error"), sweep=of_features, role="control",
            says="both features, the squared error with weight decay"),
        Arm(DIGITS, network, probes, of_digits,
            says="a network on two scans that each tell the class; the entries of the first one grow; tested on the "
            "second one alone"),
        Arm(DIGITS_PENALTY, penalised, probes, of_digits,
            says="the same with a penalty on the outputs in place of the weights"),
        Arm(DIGITS_APART, dataclasses.replace(network, data=apart), probes, of_digits, role="control",
            says="weight decay, but each training example has one of the two scans only"),
    )  # fmt: skip
    return Phenomenon(
        name="gradient_starvation",
        title="Gradient starvation",
        question="Does a strong feature keep a weak one from being learned where the same examples have both?",
        summary=(
            "With cross-entropy an example gives a gradient only while it is not fitted. A strong feature fits it "
            "soon, and then a weaker one that the same examples have finds nothing left to learn from. For a linear "
            "model the dual says how much of the weak feature is left; a penalty on the outputs, which does not see "
            "how long features are, should take the starvation away. Both are tried on a linear model and on images."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=((f"{PEZESHKI}: Gradient starvation: a learning proclivity in neural networks",
                  "https://arxiv.org/abs/2011.09468"),),
        scale=scale,
        options={"penalty": penalty},
        pilot_seeds=PILOTS,
    )  # fmt: skip
