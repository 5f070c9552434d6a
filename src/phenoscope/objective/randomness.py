"""Random numbers around a measurement: nothing of theirs changes, and who draws them is noticed."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn


@contextlib.contextmanager
def preserved_randomness() -> Iterator[None]:
    """Put back the random states of torch, NumPy and Python: starting a DataLoader alone draws from torch's."""
    state, python = torch.get_rng_state(), random.getstate()
    numpy = np.random.get_state()  # noqa: NPY002 (the legacy state is what user code draws from)
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    try:
        yield
    finally:
        torch.set_rng_state(state)
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)


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
