"""What does the trace of the Hessian to a true one percent cost, data through a loader, against peers?

One percent is two standard errors. Peers draw sign vectors for all examples at once; how many they need is measured
(their estimates have one variance, that of Hutchinson's estimator), and their time is that of one of their products
times that number: run to the end they would take hours on the convolutional network. A stop rule that ends earlier
does so with a larger error than it says.
"""

import math
from collections.abc import Callable

import torch

from benchmarks import peers
from benchmarks.harness import Timing, interleaved, report, threads
from benchmarks.workloads import BATCHES, WORKLOADS, Workload, workload
from phenoscope import Objective, Trace, trace

TOLERANCE = 0.005
PROBES = 24
"""Ordinary probes that tell the variance of the peers' estimate."""
ROUNDS = 3
SEEDS = 3
OURS = "trace, layer-wise"
PER_PRODUCT = ("PyHessian", "curvlinops")


def run(names: tuple[str, ...] = tuple(WORKLOADS), counts: tuple[int, ...] = (1, 2)) -> None:
    """The three workloads, with one and with two threads."""
    cases, notes = {}, {}
    for name in names:
        work = workload(name)
        reference, needed = _reference(work), _needed(work)
        for count in counts:
            found: dict[int, Trace] = {}
            case = f"{name}, {count} thread" + ("s" if count > 1 else "")
            with threads(count):
                cases[case] = _timed(work, needed, found)
            errors = [reading.value / reference - 1 for reading in found.values()]
            notes[case] = {
                "reference": reference,
                "probes a peer needs": needed,
                "our true errors": errors,
                "our standard errors": [reading.standard_error / reading.value for reading in found.values()],
                "our readings": [str(reading) for reading in found.values()],
            }
            print(case, notes[case], flush=True)
    report("The trace to one percent, against peers", cases, notes)


def _timed(work: Workload, needed: int, found: dict[int, Trace]) -> list[Timing]:
    """Ours as a whole, from making the objective on; a peer's product, and from it the time of all it needs."""
    round_ = iter(range(10**6))

    def ours() -> None:
        seed = next(round_) % SEEDS
        made = work.objective(batches=BATCHES)
        found[seed] = trace(made, TOLERANCE, method="layer-wise", generator=torch.Generator().manual_seed(seed))

    contenders: dict[str, Callable[[], object]] = {OURS: ours}
    with peers.differentiable():
        vector = torch.randint(2, (work.size,), generator=torch.Generator().manual_seed(0)).float() * 2 - 1
        for name, version in peers.versions().items():
            if name in PER_PRODUCT and version is not None:
                multiply = peers.PRODUCTS[name](work, batches=BATCHES)
                contenders[name] = lambda multiply=multiply: multiply(vector)
        timings = interleaved(contenders, baseline=OURS, rounds=ROUNDS, warmup=1)
    return [timing if timing.name == OURS else _all_of(timing, needed) for timing in timings]


def _all_of(timing: Timing, needed: int) -> Timing:
    low, middle, high = (ratio * needed for ratio in timing.ratio)
    return Timing(f"{timing.name}, {needed} products", timing.seconds * needed, (low, middle, high))


def _needed(work: Workload) -> int:
    """The products that Hutchinson's estimator needs."""
    reading = trace(work.objective(), 1e-9, method="hutchinson", max_products=PROBES)
    return math.ceil(reading.probes * (reading.standard_error / reading.value / TOLERANCE) ** 2)


def _reference(work: Workload) -> float:
    """The trace in double precision: exactly where rules allow it, else far more precisely than what is timed."""
    model = work.model.double()
    try:
        inputs = work.inputs.double() if work.inputs.is_floating_point() else work.inputs
        objective = Objective(model, work.loss, (inputs, work.targets), 50)
        if work.name == "MLP":
            return trace(objective, method="exact").value
        generator = torch.Generator().manual_seed(99)
        return trace(objective, TOLERANCE / (20 if work.name == "CNN" else 4), generator=generator).value
    finally:
        model.float()
