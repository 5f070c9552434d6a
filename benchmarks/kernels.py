"""What does an empirical tangent kernel cost, against Jacobians by vmap? And one of infinite width?

Processor time on one thread, which other users of a machine leave alone. Jacobians of 500 images would take 10 GB, so
both are compared on 100 of them; the time for 500 stands beside.
"""

import gc
import time
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from benchmarks.harness import Timing, report, threads, timing
from benchmarks.workloads import Workload, workload
from phenoscope import empirical_ntk, infinite, infinite_kernel

EXAMPLES, FEW = 500, 100
ROUNDS = 3


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


def _timed(work: Workload, outputs: Literal["full", "trace"]) -> list[Timing]:
    few = work.inputs[:FEW]
    whole = _processor(lambda: empirical_ntk(work.model, work.inputs[:EXAMPLES], outputs=outputs))
    ours = _processor(lambda: empirical_ntk(work.model, few, outputs=outputs))
    plain = _processor(lambda: _jacobians(work.model, few, full=outputs == "full"))
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


def _jacobians(model: nn.Module, inputs: Tensor, *, full: bool) -> Tensor:
    own = {name: value.detach() for name, value in model.named_parameters()}
    rows = vmap(jacrev(lambda values, x: functional_call(model, values, (x[None],))[0]), in_dims=(None, 0))(own, inputs)
    total = None
    for part in rows.values():
        flat = part.flatten(2)
        kernel = torch.einsum("nap,mbp->nmab" if full else "nap,map->nm", flat, flat)
        total = kernel if total is None else total + kernel
    assert total is not None
    return total
