"""What is known about an objective without any estimate: its loss, and how many parameters and examples it has."""

import dataclasses

import torch

from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective


@dataclasses.dataclass(frozen=True)
class Loss(Reading):
    """L(θ) over all data.

    Attributes:
        value: accumulated over the batches in float64.
        rounding: an estimate of the rounding error, eps · |L| at the working precision.
        examples, batches: what it was taken over.
        weighting: what the losses of the batches are weighed by.
    """

    value: float
    rounding: float
    examples: int
    batches: int
    weighting: str

    @property
    def evidence(self) -> str:
        special = {"sum": "summed", "whole": "of one batch", "given": "averaged over what the loss itself divides by"}
        how = special.get(self.weighting, f"averaged over {self.weighting}")
        return f"{how}; rounding about {self.rounding:.0e}"


@dataclasses.dataclass(frozen=True)
class Count(Reading):
    """A whole number that is known exactly; `of` says of what."""

    value: int
    of: str

    @property
    def evidence(self) -> str:
        return self.of


def loss(objective: Objective) -> Loss:
    """The loss over all data."""
    value, parts = objective.loss().item(), objective.partition
    return Loss(value, torch.finfo(objective.point.dtype).eps * abs(value), sum(parts), len(parts), objective.weighting)


def parameters(objective: Objective) -> Count:
    """How many numbers are trained."""
    fixed = sum(p.numel() for p in objective.model.parameters() if not p.requires_grad)
    return Count(len(objective.point), f"trainable, tied ones once; {fixed:,} more are frozen")


def examples(objective: Objective) -> Count:
    """How many examples are measured on."""
    parts = objective.partition
    return Count(sum(parts), "in one batch" if len(parts) == 1 else f"in {len(parts)} batches")
