"""The tangent kernel along training: does it stand still, turn, or turn towards the targets?"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.instruments import effective_rank, empirical_ntk, kernel_alignment, kernel_change, kernel_distance
from phenoscope.objective import Objective
from phenoscope.objective.batches import take
from phenoscope.probes.probe import Moment, Reading, Regular, Rows

SERIES = ("kernel change", "kernel distance", "kernel velocity", "kernel alignment", "kernel rank")


@spec
class KernelChange(Regular):
    """The tangent kernel of a few training examples, summed over outputs, against its start and the targets.

    Series: `kernel change`, ‖K - K₀‖/‖K₀‖; `kernel distance`, 1 minus the cosine of K and K₀; `kernel velocity`, that
    distance from the last reading, per step; `kernel alignment`, the centred cosine with the Gram matrix of the
    targets; `kernel rank`, the effective rank. Rows of a cohort are measured one after the other.

    Attributes:
        every: steps from one reading to the next.
        examples: the first so many of the training examples.
    """

    every: int = 100
    examples: int = 50

    def __post_init__(self) -> None:
        Regular.__post_init__(self)
        if self.examples < 2:
            raise BadInput(
                f"a kernel is between examples: `examples` of KernelChange is at least 2, not {self.examples}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(SERIES, "1") | {"kernel velocity": "1 per step"}

    def update(self, moment: Moment, memory: Any) -> Reading:
        """Memory: the kernels of all rows at the first reading and the last, (n, b, b), and the step of the last."""
        found = [self._kernel(moment, row) if alive else None for row, alive in enumerate(moment.alive.tolist())]
        if all(each is None for each in found):
            return [], memory
        like = next(each[0] for each in found if each is not None)
        kernels = torch.stack([torch.full_like(like, math.nan) if each is None else each[0] for each in found])
        first, last, before = memory or (kernels, kernels, moment.step)
        columns: dict[str, list[float]] = {name: [] for name in SERIES}
        for row, each in enumerate(found):
            own = _read(kernels[row], first[row], last[row], moment.step - before, None if each is None else each[1])
            for name, value in zip(SERIES, own, strict=True):
                columns[name].append(value)
        rows = [Rows(name, moment.step, torch.tensor(values, dtype=torch.float64)) for name, values in columns.items()]
        return rows, (first, kernels, moment.step)

    def _kernel(self, moment: Moment, row: int) -> tuple[Tensor, Tensor] | None:
        objective = moment.objective(row)
        return None if objective is None else _of(objective, self.examples)


def _of(objective: Objective, examples: int) -> tuple[Tensor, Tensor]:
    """The kernel of the first examples, and their targets."""
    inputs, targets = take(next(objective.terms.passes()), 0, examples)
    return empirical_ntk(objective.model, inputs, outputs="trace").matrix, targets


def _read(now: Tensor, first: Tensor, last: Tensor, steps: int, targets: Tensor | None) -> tuple[float, ...]:
    if targets is None or not bool(torch.isfinite(now).all()):
        return (math.nan,) * len(SERIES)
    velocity = kernel_distance(last, now) / steps if steps else 0.0
    change, distance = kernel_change(first, now), kernel_distance(first, now)
    return change, distance, velocity, kernel_alignment(now, targets), effective_rank(now)
