"""The update of rules that take every parameter by itself: some at a time, so that what is written stays in the cache.

A rule says so with `entrywise = True`: each entry of the new point and of the new memory depends on that entry of
point, gradient and memory alone (and on numbers of the row), and an entry that is 0 in all three stays 0. Then it is
no matter how many entries are updated together, to the last bit, and what a mask holds at 0 need not be put back there.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.training.sight import Memory, Points

TOGETHER = 2**17
"""Entries updated together: what a rule computes on the way then stays in the cache (`benchmarks/sparse.py`)."""
FEW = 4 * TOGETHER
"""Up to so many entries there is too little to be saved."""


def entrywise(rule: Any) -> bool:
    """Whether the rule takes every parameter by itself."""
    return getattr(rule, "entrywise", False)


def updated(
    rule: Any, gradient: Points, points: Points, memory: Memory, step: int, *, mask: Bool[Tensor, "n p"] | None = None
) -> tuple[Points, Memory]:
    """What such a rule's `update` gives, with the gradient 0 where the mask is false.

    Args:
        rule: an entrywise one.
        gradient: (n, p).
        points: (n, p), 0 where the mask is false.
        memory: the rule's, likewise.
        step: of the training.
        mask: (n, p), if there is one.
    """
    rows, size = points.shape
    wide = max(1, TOGETHER // rows)
    if points.device.type != "cpu" or points.numel() <= FEW:
        return rule.update(_masked(gradient, mask, slice(None)), points, memory, step)
    whole = {name for name, value in memory.items() if value.shape == points.shape}
    moved = torch.empty_like(points)
    after = {name: torch.empty_like(value) if name in whole else value for name, value in memory.items()}
    for begin in range(0, size, wide):
        part = slice(begin, begin + wide)
        held = {name: value[:, part] if name in whole else value for name, value in memory.items()}
        moved[:, part], found = rule.update(_masked(gradient, mask, part), points[:, part], held, step)
        for name, value in found.items():
            if name in whole:
                after[name][:, part] = value
            else:
                after[name] = value
    return moved, after


def _masked(gradient: Points, mask: Bool[Tensor, "n p"] | None, part: slice) -> Float[Tensor, "n k"]:
    """The gradient of a part, 0 where the mask is false; numbers multiply several times as fast as truths."""
    some = gradient[:, part]
    return some if mask is None else some * mask[:, part].view(torch.uint8).to(some.dtype)
