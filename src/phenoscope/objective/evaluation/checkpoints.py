"""Gradient checkpoints, which curvature cannot go through: they are left out.

A checkpoint runs a part of the model again during the backward pass. By then parameters that were passed in for an
evaluation are the model's own again, so at any other point the derivatives would be those of another network. The kind
that is reentrant (the default for long) moreover gives none at all to what stands before the first input that needs a
gradient, and no second ones. Memory has bounds of its own here (`Objective(memory=...)`).
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from torch.utils import checkpoint


@contextlib.contextmanager
def without_checkpoints() -> Iterator[None]:
    """While it is entered, `torch.utils.checkpoint.checkpoint` calls the function and does nothing else."""
    before = {name: getattr(checkpoint, name) for name in PLAIN if hasattr(checkpoint, name)}
    try:
        for name in before:
            setattr(checkpoint, name, PLAIN[name])
        yield
    finally:
        for name, value in before.items():
            setattr(checkpoint, name, value)


class _Reentrant:
    """In the place of PyTorch's function."""

    @staticmethod
    def apply(function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        return function(*args)


def _not_reentrant(*_: Any, **__: Any) -> Iterator[None]:
    """In the place of PyTorch's generator: what is to happen before the function, and after it."""
    yield


PLAIN: dict[str, Any] = {
    "CheckpointFunction": _Reentrant,
    "_checkpoint_without_reentrant_generator": _not_reentrant,
}
"""What `checkpoint` calls, of either kind, and what it calls instead."""
