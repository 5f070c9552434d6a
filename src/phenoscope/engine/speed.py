"""How fast this machine is at what the library does most: gradients, and products with the Hessian."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from phenoscope.core.seeds import stream
from phenoscope.engine.stopwatch import Spread, interleaved, ratios, spread
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy, Objective

PAYS = 0.9
"""More threads pay if they take less than this part of the time of fewer, and less time in most rounds."""


@dataclass(frozen=True)
class Case:
    """A network and data to be timed; what the data are does not change the cost."""

    name: str
    widths: tuple[int, ...]
    inputs: int
    examples: int


SMALL = Case("small", (100, 100), 64, 1000)
MEDIUM = Case("medium", (400, 400), 784, 1000)


@dataclass(frozen=True)
class Product:
    """A product with the Hessian against one gradient, on one thread, as `phenoscope run` works.

    Attributes:
        network: which one, in words.
        parameters: p.
        gradient: seconds of one gradient by plain automatic differentiation.
        product: seconds of one product, its graph kept.
        ratio: of the two, in the same round.
    """

    network: str
    parameters: int
    gradient: Spread
    product: Spread
    ratio: Spread


@dataclass(frozen=True)
class Threads:
    """The same gradient with more and more threads.

    Attributes:
        network: which one, in words.
        seconds: of one gradient, by number of threads.
        best: the number that pays: the smallest that no larger one beats clearly.
    """

    network: str
    seconds: dict[int, Spread]
    best: int


def product(case: Case, *, seconds: float) -> Product:
    """Time products against gradients."""
    network, inputs, labels = _made(case)
    gradient = _gradient(network, inputs, labels)
    with _threads_restored():
        torch.set_num_threads(1)
        hessian = Objective(network, CrossEntropy(), (inputs, labels)).hessian()
        vector = torch.randn(hessian.size, generator=stream(0, "vector"))
        times = interleaved({"gradient": gradient, "product": lambda: hessian @ vector}, seconds=seconds)
    ratio = ratios(times["product"], times["gradient"])
    return Product(_words(case), hessian.size, spread(times["gradient"]), spread(times["product"]), ratio)


def threads(case: Case, *, seconds: float, cores: int | None = None) -> Threads:
    """Time the same gradient with 1, 2, 4, ... threads up to the number of cores; the setting is put back."""
    gradient = _gradient(*_made(case))
    counts = _counts(usable_cores() if cores is None else cores)

    def prepare(count: str) -> None:
        torch.set_num_threads(int(count))
        gradient()  # the first one with another number of threads also starts them

    with _threads_restored():
        times = interleaved({str(count): gradient for count in counts}, seconds=seconds, before=prepare)
    taken = {count: times[str(count)] for count in counts}
    return Threads(_words(case), {count: spread(values) for count, values in taken.items()}, best(taken))


def best(taken: dict[int, list[float]]) -> int:
    """The smallest number of threads that no larger one beats by a tenth, and in three rounds of four.

    Args:
        taken: seconds in each round, by number of threads.
    """
    return next(few for few in sorted(taken) if not any(_pays(taken[more], taken[few]) for more in taken if more > few))


def _pays(more: list[float], few: list[float]) -> bool:
    ratio = ratios(more, few)
    return ratio.middle < PAYS and ratio.high < 1


def usable_cores() -> int:
    """Cores that this process may use: by its affinity, and by the quota of its container."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(count, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or "max": no quota
        return count


def _made(case: Case) -> tuple[nn.Module, Tensor, Tensor]:
    network = MLP(case.widths).build(stream(0, "initialisation"), inputs=(case.inputs,), outputs=10)
    inputs = torch.randn(case.examples, case.inputs, generator=stream(0, "inputs"))
    return network, inputs, torch.randint(0, 10, (case.examples,), generator=stream(0, "labels"))


def _gradient(network: nn.Module, inputs: Tensor, labels: Tensor) -> Callable[[], object]:
    parameters = list(network.parameters())
    return lambda: torch.autograd.grad(cross_entropy(network(inputs), labels), parameters)


def _words(case: Case) -> str:
    layers = "-".join(map(str, (case.inputs, *case.widths, 10)))
    return f"{case.name} perceptron {layers}, {case.examples:,} examples"


def _counts(cores: int) -> list[int]:
    return [*(2**power for power in range(cores.bit_length()) if 2**power < cores), cores]


@contextlib.contextmanager
def _threads_restored() -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
