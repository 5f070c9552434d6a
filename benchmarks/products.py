"""What does a product with the Hessian cost, against one gradient? And a block against single products?"""

from collections.abc import Callable
from functools import partial

import torch
from torch.func import functional_call, grad, jvp

from benchmarks import peers
from benchmarks.harness import Timing, interleaved, report, threads
from benchmarks.workloads import WORKLOADS, workload
from phenoscope import Objective
from phenoscope.core.seeds import stream
from phenoscope.models import CNN, MLP
from phenoscope.objective import CrossEntropy
from phenoscope.objective.memory import graph_bytes

COLUMNS = 8
BASELINE = "gradient, plain autograd"


def run() -> None:
    """The networks of the table, each on random inputs of the shape of real ones (the cost does not depend on them)."""
    cases = {
        "MLP 64-16-10, 100 examples": _timed(MLP((16,)), (64,), 100),
        "MLP 64-100-100-10, 1,000 examples": _timed(MLP((100, 100)), (64,), 1000),
        "MLP 784-200-200-10, 2,000 examples": _timed(MLP((200, 200)), (784,), 2000),
        "CNN 16-32 channels, 28x28, 200 examples": _timed(CNN((16, 32)), (28, 28), 200),
    }
    report("Hessian products against one gradient", cases)


def run_peers() -> None:
    """A product on each workload, against one gradient by plain autograd: this library's kept graph, and the peers'."""
    cases = {}
    for name in WORKLOADS:
        for count in (1, 2):
            with threads(count), peers.differentiable():
                label = f"{name}, {count} {'thread' if count == 1 else 'threads'}"
                cases[label] = _against_peers(name, rounds={"MLP": 15, "CNN": 7, "GPT": 3}[name])
    report("Products on the workloads against one gradient", cases, {"peers": peers.versions()})


def _against_peers(name: str, rounds: int) -> list[Timing]:
    work = workload(name)
    parameters = list(work.model.parameters())
    vector = torch.randn(work.size, generator=stream(0, "vector"))
    kept = work.objective().hessian()

    def gradient() -> object:
        return torch.autograd.grad(work.loss(work.model(work.inputs), work.targets), parameters)

    contenders: dict[str, Callable[[], object]] = {BASELINE: gradient, "phenoscope, graph kept": lambda: kept @ vector}
    for peer, version in peers.versions().items():
        if version is not None:
            contenders[peer] = partial(peers.PRODUCTS[peer](work), vector)
    return interleaved(contenders, baseline=BASELINE, rounds=rounds, warmup=1)


def _timed(model: MLP | CNN, shape: tuple[int, ...], examples: int) -> list[Timing]:
    network = model.build(stream(0, "initialisation"), inputs=shape, outputs=10)
    inputs = torch.randn(examples, *shape, generator=stream(0, "inputs"))
    labels = torch.randint(0, 10, (examples,), generator=stream(0, "labels"))
    objective = Objective(network, CrossEntropy(), (inputs, labels))
    kept = objective.hessian()
    quarter = graph_bytes(objective.hessian) // 4
    rebuilt = Objective(network, CrossEntropy(), (inputs, labels), memory=quarter).hessian()
    gauss_newton = objective.gauss_newton()
    vector = torch.randn(kept.size, generator=stream(0, "vector"))
    block = torch.randn(kept.size, COLUMNS, generator=stream(0, "block"))
    contenders: dict[str, Callable[[], object]] = {
        BASELINE: _plain_gradient(network, inputs, labels),
        "Objective.gradient": objective.gradient,
        "product, graph kept": lambda: kept @ vector,
        f"block of {COLUMNS}, graph kept, a column": lambda: kept @ block,
        "product, graph rebuilt in about four chunks": lambda: rebuilt @ vector,
        "product, jvp of grad (torch.func)": _forward_over_reverse(network, inputs, labels, vector),
        "Gauss-Newton product, graph kept": lambda: gauss_newton @ vector,
    }
    timings = interleaved(contenders, baseline=BASELINE)
    return [_a_column(timing) if "a column" in timing.name else timing for timing in timings]


def _plain_gradient(network: torch.nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> Callable[[], object]:
    parameters = list(network.parameters())
    return lambda: torch.autograd.grad(torch.nn.functional.cross_entropy(network(inputs), labels), parameters)


def _forward_over_reverse(
    network: torch.nn.Module, inputs: torch.Tensor, labels: torch.Tensor, vector: torch.Tensor
) -> Callable[[], object]:
    parameters = {name: value.detach() for name, value in network.named_parameters()}
    parts = vector.split([value.numel() for value in parameters.values()])
    tangent = {name: p.view_as(value) for (name, value), p in zip(parameters.items(), parts, strict=True)}

    def loss(values: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(functional_call(network, values, (inputs,)), labels)

    return lambda: jvp(grad(loss), (parameters,), (tangent,))


def _a_column(timing: Timing) -> Timing:
    low, middle, high = (ratio / COLUMNS for ratio in timing.ratio)
    return Timing(timing.name, timing.seconds / COLUMNS, (low, middle, high))
