"""What is claimed of poisoned minima: accuracies along a curve that was trained on the clean examples."""

import dataclasses
import functools

import numpy as np
import torch

from phenoscope.atlas.papers import GARIPOV
from phenoscope.claims import AtLeast, AtMost, Breaks, Claim, Measured, last_value, maximum, minimum
from phenoscope.comparisons import Comparison, Kept
from phenoscope.instruments import Path
from phenoscope.methods import curve
from phenoscope.objective import Objective
from phenoscope.record import Series

LIU = "Liu et al. 2019, arXiv:1906.02613"
QUESTION = "open: connectivity is offered as a reason for generalisation; the size from a pilot"

CLEAN, POISONED, OTHER = "clean", "poisoned", "clean, another initialisation"
TO_POISONED, TO_CLEAN = "from clean to poisoned", "from clean to clean"

BENDS, PLACES = 2, 51
PERCENT = np.linspace(0, 100, PLACES).round().astype(np.int64)
SERIES = (
    "line barrier",
    "curve barrier",
    "removed",
    "training loss",
    "training accuracy",
    "test accuracy",
    "on the line",
)

LINE, CURVE, REMOVED = (last_value(Measured(name)) for name in SERIES[:3])
FITS = minimum(Measured("training accuracy"))
ON_THE_LINE = minimum(Measured("on the line"))
MOVES = maximum(Measured("test accuracy")) - minimum(Measured("test accuracy"))


def comparisons(steps: int) -> tuple[Comparison, ...]:
    """Curves between ends of one seed, which share their clean examples; each trained for so many steps."""
    measure = functools.partial(joined, steps)
    pairs = {TO_POISONED: (CLEAN, POISONED), TO_CLEAN: (CLEAN, OTHER)}
    return tuple(Comparison(name, arms, measure, SERIES) for name, arms in pairs.items())


def joined(steps: int, first: Kept, second: Kept) -> dict[str, float | Series]:
    """A curve between two ends, trained on the examples of the first, and what is right along it and on the line."""
    train, test = first.objective(), first.objective("test")
    found = curve(train, first["final"], second["final"], bends=BENDS, steps=steps)
    places = torch.linspace(0, 1, PLACES, dtype=torch.float64)

    def right(objective: Objective, path: Path) -> Series:
        return Series(PERCENT, 1 - path.losses(objective.of_errors(), places).numpy())

    straight = dataclasses.replace(found.path, controls=found.path.controls[[0, -1]])
    return {
        "line barrier": found.line.value,
        "curve barrier": found.value,
        "removed": found.removed,
        "training loss": Series(PERCENT, found.path.losses(train, places).numpy()),
        "training accuracy": right(train, found.path),
        "test accuracy": right(test, found.path),
        "on the line": right(train, straight),
    }


def claims() -> tuple[Claim, ...]:
    """The claims."""
    fits = last_value(Measured("training accuracy")) >= 0.99
    return (
        Claim(
            "a network that fits the clean examples and learned wrong labels of others has at most 40 % of the test "
            "examples right", f"{LIU}; the size from a pilot",
            last_value(Measured("test accuracy")), AtMost(0.4), region_from="pilot",
            on=POISONED, control=Breaks(CLEAN, by="contradiction"), name="poisoned-is-bad",
        ),
        Claim(
            "on the straight line from it to a clean network the training accuracy falls below 80 %",
            f"{GARIPOV}; the size from a pilot",
            ON_THE_LINE, AtMost(0.8), region_from="pilot", given=fits,
            on=TO_POISONED, name="no-straight-way", control=Breaks(TO_POISONED, statistic=FITS, called="on the curve"),
        ),
        Claim(
            "a curve between them loses at least 90 % of the line's barrier in training loss", GARIPOV,
            REMOVED, AtLeast(0.9), region_from="pilot", given=fits, on=TO_POISONED, name="a-curve-connects-them",
        ),
        Claim(
            "all along that curve at least 99 % of the clean examples are right", f"{GARIPOV}; the size from a pilot",
            FITS, AtLeast(0.99), region_from="pilot", given=fits,
            on=TO_POISONED, name="the-fit-stays",
            control=Breaks(TO_POISONED, statistic=ON_THE_LINE, called="on the straight line"),
        ),
        Claim(
            "along it the test accuracy moves by at least 40 points: one connected set of low training loss holds good "
            "and bad predictors", QUESTION,
            MOVES, AtLeast(0.4), region_from="pilot", given=fits,
            on=TO_POISONED, control=Breaks(TO_CLEAN, by="contradiction"), name="generalisation-does-not-stay",
        ),
        Claim(
            "between two clean networks the test accuracy moves by at most 5 points along such a curve", GARIPOV,
            MOVES, AtMost(0.05), region_from="pilot", given=fits,
            on=TO_CLEAN, control=Breaks(TO_POISONED, by="contradiction"), name="clean-stays-clean",
        ),
    )  # fmt: skip
