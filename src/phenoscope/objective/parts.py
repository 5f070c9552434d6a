"""Chosen examples taken out of data that come in batches, in one pass and with no more of them held than are chosen."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.objective.batches import Batch, by_example, entries, joined, length, to_device
from phenoscope.objective.processes import Processes


def picked(
    start: Callable[[], Iterator[Batch]],
    groups: Sequence[Tensor],
    own: tuple[int, ...],
    processes: Processes,
    device: torch.device,
) -> list[tuple[Batch, ...]]:
    """The examples of each group, as one batch wherever the pieces fit together; every process gets all of them.

    Args:
        start: begins a pass over this process's batches.
        groups: numbers of examples (k,), counted along a pass of one process after the other; a number that comes
            twice counts twice.
        own: how many examples each batch of this process has.
        processes: who holds the data.
        device: where all of them go.
    """
    counts = processes.gather(sum(own))
    ordered = [_checked(group, sum(counts)) for group in groups]
    taken: list[list[tuple[Batch, tuple[bool, ...]]]] = [[] for _ in ordered]
    first = sum(counts[: processes.rank])
    for batch in start():
        size = length(batch)
        for group, pieces in zip(ordered, taken, strict=True):
            low, high = torch.searchsorted(group, torch.tensor([first, first + size])).tolist()
            if high > low:
                pieces.append((entries(batch, group[low:high] - first), by_example(batch)))
        first += size
    everywhere = (itertools.chain(*pieces) for pieces in zip(*processes.gather(taken), strict=True))
    here = ([(to_device(piece, device), kind) for piece, kind in pieces] for pieces in everywhere)
    return [joined(*zip(*pieces, strict=True)) for pieces in here]


def everything(batches: Iterable[Batch], processes: Processes) -> tuple[Tensor, Tensor]:
    """Inputs and targets, tensors both, of the batches of all processes, in the order of `Objective.outputs`."""
    inputs, targets = (processes.stack(torch.cat(parts)) for parts in zip(*batches, strict=True))
    return inputs, targets


def drawn(count: int, size: int, draws: int, generator: torch.Generator | None) -> list[Int[Tensor, " size"]]:
    """The numbers of `size` out of `count` examples, without replacement within a draw, draws independent."""
    if not 1 <= size <= count:
        raise BadInput(f"a part must hold at least 1 example, and no more than there are: got {size} of {count}.")
    if draws < 1:
        raise BadInput(f"the number of parts must be at least 1, got {draws}.")
    generator = seeded(generator)
    return [torch.randperm(count, generator=generator, device=generator.device)[:size].cpu() for _ in range(draws)]


def _checked(group: Any, count: int) -> Int[Tensor, " k"]:
    numbers = torch.as_tensor(group)
    whole = not numbers.is_floating_point() and not numbers.is_complex() and numbers.dtype != torch.bool
    if numbers.ndim != 1 or not whole or not len(numbers):
        raise BadInput(
            f"a part of the data is a vector of numbers of examples, got {numbers.dtype} of shape "
            f"{tuple(numbers.shape)}. Pass for example `torch.arange(100)`."
        )
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or high >= count:
        raise BadInput(f"the examples are numbered from 0 to {count - 1}, got numbers from {low} to {high}.")
    return numbers.cpu().long().sort().values
