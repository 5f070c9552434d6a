"""Nested values as a JSON skeleton and named tensors, and back: how a memory is stored without pickling it.

A tree holds `None`, truths, numbers, text, tensors, tuples, lists, dictionaries with names for keys, and frozen
dataclasses that were marked `@storable`. The skeleton names classes, but only the marked ones can be named: what a
foreign file asks for beyond these is refused.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput

T = TypeVar("T")

STORABLE: dict[str, type] = {}
"""The marked dataclasses by their name: all that `unpacked` can make."""

MOST_SPREAD = 64
"""A tensor is laid out with its gaps again if they make it at most so many times as large; otherwise without."""


def storable(cls: type[T]) -> type[T]:
    """Mark a frozen dataclass as one that may be stored; its name must be its own among all of them."""
    if not dataclasses.is_dataclass(cls) or not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise BadInput(f"only frozen dataclasses can be stored, got {cls.__name__}. Write `@dataclass(frozen=True)`.")
    known = STORABLE.get(cls.__name__)
    if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise BadInput(f"two storable classes are called {cls.__name__!r}, in {known.__module__} and {cls.__module__}.")
    STORABLE[cls.__name__] = cls
    return cls


def packed(value: Any, prefix: str) -> tuple[Any, dict[str, Tensor]]:
    """The skeleton of a tree, and its tensors by the names that the skeleton calls them.

    Tensors are copied to the CPU. Their layout is kept, since the order in which sums are taken depends on it.

    Args:
        value: the tree.
        prefix: of the tensors' names.

    Raises:
        BadInput: something in it cannot be stored.
    """
    tensors: dict[str, Tensor] = {}

    def pack(part: Any) -> Any:
        if isinstance(part, Tensor):
            name = f"{prefix}.{len(tensors)}"
            tensors[name] = part.detach().cpu().contiguous().clone()
            stride = None if part.is_contiguous() else list(part.stride())
            return {"tensor": name, "stride": stride}
        if part is None or type(part) in (bool, int, str):
            return part
        if isinstance(part, float):
            return {"float": float(part).hex()}
        if type(part) in (tuple, list):
            return {type(part).__name__: [pack(one) for one in part]}
        if type(part) is dict and all(type(name) is str for name in part):
            return {"dict": {name: pack(one) for name, one in part.items()}}
        kind = STORABLE.get(type(part).__name__)
        if kind is not None and type(part) is kind:
            fields = {field: pack(getattr(part, field)) for field in kind.__dataclass_fields__}
            return {"kind": kind.__name__, "fields": fields}
        raise BadInput(
            f"a {type(part).__name__} cannot be stored. Use None, numbers, text, tensors, tuples, lists, dictionaries "
            "with names for keys, or frozen dataclasses marked with `phenoscope.probes.storable`."
        )

    return pack(value), tensors


def unpacked(skeleton: Any, tensors: Mapping[str, Tensor], device: torch.device | str = "cpu") -> Any:
    """The tree that `packed` took apart, with its tensors on the device.

    Raises:
        BadInput: a skeleton that `packed` does not write, or a class that is not marked `@storable` here.
    """
    try:
        return _unpacked(skeleton, tensors, torch.device(device))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RuntimeError, RecursionError) as problem:
        raise BadInput(f"this is no stored value ({problem!r}). The file is damaged or foreign.") from None


def _unpacked(skeleton: Any, tensors: Mapping[str, Tensor], device: torch.device) -> Any:
    if not isinstance(skeleton, dict):
        if skeleton is None or type(skeleton) in (bool, int, str):
            return skeleton
        raise ValueError(f"a bare {type(skeleton).__name__}")
    kind = next(iter(skeleton), None)
    if kind not in ("tensor", "float", "tuple", "list", "dict", "kind"):
        raise ValueError(f"a part called {kind!r}")
    content = skeleton[kind]
    if kind == "tensor":
        return _laid_out(tensors[content].to(device), skeleton.get("stride"))
    if kind == "float":
        return float.fromhex(content)
    if kind in ("tuple", "list"):
        made: Callable[[Any], Any] = tuple if kind == "tuple" else list
        return made(_unpacked(one, tensors, device) for one in content)
    if kind == "dict":
        return {name: _unpacked(one, tensors, device) for name, one in content.items()}
    if content not in STORABLE:
        raise BadInput(f"a stored value is a {content!r}, which is not known here. Import the module that defines it.")
    return STORABLE[content](**{name: _unpacked(one, tensors, device) for name, one in skeleton["fields"].items()})


def _laid_out(tensor: Tensor, stride: list[int] | None) -> Tensor:
    """A tensor with the strides it had, if its elements lie apart from one another with them."""
    if stride is None:
        return tensor
    if len(stride) != tensor.ndim or any(type(step) is not int or step < 0 for step in stride):
        raise ValueError(f"strides {stride} for a tensor of shape {tuple(tensor.shape)}")
    reach = 1
    for step, size in sorted(zip(stride, tensor.shape, strict=True)):
        if size > 1 and step < reach:
            return tensor  # elements that share a place: one that was expanded
        reach += step * (size - 1)
    if reach > MOST_SPREAD * math.prod(tensor.shape):
        return tensor
    return torch.empty_strided(tensor.shape, stride, dtype=tensor.dtype, device=tensor.device).copy_(tensor)
