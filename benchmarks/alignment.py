"""Alignment of two perceptrons 784-512-512-512-10 by their weights, against `rebasin`.

That package is the one implementation of weight matching that pip installs without a clash: `sinkhorn-rebasin` installs
into the same module and trains its permutations. Both derive which units may be exchanged from the models themselves,
both visit groups in random order until nothing moves, and the distance that each reaches stands beside its time.

Measured on one thread, times faster than `rebasin`: two trained networks 5.4 (distance 74.8 against 75.0), a permuted
copy 2.0. With scales matched as well, which that package leaves alone, 1.9 and on the copy 2.1: where every tensor has
the norm of its counterpart, orders alone are tried first.
"""

import copy
import importlib.util
from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.harness import Timing, interleaved, report
from phenoscope import align
from phenoscope.core.points import point
from phenoscope.core.seeds import stream
from phenoscope.models import MLP

WIDTHS = (512, 512, 512)
OURS = "phenoscope, one start"


def run() -> None:
    """Two networks after a short training, and a network and its permuted copy."""
    inputs = torch.randn(512, 784, generator=stream(0, "inputs"))
    targets = (inputs @ torch.randn(784, 10, generator=stream(0, "teacher"))).argmax(dim=1)
    reference, model = (_trained(seed, inputs, targets) for seed in (0, 1))
    order = torch.randperm(512, generator=stream(0, "order"))
    twin = copy.deepcopy(reference)
    with torch.no_grad():
        first, second = twin.body[1], twin.body[3]
        first.weight.copy_(first.weight[order])
        first.bias.copy_(first.bias[order])
        second.weight.copy_(second.weight[:, order])
    cases = {"two starts": _timed(model, reference, inputs[:4]), "a permuted copy": _timed(twin, reference, inputs[:4])}
    report("Alignment of two networks 784-512-512-512-10, one thread", cases)


def _trained(seed: int, inputs: Tensor, targets: Tensor) -> nn.Module:
    model = MLP(WIDTHS, activation="relu", init="he").build(stream(seed, "init"), inputs=(784,), outputs=10)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    return model


def _timed(model: nn.Module, reference: nn.Module, inputs: Tensor) -> list[Timing]:
    made: dict[str, nn.Module] = {}

    def ours(name: str, **options: object) -> Callable[[], None]:
        def call() -> None:
            made[name] = align(model, reference, data=inputs, restarts=0, **options).model  # type: ignore[arg-type]

        return call

    contenders = {OURS: ours(OURS, rescale=False), "the same, scales too": ours("the same, scales too")}
    if importlib.util.find_spec("rebasin") is not None:
        contenders["rebasin"] = lambda: made.update({"rebasin": _rebasin(model, reference, inputs)})
    found = interleaved(contenders, baseline="rebasin" if "rebasin" in contenders else OURS, rounds=5, warmup=1)
    for timing in found:
        timing.evidence["distance"] = float((point(made[timing.name]) - point(reference)).norm())
    return found


def _rebasin(model: nn.Module, reference: nn.Module, inputs: Tensor) -> nn.Module:
    """As its own documentation shows; it moves the model that it is given."""
    from rebasin import PermutationCoordinateDescent

    torch.manual_seed(0)
    moved = copy.deepcopy(model)
    PermutationCoordinateDescent(reference, moved, inputs).rebasin()
    return moved
