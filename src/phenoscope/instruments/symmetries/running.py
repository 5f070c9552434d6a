"""A model with other parameters and buffers."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from phenoscope.instruments.symmetries.changes import deviation
from phenoscope.instruments.symmetries.tracing import called, tensors_of


def loaded(model: nn.Module, tensors: Mapping[str, Tensor]) -> nn.Module:
    """A copy of a model with these parameters and buffers."""
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for name, value in tensors_of(twin).items():
            value.copy_(tensors[name])
    return twin


def outputs_at(model: nn.Module, tensors: Mapping[str, Tensor], arguments: Any) -> tuple[Tensor, ...]:
    """What a model gives with other parameters and buffers."""

    def run(*args: Any, **kwargs: Any) -> Any:
        return functional_call(model, dict(tensors), args, kwargs)

    return called(run, arguments)


def outputs_change(before: tuple[Tensor, ...], after: tuple[Tensor, ...]) -> float:
    """The largest change of any output."""
    return max((deviation(one, two) for one, two in zip(before, after, strict=True) if one.numel()), default=0.0)
