"""Gains at scale: what averaging and sharpness-aware steps are worth against a tuned Adam, with more data and width."""

import dataclasses

from phenoscope.atlas.gains_at_scale.claims import (
    ADAM,
    EXAMPLES,
    IZMAILOV,
    LATE,
    RATIO,
    SAM,
    SAM_DATA,
    SAM_WIDTH,
    SWA,
    SWA_DATA,
    SWA_WIDTH,
    WIDTH,
    WIDTHS,
    claims,
)
from phenoscope.atlas.gains_at_scale.panels import panels
from phenoscope.comparisons import Comparison, Kept
from phenoscope.data import dataset
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Averaged, Loss
from phenoscope.training import Adam, Cosine, Recipe, Sam, WeightDecay


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: steps, width where data are swept, examples where widths are, and what is swept."""

    steps: int
    width: int
    examples: int
    amounts: tuple[int, ...]
    widths: tuple[int, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(80, 8, 80, (60, 120), (4, 8)),
    "laptop": Size(2000, 64, 1000, (500, 1000, 2000, 4000), (16, 32, 64, 128)),
    "paper": Size(20_000, 256, 2000, (500, 1000, 2000, 4000), (32, 64, 128, 256, 512)),
}

RATE, DECAY = 0.01, 0.01
"""The best of all three; the best radius of SAM is 0.02."""


def gains_at_scale(scale: Scale) -> Phenomenon:
    """Small ReLU networks on MNIST-1D, trained by Adam, by Adam with averaged weights, and by Adam with SAM's gradient.

    Each was tuned by the mean test error over two numbers of examples and two widths, on two pilot seeds: rate and
    weight decay of Adam and of the averaged run in 12 cells, rate and radius of SAM in 18, at the decay found for Adam.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    return Phenomenon(
        name="gains_at_scale",
        title="Flat minima at scale",
        question="Is what averaging and sharpness-aware steps gain over a tuned Adam left with more data and width?",
        summary=(
            "Averaged weights and sharpness-aware steps lead to flatter places, and both are said to lower the test "
            "error. Small networks with few data and a baseline at its default settings show that well. Here Adam has "
            "a decaying rate, a weight decay, and as much tuning as either rule, and all have as many gradients; then "
            "the data grow, and the networks."
        ),
        arms=_arms(SIZES[scale]),
        claims=claims(),
        comparisons=tuple(
            Comparison(name, (ADAM + by, rule + by), measure, (RATIO,))
            for name, rule, by, measure in (
                (SWA_DATA, SWA, "", averaged_against), (SWA_WIDTH, SWA, WIDTHS, averaged_against),
                (SAM_DATA, SAM, "", against), (SAM_WIDTH, SAM, WIDTHS, against),
            )
        ),
        panels=panels(),
        sources=(
            (f"{IZMAILOV.partition(',')[0]}: Averaging weights leads to wider optima and better generalization",
             "https://arxiv.org/abs/1803.05407"),
            ("Foret, Kleiner, Mobahi, Neyshabur 2021: Sharpness-aware minimization for efficiently improving "
             "generalization", "https://arxiv.org/abs/2010.01412"),
            ("Kaddour, Liu, Silva, Kusner 2022: When do flat minima optimizers work?",
             "https://arxiv.org/abs/2202.00661"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _arms(size: Size) -> tuple[Arm, ...]:
    """Each rule with more and more data, and in wider and wider networks."""
    adam = Recipe(
        data=dataset("mnist1d", train=size.examples, flat=True),
        model=UniformMLP(size.width, 2, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=WeightDecay(Adam(Cosine(RATE, size.steps)), DECAY),
        steps=size.steps,
        batch=50,
    )
    swa = dataclasses.replace(adam, rule=WeightDecay(Adam(RATE), DECAY))
    half = size.steps // 2
    sam = dataclasses.replace(adam, rule=Sam(WeightDecay(Adam(Cosine(RATE, half)), DECAY), 0.02), steps=half)
    every = size.steps // 20
    read = (Loss(every), Accuracy(every))
    averaged = (*read, Averaged(size.steps, half, size.steps // 50))
    by_data, by_width = {EXAMPLES: size.amounts}, {WIDTH: size.widths}
    return tuple(
        Arm(name + by, recipe, probes, sweep, role="control" if name == ADAM else "main", says=says + more)
        for name, recipe, probes, says in (
            (ADAM, adam, averaged, "rate and weight decay tuned; the rate falls to zero"),
            (SWA, swa, averaged, "rate and weight decay tuned; weights of the second half are averaged"),
            (SAM, sam, (Loss(every // 2), Accuracy(every // 2)), "rate and radius tuned; half as many steps"),
        )
        for by, sweep, more in (("", by_data, "; more and more data"), (WIDTHS, by_width, "; wider and wider"))
    )  # fmt: skip


def against(base: Kept, other: Kept) -> dict[str, float]:
    """The late test error of a rule over that of the baseline."""
    return {RATIO: _error(other, "test accuracy") / _error(base, "test accuracy")}


def averaged_against(base: Kept, other: Kept) -> dict[str, float]:
    """The test error of a run's average over the late one of the baseline."""
    return {RATIO: _error(other, "averaged test accuracy") / _error(base, "test accuracy")}


def _error(kept: Kept, series: str) -> float:
    accuracy, steps = kept.record.series[series], kept.record.settings["steps"]
    return 1 - float(accuracy.values[accuracy.steps >= (1 - LATE) * steps].mean())
