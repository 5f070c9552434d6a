"""What does a step of many small networks cost as one matrix, against one network after the other?"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence

import torch
from torch.func import functional_call, jvp

from benchmarks.harness import Timing, interleaved, report
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.training import GradientDescent, Recipe, train

ROWS, FEW = 16, 5
STEPS = 20
RATE = 0.002
"""At which linear models do not diverge, either."""


def run() -> None:
    """Full-batch gradient descent on digits, and mini-batches, for networks of several sizes."""
    sizes = {"64-8-10, 50 examples": ((8,), 50), "64-16-10, 100 examples": ((16,), 100), "64-32-32-10, 200 examples":
             ((32, 32), 200), "64-100-100-10, 1,000 examples": ((100, 100), 1000)}  # fmt: skip
    cases = {name: _timed(widths, examples, None) for name, (widths, examples) in sizes.items()}
    cases["64-16-10, batches of 32 from 1,000"] = _timed((16,), 1000, 32)
    report(f"A step of {ROWS} networks as one cohort against a loop", cases)


def run_linear() -> None:
    """The same of linear models, against `torch.func.jvp` and a backward pass for one model after the other."""
    cases = {}
    for name, widths, batch in (
        ("64-32-32-10, batches of 32 from 1,000", (32, 32), 32),
        ("64-32-32-10, 1,000 examples", (32, 32), None),
        ("64-100-100-10, batches of 32 from 1,000", (100, 100), 32),
        ("64-100-100-10, 1,000 examples", (100, 100), None),
    ):
        recipe = _recipe(widths, 1000, batch)
        recipes = [dataclasses.replace(recipe, seed=seed, dynamics="linearised") for seed in range(FEW)]
        contenders = {
            "a loop in PyTorch": _stepper([_in_pytorch(one) for one in recipes]),
            "loop": _stepper([train([one]) for one in recipes]),
            "cohort": _stepper([train(recipes)]),
        }
        cases[name] = interleaved(contenders, baseline="cohort", rounds=9, clock=time.process_time)
    report(f"A step of {FEW} linear models as one cohort against a loop", cases)


def _in_pytorch(recipe: Recipe) -> Iterator[None]:
    """Descent on the expansion around the start as one would write it down."""
    examples = recipe.data.draw(recipe.stream("data")).train
    model = recipe.model.build(recipe.stream("initialisation"), inputs=recipe.data.shape, outputs=recipe.data.outputs)
    start = {name: value.detach() for name, value in model.named_parameters()}
    moved = {name: torch.zeros_like(value, requires_grad=True) for name, value in start.items()}
    descent = torch.optim.SGD(moved.values(), lr=RATE)
    while True:
        order = torch.randperm(len(examples)) if recipe.batch else torch.arange(len(examples))
        for chosen in order.split(recipe.batch or len(examples)):
            inputs, targets = (part[chosen] if recipe.batch else part for part in (examples.inputs, examples.targets))
            outputs, change = jvp(lambda at, x=inputs: functional_call(model, at, (x,)), (start,), (moved,))
            descent.zero_grad()
            recipe.loss(outputs + change, targets).backward()
            descent.step()
            yield


def _timed(widths: tuple[int, ...], examples: int, batch: int | None) -> list[Timing]:
    recipe = _recipe(widths, examples, batch)
    recipes = [dataclasses.replace(recipe, seed=seed) for seed in range(ROWS)]
    contenders: dict[str, Callable[[], object]] = {
        "loop": _stepper([train([one]) for one in recipes]),
        "cohort": _stepper([train(recipes)]),
    }
    return interleaved(contenders, baseline="loop", rounds=9)


def _recipe(widths: tuple[int, ...], examples: int, batch: int | None) -> Recipe:
    data = dataset("digits", train=examples)
    return Recipe(data, MLP(widths), SquaredError(), GradientDescent(RATE), 10**6, batch=batch)


def _stepper(runs: Sequence[Iterator[object]]) -> Callable[[], object]:
    def advance() -> None:
        for _ in range(STEPS):
            for run in runs:
                next(run)

    return advance
