"""What an instrument of the registry is."""

import dataclasses
from collections.abc import Callable

import torch

from phenoscope.instruments.bench import Bench
from phenoscope.instruments.reading import Reading

CURVATURE = "loss per squared parameter"

Read = Callable[[Bench, torch.Generator | None], Reading]


@dataclasses.dataclass(frozen=True)
class Instrument:
    """What gives one number for a network, and maybe further ones beside it.

    Attributes:
        says: one line for a person.
        unit: of the value.
        read: takes the reading; the generator is for all that it draws, its own fixed one where that is `None`.
        hessian: whether it asks the bench for the Hessian, whose graph others may share.
        further: the names of the further numbers that a reading may have, in the same unit (`Reading.further`).
        effective: the same of the matrix that an adaptive optimizer meets; `None` for what is of no matrix.
        counted: the same with so many numbers; `None` where there is nothing to count.
    """

    says: str
    unit: str
    read: Read
    hessian: bool = False
    further: tuple[str, ...] = ()
    effective: "Instrument | None" = None
    counted: "Callable[[int], Instrument] | None" = None
