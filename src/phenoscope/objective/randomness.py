"""Random states, of which no measurement leaves a trace: those of torch, NumPy and Python, and of a loader's own; and
who draws from them.
"""

import contextlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


@contextlib.contextmanager
def preserved_randomness(generators: Iterable[torch.Generator] = ()) -> Iterator[None]:
    """Put back the random states of torch, NumPy and Python, and of some generators."""
    put_back = _noted(generators)
    try:
        yield
    finally:
        put_back()


def undisturbed(source: Iterable[Any], generators: Sequence[torch.Generator] = ()) -> Iterator[Any]:
    """A pass during which random states look untouched from outside, even if it is left half-way.

    Starting a DataLoader alone draws from torch's state, and a data set may draw for each example. Inside, the pass
    goes on with the states that it had reached.
    """
    entries: Iterator[Any] | None = None
    resume = _noted(generators)
    while True:
        with preserved_randomness(generators):
            resume()
            try:
                entries = iter(source) if entries is None else entries
                batch = next(entries)
            except StopIteration:
                return
            resume = _noted(generators)
        yield batch


def advance(generators: Iterable[torch.Generator]) -> None:
    """Draw once from everything that a pass may draw from: the next one is then another, unless nothing is random."""
    torch.rand(1)
    random.random()
    np.random.rand()  # noqa: NPY002 (the legacy state is what user code draws from)
    for generator in generators:
        torch.randint(2, (), generator=generator, device=generator.device)


def _noted(generators: Iterable[torch.Generator]) -> Callable[[], None]:
    """What puts all random states back to where they are now."""
    state, python, numpy = torch.get_rng_state(), random.getstate(), np.random.get_state()  # noqa: NPY002
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    own = [(generator, generator.get_state()) for generator in generators]

    def put_back() -> None:
        torch.set_rng_state(state)
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        for generator, inside in own:
            generator.set_state(inside)

    return put_back


def random_state() -> Tensor:
    """Of torch's generators, from which modules draw."""
    states = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return torch.cat([torch.get_rng_state(), *states])


def drawing(model: nn.Module) -> tuple[str, ...]:
    """The modules that draw at random whenever they are called in the mode they are in."""
    return tuple(name or type(module).__name__ for name, module in model.named_modules() if _draws(module))


def _draws(module: nn.Module) -> bool:
    if not module.training:
        return False
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return 0 < module.p < 1
    if isinstance(module, nn.RReLU):
        return module.lower < module.upper
    if isinstance(module, nn.RNNBase):
        return 0 < module.dropout < 1 and module.num_layers > 1
    return isinstance(module, nn.MultiheadAttention) and 0 < module.dropout < 1
