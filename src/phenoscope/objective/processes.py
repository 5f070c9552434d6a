"""Data that are split over processes: each holds a part, and sums go over all of them."""

import dataclasses
from typing import Any

import torch
from torch import Tensor, distributed

from phenoscope.core.errors import BadInput


@dataclasses.dataclass(frozen=True)
class Processes:
    """The processes that hold a part of the data each.

    All of them must call the same things in the same order, as everywhere with `torch.distributed`. Sums are the same
    to the last bit in every process, so decisions made from them are the same too.

    Attributes:
        group: of `torch.distributed`, such as `torch.distributed.group.WORLD`; `None` is this process alone.
    """

    group: Any = None

    def __post_init__(self) -> None:
        if self.group is not None and not (distributed.is_available() and distributed.is_initialized()):
            raise BadInput(
                "`group` needs torch.distributed to be running. Start the script with torchrun and call "
                "torch.distributed.init_process_group('gloo') first."
            )

    @property
    def count(self) -> int:
        return 1 if self.group is None else distributed.get_world_size(self.group)

    @property
    def rank(self) -> int:
        """Which of them this is, from 0."""
        return 0 if self.group is None else distributed.get_rank(self.group)

    def sum(self, value: Tensor) -> Tensor:
        """The sum of a tensor of one shape over all processes."""
        if self.count == 1:
            return value
        total = value.contiguous().clone()
        distributed.all_reduce(total, group=self.group)
        return total

    def sum_of(self, number: float, device: torch.device) -> float:
        """The sum of a number over all processes."""
        if self.count == 1:
            return number
        return self.sum(torch.tensor(number, dtype=torch.float64, device=device)).item()

    def gather(self, value: Any) -> list[Any]:
        """What each process holds, in the order of their ranks."""
        if self.count == 1:
            return [value]
        parts: list[Any] = [None] * self.count
        distributed.all_gather_object(parts, value, group=self.group)
        return parts

    def stack(self, rows: Tensor) -> Tensor:
        """The rows that each process holds, one below the other in the order of their ranks."""
        return rows if self.count == 1 else torch.cat([part.to(rows.device) for part in self.gather(rows)])

    def agreed(self, value: Any, what: str) -> None:
        """Refuse what differs between the processes."""
        parts = self.gather(value)
        if any(part != parts[0] for part in parts):
            raise BadInput(f"{what} differs between the processes: {', '.join(map(str, parts))}. Make it the same.")


ALONE = Processes()
