"""What a panel of measurements holds: lines with a value, the evidence for it, and the reading behind both."""

import dataclasses
import math
from enum import Enum
from typing import Any

from torch import Tensor

from phenoscope.core import displays
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Reading, Sampled

LEFT_OUT = ("value", "vector", "vectors")
"""What is no part of the evidence: the value stands beside it, and vectors have as many entries as there are parameters
each.
"""


@dataclasses.dataclass(frozen=True)
class Line:
    """One quantity of a panel.

    Attributes:
        name: of the instrument.
        says: what is measured.
        unit: of the value.
        value: nan where it could not be measured; the evidence then says why.
        evidence: what the value rests on, for a person.
        converged: whether the instrument reached the accuracy it was asked for.
        reading: as the instrument returned it.
        sampling: the error from having measured on a sample of the data, where it was asked for.
    """

    name: str
    says: str
    unit: str
    value: float | int
    evidence: str
    converged: bool
    reading: Reading
    sampling: Sampled | None = None

    def to_json(self) -> dict[str, Any]:
        """Value and evidence as plain JSON; a number that is not finite is `None`, eigenvectors are left out."""
        parts = vars(self.reading)
        evidence = {name: _plain(part) for name, part in parts.items() if name not in LEFT_OUT}
        about = {"value": _plain(self.value), "unit": self.unit, "says": self.says, "converged": self.converged}
        sampling = {} if self.sampling is None else {"sampling": _plain(self.sampling.numbers)}
        return about | {"evidence": evidence} | sampling


@dataclasses.dataclass(frozen=True)
class Panel:
    """The measurements of one network, in the order they were asked for; `panel["trace"]` is one of them."""

    lines: tuple[Line, ...]

    def __getitem__(self, name: str) -> Line:
        for line in self.lines:
            if line.name == name:
                return line
        raise BadInput(f"this panel holds {', '.join(line.name for line in self.lines)}, no {name!r}. Ask for it.")

    def to_json(self) -> dict[str, Any]:
        return {line.name: line.to_json() for line in self.lines}

    def _repr_html_(self) -> str:
        return displays.html(self)

    def __str__(self) -> str:
        width = max((len(line.name) for line in self.lines), default=0)
        return "\n".join(f"{line.name:<{width}}  {line.value:.6g}  ({line.evidence})" for line in self.lines)


def _plain(value: Any) -> Any:
    """A part of a reading as JSON."""
    if isinstance(value, Tensor):
        return _plain(value.tolist())
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if dataclasses.is_dataclass(value):
        return _plain(vars(value))
    return None if isinstance(value, float) and not math.isfinite(value) else value
