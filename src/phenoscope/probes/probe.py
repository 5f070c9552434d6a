"""What a probe is, what it gives, and which series a set of probes writes."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.training import State

COMPANIONS = (".residual", ".products", ".failure probability")
"""What may stand beside a series: its error, its cost, and the chance that it misses what it looks for."""


@dataclasses.dataclass(frozen=True)
class Rows:
    """One named quantity at one step, for every row of a cohort: (n,)."""

    name: str
    step: int
    values: Float[Tensor, " n"]


Reading = tuple[list[Rows], Any]


@runtime_checkable
class Probe(Protocol):
    """What the recorder asks of a probe."""

    @property
    def units(self) -> Mapping[str, str]: ...

    def due(self, step: int) -> bool: ...

    def needs_curvature(self, step: int) -> bool: ...

    def update(self, state: State, memory: Any) -> Reading: ...


def series_units(probes: tuple[Any, ...]) -> dict[str, str]:
    """The unit of every series that the probes write; two probes may not write the same one."""
    units: dict[str, str] = {}
    for probe in probes:
        if not isinstance(probe, Probe):
            raise BadInput(f"{probe!r} is not a probe: it needs `units`, `due`, `needs_curvature` and `update`.")
        twice = units.keys() & probe.units.keys()
        if twice:
            raise BadInput(f"two probes write the series {sorted(twice)}. Keep one of them.")
        units |= probe.units
    return units


def writes(probes: tuple[Any, ...], name: str) -> bool:
    """Whether one of the probes writes the series, or a companion of one that it writes."""
    units = series_units(probes)
    return name in units or any(name.removesuffix(companion) in units for companion in COMPANIONS)


def at_least_one(probe: Any, name: str) -> None:
    """Refuse a schedule that has no steps."""
    if getattr(probe, name) < 1:
        raise BadInput(f"`{name}` of {type(probe).__name__} must be at least 1, got {getattr(probe, name)}.")
