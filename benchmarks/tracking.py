"""What tracked eigenvalues cost at every step of full-batch descent, and whether they are right.

The network is the MLP of the workloads, at a rate at which it reaches the edge of stability, so that the first
eigenvectors turn, cross and swing, and at one at which it stays below. Every fiftieth reading is compared with a cold
solve by SciPy's `eigsh` at the same tolerance, whose products are counted.
"""

import dataclasses
import statistics
import time
from collections.abc import Iterator

import torch
from scipy.sparse.linalg import LinearOperator, eigsh

from benchmarks.harness import Timing, plural, report, threads, timing
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.data.idx import IDX
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy, Operator
from phenoscope.probes import Sharpness
from phenoscope.training import GradientDescent, Recipe, State, train

STEPS, SETTLED, COLD_EVERY = 500, 100, 50
TOL = 1e-2
RATES = {"at the edge": 0.1, "below it": 0.02}


@dataclasses.dataclass
class Followed:
    """One training with its readings: products and largest relative residual a step, and what cold solves say."""

    products: list[float] = dataclasses.field(default_factory=list)
    residuals: list[float] = dataclasses.field(default_factory=list)
    values: list[float] = dataclasses.field(default_factory=list)
    seconds: list[float] = dataclasses.field(default_factory=list)
    cold: list[int] = dataclasses.field(default_factory=list)
    apart: list[float] = dataclasses.field(default_factory=list)


def run(count: int = 1) -> None:
    """Top 1 and top 5 at both rates."""
    with threads(count):
        cases = {f"{place}, rate {rate}": _compared(rate) for place, rate in RATES.items()}
    notes = {"steps": STEPS, "after step": SETTLED, "tolerance": TOL}
    report(f"Training with tracked eigenvalues against training alone, {plural(count)}", cases, notes)


def _compared(rate: float) -> list[Timing]:
    """Step by step in turns with the same training alone: its steps are the baseline of each step."""
    recipe = _recipe(rate)
    alone: list[float] = []
    seen = {"with the largest": Followed(), "with the five largest": Followed()}
    runs = {"with the largest": _tracked(recipe, 1, seen["with the largest"]),
            "with the five largest": _tracked(recipe, 5, seen["with the five largest"])}  # fmt: skip
    for _ in _plain(recipe, alone):
        for run in runs.values():
            next(run)
    alone = alone[SETTLED:]
    timings = [timing("training alone", alone, alone)]
    for name, one in seen.items():
        late = one.seconds[SETTLED:]
        together = {"all steps together": round(sum(late) / sum(alone), 2)}
        timings.append(timing(name, late, alone, together | _summary(one, rate)))
    return timings


def _recipe(rate: float) -> Recipe:
    name = "fashion_mnist" if IDX().find() is not None else "digits"
    count = 2000 if name == "fashion_mnist" else 1700
    data = dataset(name, train=count, test=0, flat=True)
    return Recipe(data, MLP((200, 200)), CrossEntropy(), GradientDescent(rate), STEPS)


def _plain(recipe: Recipe, seconds: list[float]) -> Iterator[None]:
    states = train([recipe])
    while True:
        started = time.perf_counter()
        if next(states, None) is None:
            return
        seconds.append(time.perf_counter() - started)
        yield


def _tracked(recipe: Recipe, k: int, seen: Followed) -> Iterator[None]:
    """Training with a reading at every step; cold solves are not in its time."""
    probe, memory, states = Sharpness(every=1, k=k, tol=TOL), None, train([recipe])
    while True:
        started = time.perf_counter()
        state = next(states, None)
        if state is None:
            return
        state.around.hessian()  # before the gradient is asked for, so that both come from one graph
        rows, memory = probe.update(state, memory)
        seen.seconds.append(time.perf_counter() - started)
        _note(state, {row.name: float(row.values[0]) for row in rows}, k, seen)
        yield


def _note(state: State, rows: dict[str, float], k: int, seen: Followed) -> None:
    names = ["sharpness"] + [f"sharpness {i}" for i in range(2, k + 1)]
    seen.products.append(rows["sharpness.products"])
    seen.residuals.append(max(rows[f"{name}.residual"] / abs(rows[name]) for name in names))
    seen.values.append(rows["sharpness"])
    if state.step % COLD_EVERY == 0 and state.step >= SETTLED:
        values, products = _cold(state.around.hessian(), k)
        seen.cold.append(products)
        seen.apart.append(max(abs(rows[name] / float(value) - 1) for name, value in zip(names, values, strict=True)))


def _cold(operator: Operator, k: int) -> tuple[torch.Tensor, int]:
    before, shape = operator.products, (operator.size, operator.size)
    start = torch.randn(operator.size, generator=stream(0, "cold")).numpy()
    linear = LinearOperator(shape, lambda v: (operator @ torch.as_tensor(v).flatten()).numpy(), dtype="float32")
    values, _ = eigsh(linear, k, which="LA", tol=TOL, v0=start)
    return torch.tensor(values.copy()).flip(0), operator.products - before


def _summary(seen: Followed, rate: float) -> dict[str, float]:
    late = seen.products[SETTLED:]
    found = {
        "products a step": statistics.mean(late),
        "products a step before": statistics.mean(seen.products[:SETTLED]),
        "products of a cold eigsh": statistics.mean(seen.cold),
        "largest residual": max(seen.residuals),
        "median residual": statistics.median(seen.residuals),
        "largest distance from a cold solve": max(seen.apart),
        "last sharpness times half the rate": seen.values[-1] * rate / 2,
    }
    return {name: float(f"{value:.3g}") for name, value in found.items()}
