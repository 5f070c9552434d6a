"""Dataclasses that hold tensors are equal to themselves alone: a tensor's own comparison is no answer."""

import dataclasses
import importlib
import inspect
import pkgutil

import torch

from phenoscope import instruments
from phenoscope.instruments import sharpness
from phenoscope.objective import Matrix


def holding_tensors():
    """Every dataclass of the package with a field whose annotation names a tensor."""
    for module in pkgutil.walk_packages(instruments.__path__, instruments.__name__ + "."):
        for found in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(found) and dataclasses.is_dataclass(found) and found.__module__ == module.name:
                kinds = [str(field.type) for field in dataclasses.fields(found)]
                if any("Tensor" in kind and "Callable" not in kind for kind in kinds):
                    yield found


def test_no_dataclass_compares_tensors():
    found = list(holding_tensors())
    assert len(found) > 40
    assert [each.__name__ for each in found if "__eq__" in vars(each)] == []


def test_two_readings_can_be_compared():
    one, other = (sharpness(Matrix(torch.diag(torch.tensor([1.0, 3.0])))) for _ in range(2))
    assert one == one  # noqa: PLR0124
    assert one != other
