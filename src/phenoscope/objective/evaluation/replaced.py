"""Functions of PyTorch that are others for a while: with right derivatives, or with ones that cost less."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.overrides import TorchFunctionMode

Replacements = dict[Callable[..., Any], Callable[..., Tensor | None]]
"""What stands for which function: called with its arguments, it answers `None` where the function is to stay."""


class Replaced(TorchFunctionMode):
    """While it is entered, PyTorch's functions are their replacements.

    A mode is shown either the function of Python or the one below it: where both exist, both belong in the table.
    """

    def __init__(self, by: Replacements) -> None:
        super().__init__()
        self._by = by

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        replacement = self._by.get(func)
        found = None if replacement is None else replacement(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {})) if found is None else found


def is_plain() -> bool:
    """Whether no transform of functions is at work, which would want rules of its own."""
    transforms = torch._C._functorch.peek_interpreter_stack()  # type: ignore[attr-defined]
    return transforms is None and forward_ad._current_level < 0
