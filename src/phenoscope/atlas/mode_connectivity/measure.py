"""The ways from one solution to another, and what the losses do along them."""

import copy
import dataclasses
import functools

import numpy as np
import torch
from torch import Generator, Tensor, nn

from phenoscope.atlas.mode_connectivity.claims import (
    BAND,
    CHAIN,
    CURVE,
    ERROR,
    HEIGHT,
    LENGTH,
    LINE,
    OTHER,
    PROFILE,
    REMOVED,
    SHUFFLED,
    SOLUTION,
    STAYED,
    TEST_ERROR,
)
from phenoscope.comparisons import Comparison, Kept
from phenoscope.core.points import write
from phenoscope.core.seeds import stream
from phenoscope.instruments import Path, barrier, path_barrier, symmetries
from phenoscope.methods import curve, elastic_band
from phenoscope.objective import Objective
from phenoscope.record import Series

SERIES = (HEIGHT, REMOVED, ERROR, TEST_ERROR, LENGTH, PROFILE)
RATE, BATCH = 0.03, 100
"""Of the training of curves."""


@dataclasses.dataclass(frozen=True)
class Ways:
    """What leads from the first network's point to the second's.

    Attributes:
        steps: of the training of each curve.
    """

    steps: int

    def comparisons(self) -> tuple[Comparison, ...]:
        """One a way, all between the same pairs."""
        return tuple(
            Comparison(name, (SOLUTION, OTHER), functools.partial(self.measured, name), SERIES)
            for name in (LINE, CURVE, CHAIN, BAND, STAYED, SHUFFLED)
        )

    def measured(self, way: str, one: Kept, other: Kept) -> dict[str, float | Series]:
        """The readings of one way between two networks that were trained on the same examples."""
        objective, generator = one.objective(), stream(int(one.record.settings["seed"]), "way")
        start, end = one["final"], other["final"]
        if way == SHUFFLED:
            end = shuffled(objective, start, generator)
        path = self.path(way, objective, start, end, generator)
        found, line = path_barrier(objective, path, errors=True), barrier(objective, start, end)
        tested = path_barrier(one.objective("test"), path, errors=True)
        percents = torch.arange(101)
        return {
            HEIGHT: found.value,
            REMOVED: 1 - found.value / line.value,
            ERROR: found.error_value,
            TEST_ERROR: tested.error_value,
            LENGTH: path.length / path.distance,
            PROFILE: Series(percents.numpy(), path.losses(objective, percents / 100).numpy().astype(np.float64)),
        }

    def path(self, way: str, objective: Objective, start: Tensor, end: Tensor, generator: Generator) -> Path:
        """The way itself."""
        trained = {"batch": BATCH, "rate": RATE, "generator": generator}
        if way == BAND:
            steps = max(1, self.steps // 2)
            return elastic_band(objective, start, end, steps=steps, **trained).path
        if way in (CURVE, CHAIN):
            kind = "bezier" if way == CURVE else "polygon"
            return curve(objective, start, end, kind=kind, steps=self.steps, **trained).path
        if way == STAYED:
            return curve(objective, start, end, steps=0).path
        return Path(torch.stack([start, end]))


def shuffled(objective: Objective, at: Tensor, generator: Generator) -> Tensor:
    """The point of the same function with the units of every hidden layer in a random order."""
    found, _ = symmetries(objective, generator=generator)
    permutation = next(each for each in found if each.name == "permutation")
    return permutation.of(objective.of(model_at(objective, at))).point


def model_at(objective: Objective, at: Tensor) -> nn.Module:
    """A copy of the objective's model at a point."""
    model = copy.deepcopy(objective.model)
    write(at, model)
    return model
