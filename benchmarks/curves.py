"""The losses along a trained curve, and the gradients of a step of its training, against loops over the points.

A barrier takes some 30 places of a line, a curve 200 of a path with one bend: a slice of the space of parameters with
one axis or two. A step of an elastic band takes the gradients of its pivots, together up to 500,000 parameters x
examples and one by one beyond, where the arithmetic dominates.

Measured on busy cores, one thread, times faster than the loop at 500, 5,000 and 50,000 parameters on 200 examples:
losses 12, 10 and 3.6; gradients 2.6, 1.0 and 1.0 (the last two are the loop).
"""

import functools
import itertools

import torch
from torch import Tensor, nn

from benchmarks.harness import Timing, interleaved, report
from phenoscope import Objective
from phenoscope.core.seeds import stream
from phenoscope.instruments import Path
from phenoscope.methods.curves import gradients

PLACES, PIVOTS = 200, 8
BASELINE = "a loop over the points"
MODELS: dict[str, tuple[int, tuple[int, ...], int]] = {
    "500 parameters": (20, (16,), 200),
    "5,000 parameters": (64, (66,), 200),
    "50,000 parameters": (64, (256, 128), 200),
}
"""Inputs, widths of the hidden layers, and examples; ten classes."""


def run() -> None:
    """Perceptrons with ReLU on random inputs, on one thread."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        cases = {name: _objective(*sizes) for name, sizes in MODELS.items()}
        report(f"{PLACES} losses along a Bezier curve", {name: _losses(made) for name, made in cases.items()})
        report(f"Gradients at {PIVOTS} pivots", {name: _gradients(made) for name, made in cases.items()})
    finally:
        torch.set_num_threads(before)


def _objective(inputs: int, widths: tuple[int, ...], examples: int) -> Objective:
    sizes = (inputs, *widths, 10)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU())]
    data = torch.randn(examples, inputs, generator=stream(0, "inputs"))
    targets = torch.randint(10, (examples,), generator=stream(0, "targets"))
    return Objective(nn.Sequential(*layers[:-1]), nn.CrossEntropyLoss(), (data, targets))


def _path(objective: Objective) -> Path:
    controls = torch.randn(3, len(objective.point), generator=stream(0, "controls")) * 0.05
    return Path(objective.point + controls, "bezier")


def _losses(objective: Objective) -> list[Timing]:
    path, t = _path(objective), torch.linspace(0, 1, PLACES, dtype=torch.float64)
    contenders = {
        BASELINE: lambda: torch.stack([objective.loss(row) for row in path.points(t)]),
        "together": lambda: path.losses(objective, t),
    }
    return interleaved(contenders, baseline=BASELINE)


def _gradients(objective: Objective) -> list[Timing]:
    points = _path(objective).points(torch.linspace(0, 1, PIVOTS, dtype=torch.float64))
    contenders = {
        BASELINE: functools.partial(_loop, objective, points),
        "as chosen": functools.partial(gradients, objective, points),
    }
    return interleaved(contenders, baseline=BASELINE)


def _loop(objective: Objective, points: Tensor) -> Tensor:
    return torch.stack([objective.gradient(row) for row in points])
