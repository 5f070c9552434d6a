"""What does a step of many networks under masks cost as one matrix, against one network after the other, and dense?"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from benchmarks.harness import Timing, interleaved, report
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.training import Adam, RandomMask, Recipe, State, train

ROWS = 10
STEPS = 20


def run() -> None:
    """Tickets over seeds and sparsities: networks of a few thousand parameters, and 784-300-100-10."""
    digits = Recipe(
        dataset("digits", train=1000, flat=True), MLP((64, 32), activation="relu"), CrossEntropy(), Adam(0.002), 10**6,
        batch=64,
    )  # fmt: skip
    wide = dataset("gaussian_clusters", classes=10, dimensions=784, separation=1.0, examples=1200, train=1000, test=100)
    lenet = dataclasses.replace(digits, data=wide, model=MLP((300, 100), activation="relu"))
    small = dataclasses.replace(digits, model=MLP((32,), activation="relu"), batch=32)
    cases = {
        "64-32-10, batches of 32": _timed(small, ROWS),
        "64-64-32-10, batches of 64": _timed(digits, ROWS),
        "784-300-100-10, batches of 64": _timed(lenet, ROWS),
    }
    report(f"A step of {ROWS} networks under masks as one cohort against a loop", cases)


def _timed(recipe: Recipe, rows: int) -> list[Timing]:
    dense = [dataclasses.replace(recipe, seed=seed) for seed in range(rows)]
    sparse = [dataclasses.replace(one, mask=RandomMask(0.5 ** (1 + one.seed % 5))) for one in dense]
    contenders: dict[str, Callable[[], object]] = {
        "loop": _stepper([train([one]) for one in sparse]),
        "cohort": _stepper([train(sparse)]),
        "dense cohort": _stepper([train(dense)]),
    }
    return interleaved(contenders, baseline="loop", rounds=7)


def _stepper(runs: Sequence[Iterator[State]]) -> Callable[[], object]:
    def advance() -> None:
        for _ in range(STEPS):
            for run in runs:
                next(run)

    return advance
