"""The simplexes between two solutions, and the loss inside of them."""

import copy
import functools
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from phenoscope.atlas.connected_volumes.claims import (
    ALIGNED,
    APART,
    ERROR,
    FATNESS,
    FREE,
    INSIDE,
    LARGEST,
    MEAN,
    PLAIN,
    RANDOM,
    REORDERED,
    TRAINED,
    UNTRAINED,
)
from phenoscope.comparisons import Kept
from phenoscope.core.points import write
from phenoscope.core.seeds import stream
from phenoscope.instruments import permutation_structure, simplex
from phenoscope.methods import align, connecting_complex
from phenoscope.objective import Objective

SERIES = (MEAN, LARGEST, ERROR, APART, FATNESS, INSIDE, PLAIN)
CONNECTORS, PULL, BATCH = 3, 0.01, 100
"""How many points are trained, and how they are."""


def measured(kind: str, steps: int) -> Callable[[Kept, Kept], dict[str, float]]:
    """The measure of one kind of simplexes."""
    return functools.partial(_measure, kind, steps)


def _measure(kind: str, steps: int, one: Kept, other: Kept) -> dict[str, float]:
    objective, tested, seed = one.objective(), one.objective("test"), int(one.record.settings["seed"])
    ends = [one["final"], _ordered(kind, objective, other["final"], one["final"], stream(seed, "order"))]
    solutions = torch.stack(ends)
    joints = _joints(kind, objective, solutions, steps, stream(seed, "connectors"))
    found = [simplex(objective, torch.cat([end[None], joints]), generator=stream(seed, "inside")) for end in ends]
    wrong = [
        simplex(tested.of_errors(), torch.cat([end[None], joints]), generator=stream(seed, "inside")) for end in ends
    ]
    level = sum(float(each.vertices[0]) for each in found) / len(found)
    inside = sum(each.value for each in found) / len(found)
    plain = inside
    if kind in (ALIGNED, REORDERED):
        first = torch.stack([one["final"], other["final"]])
        kept = _joints(TRAINED, objective, first, steps, stream(seed, "connectors"))
        again = [simplex(objective, torch.cat([end[None], kept]), generator=stream(seed, "inside")) for end in first]
        plain = sum(each.value for each in again) / len(again)
    return {
        MEAN: inside - level,
        LARGEST: max(float(each.losses.max()) for each in found) - level,
        ERROR: sum(each.value - float(each.vertices[0]) for each in wrong) / len(wrong),
        APART: float(torch.pdist(joints.double()).mean() / torch.pdist(solutions.double()).mean()),
        FATNESS: sum(each.fatness for each in found) / len(found),
        INSIDE: inside,
        PLAIN: plain,
    }


def _joints(kind: str, objective: Objective, solutions: Tensor, steps: int, generator: Generator) -> Tensor:
    """The points that the simplexes share."""
    training = 0 if kind == UNTRAINED else steps
    made = connecting_complex(
        objective, solutions, connectors=CONNECTORS, steps=training, pull=0.0 if kind == FREE else PULL, batch=BATCH,
        draws=2, generator=generator,
    )  # fmt: skip
    if kind != RANDOM:
        return made.connectors
    middle = solutions.mean(dim=0)
    drawn = torch.randn(made.connectors.shape, generator=generator).to(solutions)
    lengths = (made.connectors - middle).norm(dim=1, keepdim=True)
    return middle + drawn * lengths / drawn.norm(dim=1, keepdim=True)


def _ordered(kind: str, objective: Objective, at: Tensor, reference: Tensor, generator: Generator) -> Tensor:
    """The second solution as it is, matched to the first one, or with its units in a random order."""
    if kind == ALIGNED:
        return align(_model(objective, at), _model(objective, reference)).point
    if kind != REORDERED:
        return at
    model = _model(objective, at)
    structure = permutation_structure(model)
    model.load_state_dict(structure.permuted(model.state_dict(), structure.random(generator)))
    return objective.of(model).point


def _model(objective: Objective, at: Tensor) -> nn.Module:
    model = copy.deepcopy(objective.model)
    write(at, model)
    return model
