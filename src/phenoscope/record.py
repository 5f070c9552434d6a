"""A record: what was measured along one member."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np

from phenoscope.core import displays
from phenoscope.core.displays import Axes
from phenoscope.core.errors import BadInput

Outcome = Literal["finished", "diverged", "running"]

ERRORS = (".residual", ".standard error")
"""What a series may be off by stands beside it under one of these ends."""

COMPANIONS = (*ERRORS, ".products", ".failure probability", ".converged")
"""What may stand beside a series: its error, its cost, the chance that it misses what it looks for, and (1 or 0)
whether it reached the accuracy that it was asked for."""


@dataclasses.dataclass(frozen=True, eq=False)
class Series:
    """One named quantity along training: `steps` (m,), rising, and `values` (m,) in float64."""

    steps: np.ndarray
    values: np.ndarray

    def __post_init__(self) -> None:
        if self.steps.shape != self.values.shape or self.steps.ndim != 1:
            raise BadInput(
                f"a series needs as many values as steps, got {self.steps.shape} steps and {self.values.shape} values."
            )

    def __len__(self) -> int:
        return len(self.steps)


@dataclasses.dataclass(frozen=True, eq=False)
class Record:
    """Everything that claims may look at: settings, outcome and series of one member; never its parameters.

    Attributes:
        id: the member's id (or the pair's, for comparisons).
        settings: the numbers of the resolved recipe by name ("seed", "steps", "lr", "momentum", ...).
        series: what was measured, by name.
        outcome: how training ended.
        stopped_at: the last step reached, when it diverged.
    """

    id: str
    settings: Mapping[str, float]
    series: Mapping[str, Series]
    outcome: Outcome = "finished"
    stopped_at: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))
        object.__setattr__(self, "series", MappingProxyType(dict(self.series)))

    def _repr_html_(self) -> str:
        return displays.html(self)

    def plot(self, ax: Axes | None = None, *names: str, log: bool = False) -> Axes:
        """Draw series against the step.

        Args:
            ax: where to; new axes unless given.
            names: of the series; by default the first one.
            log: on a logarithmic axis.
        """
        return displays.plot(self, ax, names=names, log=log)

    def error_of(self, name: str) -> Series | None:
        """The series that says what another one may be off by, where one was recorded."""
        return next((self.series[name + end] for end in ERRORS if name + end in self.series), None)

    @property
    def seed(self) -> int:
        return int(self.settings["seed"])

    @property
    def steps(self) -> int:
        """The number of training steps the recipe asks for."""
        return int(self.settings["steps"])

    @property
    def reached(self) -> float:
        """The last step of training: all that the recipe asks for, or where it stopped by diverging."""
        if self.outcome == "finished":
            return self.steps
        if self.stopped_at is not None:
            return self.stopped_at
        return max((float(s.steps[-1]) for s in self.series.values() if len(s)), default=0.0)
