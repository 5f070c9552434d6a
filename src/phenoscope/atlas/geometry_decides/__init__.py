"""The geometry of the steps decides which of all solutions is found."""

import dataclasses

from phenoscope.atlas.geometry_decides.claims import (
    ADAM,
    ADAM_PAPER,
    COORDINATE,
    EUCLIDEAN,
    GUNASEKAR,
    HYPERBOLIC,
    LARGER,
    NACSON,
    POWER,
    SIGN,
    STEEPEST,
    claims,
)
from phenoscope.atlas.geometry_decides.panels import panels
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import MirrorDescent, SeparableDescent
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples and doublings of the classifiers, those of the regressions."""

    examples: int
    doublings: int
    targets: int
    updates: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(16, 11, 6, 10), "laptop": Size(40, 16, 15, 13), "paper": Size(100, 20, 30, 19),
}  # fmt: skip


def geometry_decides(scale: Scale) -> Phenomenon:
    """Two digits told apart by linear models of all pixels, by steps and potentials of different geometry.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size, source = SIZES[scale], Sides(Digits(), plus=(3,), minus=(8,))
    many, few = (Dataset(source, train=count, scaling="centre", flat=True) for count in (size.examples, size.targets))
    classify = SeparableDescent(many, rate=16.0, steps=size.doublings)
    fit = MirrorDescent(few, steps=size.updates)
    arms = (
        *(
            Arm(name, dataclasses.replace(classify, rule=rule), says=says)
            for name, rule, says in (
                (COORDINATE, "coordinate", "the coordinate of the largest slope: steepest in l1"),
                (STEEPEST, "steepest", "the gradient: steepest in l2"),
                (SIGN, "sign", "the signs of the gradient: steepest in l-infinity"),
                (ADAM, "adam", "Adam with ε = 0 and a falling rate"),
            )
        ),
        *(
            Arm(name, dataclasses.replace(fit, mirror=mirror), says=says)
            for name, mirror, says in (
                (EUCLIDEAN, "euclidean", "½ ‖β‖², which is gradient descent"),
                (POWER, "power", "Σ |β|^1.5 / 1.5"),
                (HYPERBOLIC, "hyperbolic", "the potential of diagonal networks, near to an l1 norm"),
            )
        ),
        Arm(
            LARGER, dataclasses.replace(fit, mirror="power", growth=1.5), role="control",
            says="steps that grow faster and fail more often",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="geometry_decides",
        title="The geometry of the steps decides",
        question="Which of all solutions is found, and is it the rule that decides?",
        summary=(
            "Many linear models are right on the same examples, and a rule picks one of them without being asked. "
            "Steps that are steepest in a norm maximise the margin in that norm: coordinate descent that of the l1 "
            "norm, gradient descent that of the l2 norm, sign descent (and Adam, whose steps are nearly signs) that of "
            "the l-infinity norm. Mirror descent on a regression ends at the solution that its potential puts nearest "
            "to the start. Linear and convex programs, which know nothing of any rule, say beforehand where each goes."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{GUNASEKAR}: Characterizing implicit bias in terms of optimization geometry",
             "https://arxiv.org/abs/1802.08246"),
            (f"{NACSON}: Convergence of gradient descent on separable data", "https://arxiv.org/abs/1803.01905"),
            (f"{ADAM_PAPER}: The implicit bias of Adam on separable data", "https://arxiv.org/abs/2406.10650"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
