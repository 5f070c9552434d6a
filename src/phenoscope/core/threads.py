"""How many threads PyTorch's operations have, and parts of one computation on threads of their own."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Part, Found = TypeVar("Part"), TypeVar("Found")


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads for each operation of PyTorch; afterwards as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def each(work: Callable[[Part], Found], parts: Sequence[Part]) -> list[Found]:
    """What the work gives for each part, in order.

    Where PyTorch may use k threads, k parts are worked on at once and each operation has one thread: shared by several,
    operations on small arrays take longer (`benchmarks/planes.py`). Gradients are recorded if they are outside.

    Args:
        work: of a part; its operations are PyTorch's, so that others can go on meanwhile.
        parts: independent of each other.

    Example:
        >>> each(lambda part: part.sum().item(), torch.arange(6).split(2))
        [1, 5, 9]
    """
    count, graded = min(torch.get_num_threads(), len(parts)), torch.is_grad_enabled()
    if count < 2:
        return [work(part) for part in parts]

    def alone(part: Part) -> Found:
        with torch.set_grad_enabled(graded):
            return work(part)

    with threads(1), ThreadPoolExecutor(count) as pool:
        return list(pool.map(alone, parts))
