"""What do tangent kernels take that strain a machine: time and memory, each call in a process of its own?

Jacobians of 500 images by `vmap`, which take gigabytes; a perceptron whose Jacobian would take 880 GB; a transformer.
The peak is that of the process above what it held before the call (Linux: `VmHWM`, set back beforehand); the time that
of the processor, on one thread, of one call. What cannot be compared whole is checked at some entries, by gradients.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.harness import Timing, report, threads, timing
from benchmarks.kernels import EXAMPLES, jacobians
from benchmarks.workloads import workload
from phenoscope import empirical_ntk

WIDTH, IMAGES, SEQUENCES = 8192, 300, 16
SEEN = ((0, 1), (3, 3), (2, 7))
"""Pairs of examples at which a kernel is checked."""


def run() -> None:
    """Each case in a process of its own, one after the other."""
    cases = {}
    for name in ("MLP", "CNN"):
        ours, theirs = _asked(f"{name} ours"), _asked(f"{name} vmap")
        cases[f"{name}, {EXAMPLES} images, summed over outputs"] = _beside(ours, theirs)
    for name, called in WHOLE.items():
        found = _asked(f"{name} ours")
        cases[called] = [timing("empirical_ntk", [found["seconds"]], [found["seconds"]], found)]
    report("Large tangent kernels, processor time and memory", cases)


WHOLE = {
    "wide": f"perceptron 784-{WIDTH}-{WIDTH}-10, {IMAGES} images, summed over outputs",
    "GPT": f"transformer, next token of {SEQUENCES} sequences, summed over 128 outputs",
    "GPT sketched": f"transformer, all tokens of {SEQUENCES} sequences, 8,192 outputs, sketched by 32 probes",
}


def _beside(ours: dict[str, float], theirs: dict[str, float]) -> list[Timing]:
    base = [ours["seconds"]]
    return [
        timing("empirical_ntk", base, base, ours),
        timing("vmap(jacrev), contracted", [theirs["seconds"]], base, theirs),
    ]


def _asked(case: str) -> dict[str, float]:
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.large_kernels", *case.split()], check=True, capture_output=True, text=True
    )
    return json.loads(told.stdout)


class _Last(nn.Module):
    """The logits of the token that comes next."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        return self.model(tokens)[:, :, -1]


def _case(words: Sequence[str]) -> tuple[nn.Module, Tensor, Callable[[nn.Module, Tensor], Tensor]]:
    name, way = words[0], words[-1]
    if name == "wide":
        torch.manual_seed(0)
        layers = [nn.Linear(784, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 10)]
        return nn.Sequential(*layers), workload("MLP").inputs[:IMAGES], _traced
    work = workload(name)
    if name == "GPT":
        whole = "sketched" in words
        return work.model if whole else _Last(work.model), work.inputs[:SEQUENCES], _sketched if whole else _traced
    return work.model, work.inputs[:EXAMPLES], _traced if way == "ours" else lambda m, x: jacobians(m, x, full=False)


def _traced(model: nn.Module, inputs: Tensor) -> Tensor:
    return empirical_ntk(model, inputs, outputs="trace").matrix


def _sketched(model: nn.Module, inputs: Tensor) -> Tensor:
    return empirical_ntk(model, inputs, outputs="trace", route="sketch").matrix


def _measured(words: Sequence[str]) -> dict[str, float]:
    model, inputs, call = _case(words)
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # sets the peak back to what is held now
    started = time.process_time()
    kernel = call(model, inputs)
    found = {"seconds": time.process_time() - started, "megabytes": _memory("VmHWM") - before}
    if words[-1] == "ours" and "sketched" not in words:
        found["largest error at some entries"] = max(_off(model, inputs, kernel, i, j) for i, j in SEEN)
    return {name: float(f"{value:.3g}") for name, value in found.items()}


def _off(model: nn.Module, inputs: Tensor, kernel: Tensor, i: int, j: int) -> float:
    """An entry against that of two gradients for every output."""
    total = 0.0
    for output in range(model(inputs[:1]).shape[1]):
        left, right = (
            torch.autograd.grad(model(inputs[e : e + 1])[0, output], list(model.parameters())) for e in (i, j)
        )
        total += sum(float((a.double() * b.double()).sum()) for a, b in zip(left, right, strict=True))
    return abs(float(kernel[i, j]) / total - 1)


def _memory(which: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(which)) / 1e3


if __name__ == "__main__":
    with threads(1):
        print(json.dumps(_measured(sys.argv[1:])))
