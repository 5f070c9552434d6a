"""How much memory the graph of a loss takes, measured by building small parts of it."""

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from phenoscope.objective.batches import Batch, length, take
from phenoscope.objective.operators import PieceOf

MEMORY = 4 * 2**30
"""Bytes that the kept graphs of one operator may take unless the caller says otherwise: 4 GiB."""
PROBED = 8
"""Examples in the part that is built to measure; the rest is taken to cost in proportion."""


@dataclasses.dataclass(frozen=True)
class GraphSize:
    """Bytes that the graph of a batch takes: `fixed`, whatever the batch (the parameters), and `each` example's."""

    fixed: float
    each: float

    def times(self, networks: int) -> "GraphSize":
        """That of so many networks together."""
        return GraphSize(self.fixed * networks, self.each * networks)

    def of(self, partition: tuple[int, ...]) -> float:
        """Bytes of the graphs of batches with so many examples, all together."""
        return self.fixed * len(partition) + self.each * sum(partition)

    def fitting(self, allowed: int) -> int:
        """How many examples make a graph of at most the allowed bytes; at least one."""
        return max(1, int((allowed - self.fixed) / max(self.each, 1.0)))


def graph_bytes(build: Callable[[], object]) -> int:
    """Bytes of all tensors saved for a backward pass while `build` runs, each counted once."""
    seen: dict[tuple[int, int], int] = {}

    def note(tensor: Tensor) -> Tensor:
        # Of a view only its own part counts (a batch is a view of all data), of an expanded one what is stored.
        seen[tensor.data_ptr(), tensor.nbytes] = min(tensor.nbytes, tensor.untyped_storage().nbytes())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        built = build()
    del built
    return sum(seen.values())


def graph_size(piece_of: PieceOf, batch: Batch, *, splittable: bool) -> GraphSize:
    """The size of a batch's graph, from two parts of the batch (from all of it where it must not be split)."""
    if not splittable or length(batch) < 2:
        return GraphSize(0.0, graph_bytes(lambda: piece_of(batch)) / max(1, length(batch)))
    more = min(PROBED, length(batch))
    less = more // 2
    small, large = (graph_bytes(lambda count=count: piece_of(take(batch, 0, count))) for count in (less, more))
    each = max(0.0, (large - small) / (more - less))
    return GraphSize(max(0.0, large - each * more), each)
