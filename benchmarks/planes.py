"""A plane of 51 x 51 losses, against a loop that loads the parameters of each point and runs the model.

Measured quiet, one thread, times faster than the loop (ReLU, tanh): 500 parameters and 200 examples 16, 14; 1,000
examples 10, 9; 5,000 parameters and 200 examples 10, 9; 1,000 examples 5.9, 6.3; 50,000 parameters 2.0, 2.7; 200,000
parameters (784 inputs) 5.3, 5.0.

What limits it: for tiny networks the interpreter of a chunk (about 0.3 ms, shared by its points); then the
activations themselves, of which tanh takes 0.2 ns an entry by NumPy and 2.1 in the loop; for wide hidden layers the
matrix products after the first, which batches make no faster. The layer on the data costs nothing to speak of.

What helped: the loss of class scores with examples along the contiguous axis (15 times faster than the softmax over a
last axis of ten, which is most of the loop's time there); the first layer mixed from three evaluations; memory that the
C library does not give back between layers (3 times); for stacks of dense layers, no mapping over networks, so that
chunks may be small enough for the second cache (2 times); losses found while the outputs are there (1.4 times with
1,000 examples); at least six points together, even where more than the cache holds (1.2 to 1.4 times with 1,000);
cross-entropies by sums of exponentials of differences, which need no float64 (1.1 to 2.8 times, and 7 times for the
loss alone of 1,000 examples against one in float64). What did not: such chunks where mapping costs 0.3 ms each; tanh by
the logistic function, which loses small numbers to rounding.
"""

import functools
import itertools

import torch
from torch import Tensor, nn

from benchmarks.harness import Timing, interleaved, report
from phenoscope import Objective
from phenoscope.core.seeds import stream

SIDE = 51
BASELINE = "a loop over the points"
MODELS: dict[str, tuple[int, tuple[int, ...], int]] = {
    "500 parameters": (20, (16,), 200),
    "5,000 parameters": (64, (66,), 200),
    "50,000 parameters": (64, (256, 128), 200),
    "200,000 parameters": (784, (200, 200), 200),
}
"""Inputs, widths of the hidden layers, and examples; ten classes."""
LARGER = {"500 parameters": 1000, "5,000 parameters": 1000}
"""Tiny networks on more examples: there the arithmetic begins to count."""


def run() -> None:
    """Perceptrons with ReLU and tanh on random inputs, on one thread and on two (the cost does not depend on them)."""
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            plural = "s" if threads > 1 else ""
            report(f"A plane of {SIDE} x {SIDE} losses, {threads} thread{plural}", _cases())
    finally:
        torch.set_num_threads(before)


def _cases() -> dict[str, list[Timing]]:
    cases = {}
    for name, (inputs, widths, examples) in MODELS.items():
        for count in (examples, *([LARGER[name]] if name in LARGER else [])):
            for activation in (nn.ReLU, nn.Tanh):
                title = f"{name}, {activation.__name__}, {count:,} examples"
                cases[title] = _timed(_perceptron(inputs, widths, activation), inputs, count)
    return cases


def _perceptron(inputs: int, widths: tuple[int, ...], activation: type[nn.Module]) -> nn.Module:
    sizes = (inputs, *widths, 10)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), activation())]
    return nn.Sequential(*layers[:-1])


def _timed(model: nn.Module, inputs: int, examples: int) -> list[Timing]:
    data = torch.randn(examples, inputs, generator=stream(0, "inputs"))
    targets = torch.randint(10, (examples,), generator=stream(0, "targets"))
    loss = nn.CrossEntropyLoss()
    objective = Objective(model, loss, (data, targets))
    axes = torch.randn(2, len(objective.point), generator=stream(0, "axes")) * 0.05
    ends = torch.linspace(-1, 1, SIDE, dtype=torch.float64)
    grid = torch.cartesian_prod(ends, ends)
    contenders = {
        BASELINE: functools.partial(_loop, model, loss, (data, targets), axes, grid),
        "Objective.losses": lambda: objective.losses(grid, axes),
    }
    expected = contenders[BASELINE]()
    assert torch.allclose(contenders["Objective.losses"]().float(), expected, rtol=1e-4)
    return interleaved(contenders, baseline=BASELINE, rounds=3, warmup=0)


def _loop(model: nn.Module, loss: nn.Module, data: tuple[Tensor, Tensor], axes: Tensor, grid: Tensor) -> Tensor:
    parameters, found = list(model.parameters()), []
    here = nn.utils.parameters_to_vector(parameters).detach().clone()
    with torch.no_grad():
        for a, b in grid.tolist():
            nn.utils.vector_to_parameters(here + a * axes[0] + b * axes[1], parameters)
            found.append(loss(model(data[0]), data[1]).item())
        nn.utils.vector_to_parameters(here, parameters)
    return torch.tensor(found)
