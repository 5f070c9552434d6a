"""What an instrument of the registry is."""

import dataclasses
from collections.abc import Callable

import torch

from phenoscope.instruments.bench import Bench
from phenoscope.instruments.reading import Reading

CURVATURE = "loss per squared parameter"


@dataclasses.dataclass(frozen=True)
class Instrument:
    """What gives one number for a network.

    Attributes:
        says: one line for a person.
        unit: of the value.
        read: takes the reading; the generator is for all that it draws, its own fixed one where that is `None`.
        hessian: whether it asks the bench for the Hessian, whose graph others may share.
    """

    says: str
    unit: str
    read: Callable[[Bench, torch.Generator | None], Reading]
    hessian: bool = False
