"""What does an empirical tangent kernel cost, against Jacobians by vmap? And one of infinite width?

Processor time on one thread, which other users of a machine leave alone. Jacobians of 500 images would take 10 GB, so
both are compared on 100 of them; the time for 500 stands beside.
"""

import contextlib
import gc
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from benchmarks.harness import Timing, report, threads, timing
from benchmarks.workloads import Workload, workload
from phenoscope import empirical_ntk, infinite, infinite_kernel

EXAMPLES, FEW = 500, 100
ROUNDS, PEER_ROUNDS = 3, 9
JAX = ".venv-peers-jax/bin/python"
"""Where neural-tangents is; another place can be given as PHENOSCOPE_JAX."""


def run() -> None:
    """The perceptron and the convolutional network, summed over outputs and whole; and an infinite width."""
    cases = {}
    with threads(1):
        for name in ("MLP", "CNN"):
            work = workload(name)
            for outputs in ("trace", "full"):
                cases[f"{name}, {outputs}"] = _timed(work, outputs)
        x = torch.randn(1000, 100, generator=torch.Generator().manual_seed(0))
        layers = [*[infinite.dense(1.4, 0.1), infinite.relu()] * 2, infinite.dense()]
        seconds = _processor(lambda: infinite_kernel(layers, x))
        cases["three dense layers of infinite width, 1,000 x 1,000"] = [
            timing("infinite_kernel, float64", seconds, seconds)
        ]
    report("Tangent kernels, processor time", cases)


def run_peers() -> None:
    """The same kernels of 500 images in turns with neural-tangents, whose environment `make benchmarks-peers` makes."""
    python = Path(os.environ.get("PHENOSCOPE_JAX", JAX))
    if not python.exists():
        print(f"missing, so not compared: neural-tangents. There is no {python}; `make benchmarks-peers` makes it.")
        return
    cases = {}
    with threads(1), _answering(python) as ask:
        for name in ("MLP", "CNN"):
            work = workload(name)
            for outputs in ("trace", "full"):
                cases[f"{name}, {outputs}"] = _in_turns(work, outputs, lambda o=outputs, n=name: ask(f"{n} {o}"))
    report("Tangent kernels against neural-tangents, processor time", cases)


def _in_turns(work: Workload, outputs: Literal["full", "trace"], theirs: Callable[[], float]) -> list[Timing]:
    ours, other = [], []
    for number in range(PEER_ROUNDS + 1):
        started = time.process_time()
        empirical_ntk(work.model, work.inputs[:EXAMPLES], outputs=outputs)
        own, there = time.process_time() - started, theirs()
        if number:  # the first warms up
            ours.append(own)
            other.append(there)
    return [timing("empirical_ntk", ours, ours), timing("neural-tangents, structured, compiled", other, ours)]


@contextlib.contextmanager
def _answering(python: Path) -> Iterator[Callable[[str], float]]:
    """A process that is asked by lines, and answers each with seconds."""
    script = Path(__file__).with_name("tangents_in_jax.py")
    with subprocess.Popen([python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(line: str) -> float:
            print(line, file=process.stdin, flush=True)
            return float(process.stdout.readline())  # type: ignore[union-attr]

        yield ask
        process.stdin.close()


def _timed(work: Workload, outputs: Literal["full", "trace"]) -> list[Timing]:
    few = work.inputs[:FEW]
    whole = _processor(lambda: empirical_ntk(work.model, work.inputs[:EXAMPLES], outputs=outputs))
    ours = _processor(lambda: empirical_ntk(work.model, few, outputs=outputs))
    plain = _processor(lambda: jacobians(work.model, few, full=outputs == "full"))
    found = (
        ("500 images, empirical_ntk", whole),
        ("100 images, empirical_ntk", ours),
        ("100 images, vmap(jacrev)", plain),
    )
    return [timing(called, seconds, ours) for called, seconds in found]


def _processor(call: Callable[[], object]) -> list[float]:
    call()
    found = []
    for _ in range(ROUNDS):
        gc.collect()
        started = time.process_time()
        call()
        found.append(time.process_time() - started)
    return found


def jacobians(model: nn.Module, inputs: Tensor, *, full: bool) -> Tensor:
    """By `vmap`, contracted parameter by parameter."""
    own = {name: value.detach() for name, value in model.named_parameters()}
    rows = vmap(jacrev(lambda values, x: functional_call(model, values, (x[None],))[0]), in_dims=(None, 0))(own, inputs)
    total = None
    for part in rows.values():
        flat = part.flatten(2)
        kernel = torch.einsum("nap,mbp->nmab" if full else "nap,map->nm", flat, flat)
        total = kernel if total is None else total + kernel
    assert total is not None
    return total
