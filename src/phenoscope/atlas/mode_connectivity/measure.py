"""The ways from one solution to another, and what the losses do along them."""

import copy
import dataclasses
import functools

import numpy as np
import torch
from torch import Generator, Tensor, nn

from phenoscope.atlas.mode_connectivity.claims import (
    ALIGNED,
    BACK,
    BAND,
    CHAIN,
    CURVE,
    ERROR,
    HEIGHT,
    LENGTH,
    LINE,
    PLAIN_HEIGHT,
    PLAIN_WAY,
    PROFILE,
    REMOVED,
    REORDERED,
    SHUFFLED,
    STAYED,
    TEST_ERROR,
    WAY,
)
from phenoscope.atlas.pairs import OTHER, SOLUTION
from phenoscope.comparisons import Comparison, Kept
from phenoscope.core.points import write
from phenoscope.core.seeds import stream
from phenoscope.instruments import Path, barrier, path_barrier, symmetries
from phenoscope.methods import align, curve, elastic_band
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
        ways = (LINE, CURVE, CHAIN, BAND, STAYED, SHUFFLED, BACK, ALIGNED, REORDERED)
        series: dict[str, tuple[str, ...]] = dict.fromkeys(
            (ALIGNED, REORDERED), (*SERIES, WAY, PLAIN_HEIGHT, PLAIN_WAY)
        )
        return tuple(
            Comparison(way, (SOLUTION, OTHER), functools.partial(self.measured, way), series.get(way, SERIES))
            for way in ways
        )

    def measured(self, way: str, one: Kept, other: Kept) -> dict[str, float | Series]:
        """The readings of one way between two networks that were trained on the same examples."""
        objective, seed = one.objective(), int(one.record.settings["seed"])
        start = one["final"]
        end = self._end(way, objective, start, other["final"], stream(seed, "order"))
        path = self.path(way, objective, start, end, stream(seed, "way"))
        found, line = path_barrier(objective, path, errors=True), barrier(objective, start, end)
        percents = torch.arange(101)
        readings = {
            HEIGHT: found.value,
            REMOVED: round(1 - found.value / line.value, 6) if line.value else 0.0,  # the rest is rounding
            ERROR: found.error_value,
            TEST_ERROR: path_barrier(one.objective("test"), path, errors=True).error_value,
            LENGTH: path.length / path.distance if path.distance else 1.0,
            PROFILE: Series(percents.numpy(), path.losses(objective, percents / 100).numpy().astype(np.float64)),
        }
        if way not in (ALIGNED, REORDERED):
            return readings
        plain = self.path(CURVE, objective, start, other["final"], stream(seed, "way"))
        height = path_barrier(objective, plain).value
        return readings | {WAY: path.length, PLAIN_HEIGHT: height, PLAIN_WAY: plain.length}

    def path(self, way: str, objective: Objective, start: Tensor, end: Tensor, generator: Generator) -> Path:
        """The way itself."""
        trained = {"batch": BATCH, "rate": RATE, "generator": generator}
        if way == BAND:
            steps = max(1, self.steps // 2)
            return elastic_band(objective, start, end, steps=steps, **trained).path
        if way in (CURVE, CHAIN, ALIGNED, REORDERED):
            kind = "polygon" if way == CHAIN else "bezier"
            return curve(objective, start, end, kind=kind, steps=self.steps, **trained).path
        if way == STAYED:
            return curve(objective, start, end, steps=0).path
        return Path(torch.stack([start, end]))

    def _end(self, way: str, objective: Objective, start: Tensor, end: Tensor, generator: Generator) -> Tensor:
        """Where the way leads: to the other network, to one that computes the same, or to a copy of the first."""
        if way == SHUFFLED:
            return shuffled(objective, start, generator)
        if way == BACK:
            return aligned(objective, shuffled(objective, start, generator), start)
        if way == ALIGNED:
            return aligned(objective, end, start)
        return shuffled(objective, end, generator) if way == REORDERED else end


def aligned(objective: Objective, at: Tensor, reference: Tensor) -> Tensor:
    """The point of the same function, its units in the order and scale that bring it next to the reference."""
    return align(model_at(objective, at), model_at(objective, reference)).point


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
