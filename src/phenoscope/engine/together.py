"""The processes that torchrun started together, each with its share of the data."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import distributed

from phenoscope.core.errors import BadInput
from phenoscope.objective.batches import length, take
from phenoscope.objective.processes import ALONE, Processes


@contextmanager
def together() -> Iterator[Processes]:
    """All processes of this run of torchrun, joined over gloo; without torchrun, this one alone."""
    if not distributed.is_torchelastic_launched() or int(os.environ["WORLD_SIZE"]) == 1:
        yield ALONE
        return
    distributed.init_process_group("gloo")
    try:
        yield Processes(distributed.group.WORLD)
        distributed.barrier()  # none takes leave while another still works
    finally:
        distributed.destroy_process_group()


def share(data: Any, processes: Processes, *, whole: bool) -> Any:
    """The part of one process of data that every process can see.

    Args:
        data: a pair of tensors, of which each process takes as many examples in a row as the others, up to one; or
            batches, of which it takes every k-th, k being the number of processes.
        processes: all of them.
        whole: whether they are a pair.

    Raises:
        BadInput: fewer examples than processes.
    """
    if processes.count == 1:
        return data
    if not whole:
        return _Share(data, processes)
    examples, rank, count = length(data), processes.rank, processes.count
    if examples < count:
        raise BadInput(f"there are fewer examples ({examples}) than processes ({count}). Start fewer processes.")
    return take(data, examples * rank // count, examples * (rank + 1) // count)


class _Share:
    """Every k-th batch, as often as they are gone through."""

    def __init__(self, batches: Iterable[Any], processes: Processes) -> None:
        self._batches, self._processes = batches, processes

    def __iter__(self) -> Iterator[Any]:
        seen = 0
        for seen, batch in enumerate(self._batches, start=1):
            if (seen - 1) % self._processes.count == self._processes.rank:
                yield batch
        if seen < self._processes.count:
            raise BadInput(
                f"the data come in fewer batches ({seen}) than there are processes ({self._processes.count}): make "
                "smaller batches, or start fewer processes."
            )
