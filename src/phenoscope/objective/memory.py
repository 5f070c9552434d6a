"""How much memory the graph of a loss takes, measured by building a small part of it."""

from collections.abc import Callable

import torch
from torch import Tensor

from phenoscope.objective.batches import Batch, length, take
from phenoscope.objective.operators import PieceOf

PROBED = 16
"""Examples in the part that is built to measure; the rest is taken to cost in proportion."""


def graph_bytes(build: Callable[[], object]) -> int:
    """Bytes of all tensors saved for a backward pass while `build` runs, each storage counted once."""
    seen: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        built = build()
    del built
    return sum(seen.values())


def bytes_per_example(piece_of: PieceOf, batch: Batch, *, splittable: bool) -> float:
    """Bytes of graph an example takes, from a part of the batch (all of it where it must not be split)."""
    count = min(PROBED, length(batch)) if splittable else length(batch)
    return graph_bytes(lambda: piece_of(take(batch, 0, count))) / max(1, count)
