"""Finite or infinite: what networks of several widths make of digits, and what their limits make of them."""

import dataclasses

from phenoscope.atlas.finite_or_infinite.claims import (
    CENTRED,
    CENTRED_WIDTHS,
    FEATURES,
    FEATURES_WIDTHS,
    FINITE,
    LEE,
    NTK,
    NTK_WIDTHS,
    PROCESSES,
    STANDARD,
    claims,
)
from phenoscope.atlas.finite_or_infinite.panels import panels
from phenoscope.methods import FiniteWidth
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: digits to train on and to test on, updates, networks a replicate, widths."""

    examples: int
    tested: int
    steps: int
    networks: int
    widths: tuple[int, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(30, 60, 30, 2, (16, 32)),
    "laptop": Size(200, 500, 1000, 4, (32, 64, 128, 256)),
    "paper": Size(1000, 700, 20000, 8, (64, 256, 1024, 4096)),
}


def finite_or_infinite(scale: Scale, *, depth: int = 2) -> Phenomenon:
    """Networks of several widths and scalings, trained on digits beside the two processes of infinite width.

    Args:
        scale: "smoke", "laptop" or "paper".
        depth: hidden layers.
    """
    size = SIZES[scale]
    widest = FiniteWidth(
        steps=size.steps, width=size.widths[-1], depth=depth, examples=size.examples, tested=size.tested,
        networks=size.networks,
    )  # fmt: skip
    centred = dataclasses.replace(widest, start="centred")
    features = dataclasses.replace(widest, parametrisation="maximal update")
    sweep = {"width": size.widths}
    arms = (
        Arm(NTK, widest, says=f"{size.widths[-1]} ReLU units a layer, unit weights, divided by the root of the fan-in"),
        Arm(NTK_WIDTHS, widest, sweep=sweep, says="the same at several widths"),
        Arm(CENTRED, centred, role="control", says="the first, less its outputs at the start"),
        Arm(CENTRED_WIDTHS, centred, sweep=sweep, role="control", says="the same at several widths"),
        Arm(
            STANDARD, dataclasses.replace(widest, parametrisation="standard"),
            says="the functions of the first, with their scale in the weights",
        ),
        Arm(
            FEATURES, features, role="control",
            says="the maximal update parametrisation: a small readout, and features that move",
        ),
        Arm(FEATURES_WIDTHS, features, sweep=sweep, role="control", says="the same at several widths"),
    )  # fmt: skip
    return Phenomenon(
        name="finite_or_infinite",
        title="Finite or infinite width",
        question="Is an infinitely wide network better than a finite one, and does it know where it errs?",
        summary=(
            "Infinite width has two answers to a task, both in closed form: the posterior of the Gaussian process that "
            "networks are before training, and regression with the tangent kernel, where their training leads on "
            "average. Trained networks are laid beside these, after the same time. The mean answer is a good one; but "
            "a network is one draw, and in the kernel's scaling it keeps what it was at its start wherever the data do "
            "not say otherwise. Taken off, averaged out or scaled down, that start is no longer in the way."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{FINITE}: Finite versus infinite neural networks: an empirical study",
             "https://arxiv.org/abs/2007.15801"),
            (f"{PROCESSES}: Deep neural networks as Gaussian processes", "https://arxiv.org/abs/1711.00165"),
            (f"{LEE}: Wide neural networks of any depth evolve as linear models under gradient descent",
             "https://arxiv.org/abs/1902.06720"),
        ),
        scale=scale,
        options={"depth": depth},
        pilot_seeds=PILOTS,
    )  # fmt: skip
