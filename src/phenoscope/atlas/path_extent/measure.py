"""How far the ways from one solution to another go at low loss, beside the reach of the first one's Hessian."""

import copy
import functools
from collections.abc import Callable

import numpy as np
import torch

from phenoscope.atlas.path_extent.claims import (
    CURVE,
    EXTENT,
    LOSS,
    RANDOM,
    RISE,
    SHARE,
    SMALL_SHARE,
    TOP,
    TOP_SHARE,
)
from phenoscope.comparisons import Kept
from phenoscope.core.points import write
from phenoscope.core.seeds import stream
from phenoscope.instruments import Path, Reach, reach, sharpness
from phenoscope.methods import curve
from phenoscope.objective import Objective

LEVEL = 0.1
SMALL = 0.01
"""The small rise, as a share of the loss at the solution."""
DIRECTIONS = 8
PLACES = 1001
SERIES = (RISE, EXTENT, TOP, RANDOM, LOSS, TOP_SHARE, SHARE, SMALL_SHARE)


def measured(way: str, steps: int) -> Callable[[Kept, Kept], dict[str, float]]:
    """The measure of one way."""
    return functools.partial(_measure, way, steps)


def _measure(way: str, steps: int, one: Kept, other: Kept) -> dict[str, float]:
    """Means over directions are those of logarithms."""
    generator = stream(int(one.record.settings["seed"]), "way")
    objective = _placed(one.objective(), one["final"])
    start, end = one["final"], other["final"]
    path = Path(torch.stack([start, end]))
    if way == CURVE:
        path = curve(objective, start, end, steps=steps, batch=100, rate=0.03, generator=generator).path
    rise, extent = _extent(objective, path)
    hessian, loss = objective.hessian(), float(objective.loss())
    first = sharpness(hessian, generator=generator).vector
    top = [reach(objective, sign * first, LEVEL, hessian=hessian) for sign in (1, -1)]
    drawn = torch.randn(DIRECTIONS, len(start), generator=generator)
    wide, small = (
        [reach(objective, each, level, hessian=hessian) for each in drawn] for level in (LEVEL, SMALL * loss)
    )
    return {
        RISE: rise,
        EXTENT: extent,
        TOP: extent / _mean(top, lambda found: found.quadratic),
        RANDOM: extent / _mean(wide, lambda found: found.quadratic),
        LOSS: extent / _mean(wide, lambda found: found.value),
        TOP_SHARE: _mean(top, lambda found: found.share),
        SHARE: _mean(wide, lambda found: found.share),
        SMALL_SHARE: _mean(small, lambda found: found.share),
    }


def _extent(objective: Objective, path: Path) -> tuple[float, float]:
    """The largest rise along a path, and its length up to where the loss has first risen to the level."""
    t = torch.linspace(0, 1, PLACES, dtype=torch.float64)
    losses = path.losses(objective, t)
    lengths = path.points(t).double().diff(dim=0).norm(dim=1).cumsum(dim=0)
    above = torch.nonzero(losses > losses[0] + LEVEL)
    last = int(above[0, 0]) if len(above) else len(t) - 1
    return float(losses.max() - losses[0]), float(lengths[last - 1])


def _mean(found: list[Reach], part: Callable[[Reach], float]) -> float:
    return float(np.exp(np.mean(np.log([part(each) for each in found]))))


def _placed(objective: Objective, at: torch.Tensor) -> Objective:
    model = copy.deepcopy(objective.model)
    write(at, model)
    return objective.of(model)
