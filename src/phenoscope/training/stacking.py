"""One rule for the rows of a cohort: its numbers become columns, where they are not the same in all rows."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.training.rules import Rule
from phenoscope.training.updates import Rates


def stacked(rules: Sequence[Rule], like: Tensor) -> Rule:
    """One rule for many rows: numbers that differ are columns (n, 1) in float64, such rates are looked up row by row.

    Args:
        rules: one a row, of the same classes.
        like: a tensor of the points' dtype and device.
    """
    first = rules[0]
    if any(type(rule) is not type(first) for rule in rules):
        raise BadInput(f"the rows of a cohort must share a rule, got {sorted({type(r).__name__ for r in rules})}.")
    made = object.__new__(type(first))
    for field in dataclasses.fields(first):
        values = [getattr(rule, field.name) for rule in rules]
        shared = field.name in getattr(first, "shared", ())
        object.__setattr__(made, field.name, values[0] if shared else _column(field.name, values, like))
    return made


def _column(name: str, values: list[Any], like: Tensor) -> Any:
    if name == "of":
        return stacked(values, like)
    if all(value == values[0] for value in values):
        return values[0]
    if name == "lr":
        return Rates(tuple(values), like)
    return torch.tensor(values, dtype=torch.float64, device=like.device)[:, None]
