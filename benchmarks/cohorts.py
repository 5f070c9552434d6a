"""What does a step of many small networks cost as one matrix, against one network after the other?"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from benchmarks.harness import Timing, interleaved, report
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.training import GradientDescent, Recipe, State, train

ROWS = 16
STEPS = 20


def run() -> None:
    """Full-batch gradient descent on digits, and mini-batches, for networks of several sizes."""
    sizes = {"64-8-10, 50 examples": ((8,), 50), "64-16-10, 100 examples": ((16,), 100), "64-32-32-10, 200 examples":
             ((32, 32), 200), "64-100-100-10, 1,000 examples": ((100, 100), 1000)}  # fmt: skip
    cases = {name: _timed(widths, examples, None) for name, (widths, examples) in sizes.items()}
    cases["64-16-10, batches of 32 from 1,000"] = _timed((16,), 1000, 32)
    report(f"A step of {ROWS} networks as one cohort against a loop", cases)


def _timed(widths: tuple[int, ...], examples: int, batch: int | None) -> list[Timing]:
    recipe = Recipe(
        dataset("digits", train=examples), MLP(widths), SquaredError(), GradientDescent(0.05), 10**6, batch=batch
    )
    recipes = [dataclasses.replace(recipe, seed=seed) for seed in range(ROWS)]
    contenders: dict[str, Callable[[], object]] = {
        "loop": _stepper([train([one]) for one in recipes]),
        "cohort": _stepper([train(recipes)]),
    }
    return interleaved(contenders, baseline="loop", rounds=9)


def _stepper(runs: Sequence[Iterator[State]]) -> Callable[[], object]:
    def advance() -> None:
        for _ in range(STEPS):
            for run in runs:
                next(run)

    return advance
