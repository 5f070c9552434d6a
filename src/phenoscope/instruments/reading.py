"""What every instrument gives: a value, and the evidence for it."""

import abc
import re
from collections.abc import Mapping
from typing import Any

from phenoscope.core.displays import Shown
from phenoscope.instruments.outcome import Outcome

ERRORS = {
    "standard_error": "standard error",
    "residual": "residual",
    "grid_error": "grid error",
    "rounding": "rounding",
    "floor": "rounding floor",
}
"""The fields that may say what a value is off by, and what they are called."""


class Reading(Shown, abc.ABC):
    """A value with its evidence: the base of frozen dataclasses with a field `value` and, where they have them, one of
    `standard_error`, `residual`, `grid_error`, `rounding` or `floor`, and `outcome`.
    """

    value: Any

    @property
    @abc.abstractmethod
    def evidence(self) -> str:
        """What the value rests on, as one line for a person."""

    @property
    def title(self) -> str:
        """The name of what was measured, in words."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(self).__name__).lower()

    @property
    def error(self) -> float | None:
        """What the value may be off by; `None` where it is exact or nothing is known."""
        kind = self.error_field
        return None if kind is None else float(getattr(self, kind))

    @property
    def error_field(self) -> str | None:
        """Which of its fields says so."""
        return next((name for name in ERRORS if name in vars(self)), None)

    @property
    def further(self) -> Mapping[str, tuple[float, float]]:
        """The further numbers of a reading that has more than one: name -> value, and what it may be off by."""
        return {}

    @property
    def converged(self) -> bool:
        """Whether it reached the accuracy that was asked for."""
        return getattr(self, "outcome", Outcome.CONVERGED) is Outcome.CONVERGED

    def __str__(self) -> str:
        return f"{float(self.value):.6g} ({self.evidence})"
