"""What trials of a model and a loss show: on what a loss hangs besides the point, and outputs besides their inputs."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.objective.batches import Batch
from phenoscope.objective.kinds import UNFIT
from phenoscope.objective.randomness import random_state

FEW = 4
"""Examples that are tried."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """One evaluation of a loss.

    Attributes:
        total: the sum of the batches' losses times their weights, with the graph of all that they reach besides the
            parameters they are given.
        weight: the sum of the weights.
        drew: whether model or loss drew random numbers, be it without effect.
    """

    total: Tensor
    weight: float
    drew: bool


def trial(evaluate: Callable[[Batch], tuple[Tensor, float]], batches: Iterable[Batch], most: int | None) -> Trial:
    """Evaluate all batches, or the first `most` that have a weight."""
    totals, weights, drew = [torch.zeros((), dtype=torch.float64)], [], False
    for batch in batches:
        before = random_state()
        total, weight = evaluate(batch)
        drew = drew or not torch.equal(before, random_state())
        if weight > 0:
            totals.append(total.to(totals[0].device))
            weights.append(weight)
        if len(weights) == most:
            break
    return Trial(torch.stack(totals).sum(), sum(weights), drew)


def reached(value: Tensor, model: nn.Module) -> tuple[str, ...]:
    """The trainable parameters of the model in the graph of a value that was made of others in their place."""
    if not value.requires_grad:
        return ()
    names = {id(parameter): name for name, parameter in model.named_parameters() if parameter.requires_grad}
    todo, seen, found = [value.grad_fn], set(), set()
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        found.add(id(getattr(node, "variable", None)))
        todo += [following for following, _ in node.next_functions]
    return tuple(name for part, name in names.items() if part in found)


def apart(outputs: Callable[[Any], Tensor], part: Callable[[int], Any], count: int) -> bool | None:
    """Whether the outputs of some examples are the same when fewer are there; `None` where that cannot be seen.

    Args:
        outputs: of some inputs.
        part: the inputs of the first so many examples.
        count: how many examples there are.
    """
    several = min(count, FEW)
    if several < 2:
        return None
    try:
        whole, half = (outputs(part(size)) for size in (several, several // 2))
    except (*UNFIT, AssertionError, KeyError):  # a model for batches of one size, or of other axes
        return None
    if whole.ndim != half.ndim or not whole.is_floating_point():
        return None
    axes = [axis for axis, (long, short) in enumerate(zip(whole.shape, half.shape, strict=True)) if long != short]
    if len(axes) != 1:
        return None
    size = whole.abs().nan_to_num(0, 0).amax()
    same = whole.narrow(axes[0], 0, half.shape[axes[0]])
    return torch.allclose(half, same, rtol=0, atol=1e4 * torch.finfo(whole.dtype).eps * float(size), equal_nan=True)
