"""What a watch costs: a step with nothing to read, and the readings of each probe against a step of the loop."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn

import phenoscope as ps
from benchmarks.harness import Timing, interleaved, report

STEPS = 20_000
NEVER = 10**9


def run() -> None:
    """Steps of an optimizer with and without an idle watch, and a small loop with each probe."""
    with tempfile.TemporaryDirectory() as folder:
        places = (Path(folder) / str(number) for number in itertools.count())
        idle = _idle(places)
        alone, watched = (timing.seconds / STEPS * 1e6 for timing in idle)
        cost = {"microseconds a step": watched - alone, "the beginning and the end of the watch": "included"}
        report("A watch that has nothing to read", {f"{STEPS:,} steps of SGD on a linear model": idle}, cost)
        print(f"    {watched - alone:.2f} µs a step")
        report("A watched step against the step alone", {"64-100-100-10, 1,000 examples, 50 steps": _probes(places)})


def _idle(places: Iterator[Path]) -> list[Timing]:
    model, data = nn.Linear(4, 1), (torch.randn(8, 4), torch.randn(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)

    def steps() -> None:
        for _ in range(STEPS):
            optimizer.step()

    probes = [ps.probes.Loss(NEVER), ps.probes.GradientNorm(NEVER), ps.probes.Sharpness(NEVER)]

    def watched() -> None:
        with ps.watch(model, nn.MSELoss(), data, optimizer, probes=probes, run=next(places)):
            steps()

    return interleaved({"alone": steps, "watched": watched}, baseline="alone", rounds=7, warmup=1)


def _probes(places: Iterator[Path]) -> list[Timing]:
    data = torch.randn(1000, 64), torch.randint(10, (1000,))
    model = nn.Sequential(nn.Linear(64, 100), nn.Tanh(), nn.Linear(100, 100), nn.Tanh(), nn.Linear(100, 10))
    optimizer, loss = torch.optim.SGD(model.parameters(), lr=0.01), nn.CrossEntropyLoss()

    def steps() -> None:
        for _ in range(50):
            optimizer.zero_grad()
            loss(model(data[0]), data[1]).backward()
            optimizer.step()

    def with_probe(probe: ps.probes.Probe) -> Callable[[], None]:
        def watched() -> None:
            with ps.watch(model, loss, data, optimizer, probes=[probe], run=next(places)):
                steps()

        return watched

    chosen = [ps.probes.Loss(), ps.probes.Sharpness(every=20), ps.probes.Sharpness(every=20, along=True)]
    contenders = {"alone": steps} | {repr(probe): with_probe(probe) for probe in chosen}
    return interleaved(contenders, baseline="alone", rounds=7)
