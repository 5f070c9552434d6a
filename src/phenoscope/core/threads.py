"""Parts of one computation that do not depend on each other, on several threads."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Part, Found = TypeVar("Part"), TypeVar("Found")


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
    threads, graded = torch.get_num_threads(), torch.is_grad_enabled()
    if min(threads, len(parts)) < 2:
        return [work(part) for part in parts]

    def alone(part: Part) -> Found:
        with torch.set_grad_enabled(graded):
            return work(part)

    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(min(threads, len(parts))) as pool:
            return list(pool.map(alone, parts))
    finally:
        torch.set_num_threads(threads)
