"""Any instrument of the registry, read along training."""

import dataclasses
import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import INSTRUMENTS, Bench, symmetries
from phenoscope.instruments import Reading as Evidence
from phenoscope.probes.probe import Moment, Reading, Rows, at_least_one
from phenoscope.training import Linearised


@spec
class Instruments:
    """Any of the instruments of `phenoscope measure`, read along training, such as `trace`.

    A series has the name of its instrument, with spaces; beside it stand its standard error or residual, its products,
    and whether it converged. Each instrument draws from a stream of its own, so that what else is measured changes
    nothing. Rows of a cohort are measured one after the other.

    Attributes:
        instruments: names out of `phenoscope.instruments.INSTRUMENTS`.
        every: steps from one reading to the next.
    """

    instruments: tuple[str, ...] = ("trace",)
    every: int = 100

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        names = self.instruments
        unknown = [name for name in names if name not in INSTRUMENTS] if not isinstance(names, str) else [names]
        if unknown or not names or len(set(names)) < len(names):
            raise BadInput(
                f"the instruments of a probe are a tuple of different names out of {', '.join(INSTRUMENTS)}; got "
                f"{names!r}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        return {_series(name): INSTRUMENTS[name].unit for name in self.instruments}

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return self.due(step) and any(INSTRUMENTS[name].hessian for name in self.instruments)

    def update(self, moment: Moment, memory: None) -> Reading:
        found = [self._row(moment, row) if alive else {} for row, alive in enumerate(moment.alive.tolist())]
        ordered = [name for name in INSTRUMENTS if name in self.instruments]
        rows = [rows for name in ordered for rows in _rows(name, moment.step, [each.get(name) for each in found])]
        return rows, memory

    def _row(self, moment: Moment, row: int) -> dict[str, Evidence]:
        objective = moment.objective(row)
        if objective is None:
            return {}
        shared = len(moment.alive) == 1 and self.needs_curvature(moment.step)
        bench = Bench(objective, moment.around.hessian() if shared else None)  # type: ignore[arg-type]
        return _taken(self.instruments, bench, moment)


@spec
class Rescaled:
    """The same instruments on a rescaled copy of each network, whose function is the same: such as `rescaled trace`.

    Two layers around a positively homogeneous activation are multiplied and divided by one factor c (see
    `instruments.symmetries`), which no output notices, and every measure that is made of plain derivatives (Dinh et al.
    2017, arXiv:1703.04933). log c is uniform between ± log `most`, drawn by the network's own parameters, so that no
    two networks share one; what was drawn is the series `rescaling`. A network without such layers is not read.

    Attributes:
        instruments: as for `Instruments`.
        every: steps from one reading to the next.
        most: the largest factor, above 1; powers of two are not preferred, so outputs change by rounding.
    """

    instruments: tuple[str, ...] = ("trace",)
    every: int = 100
    most: float = 64.0

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        Instruments(self.instruments)  # refuses what it cannot use
        if not 1 < self.most < math.inf:
            raise BadInput(f"`most` of Rescaled is a factor above 1, got {self.most}.")

    @property
    def units(self) -> Mapping[str, str]:
        plain = Instruments(self.instruments).units
        return {f"rescaled {name}": unit for name, unit in plain.items()} | {"rescaling": "1"}

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return False  # of the copies, never of the networks themselves

    def update(self, moment: Moment, memory: None) -> Reading:
        names = [hashlib.sha256(point.cpu().numpy().tobytes()).hexdigest() for point in moment.points]
        drawn = [
            torch.rand((), generator=stream(moment.seed, "rescaling", name), dtype=torch.float64) for name in names
        ]
        factors = self.most ** (2 * torch.stack(drawn) - 1)
        alive = zip(factors.tolist(), moment.alive.tolist(), strict=True)
        found = [self._row(moment, row, factor) if ok else {} for row, (factor, ok) in enumerate(alive)]
        ordered = [name for name in INSTRUMENTS if name in self.instruments]
        read = [rows for name in ordered for rows in _rows(name, moment.step, [each.get(name) for each in found])]
        renamed = [dataclasses.replace(rows, name=f"rescaled {rows.name}") for rows in read]
        return ([Rows("rescaling", moment.step, factors), *renamed] if read else []), memory

    def _row(self, moment: Moment, row: int, factor: float) -> dict[str, Evidence]:
        objective = moment.objective(row)
        found = () if objective is None else symmetries(objective, factor=factor)[0]
        twin = next((each for each in found if each.name == "layer rescaling"), None)
        if objective is None or twin is None:
            return {}
        return _taken(self.instruments, Bench(twin.of(objective)), moment)


def _taken(instruments: tuple[str, ...], bench: Bench, moment: Moment) -> dict[str, Evidence]:
    """The readings of one network, each from a stream of its own.

    A linearised network is no network of layers any more, so instruments that are about layers have no reading of it.
    """
    found = {}
    for name in INSTRUMENTS:
        if name not in instruments:
            continue
        try:
            found[name] = INSTRUMENTS[name].read(bench, stream(moment.seed, name, moment.step))
        except BadInput:
            if not isinstance(bench.objective.model, Linearised):
                raise
    return found


def _series(name: str) -> str:
    return name.replace("_", " ")


def _rows(name: str, step: int, found: Sequence[Evidence | None]) -> list[Rows]:
    """The values of all rows, nan where there is none, and beside them what each is off by, cost and came to."""
    there = next((each for each in found if each is not None), None)
    if there is None:
        return []
    columns: dict[str, Tensor] = {"": _column(found, "value")}
    if there.error_field is not None:
        end = ".standard error" if there.error_field == "standard_error" else ".residual"
        columns[end] = _column(found, "error")
    for end, field in ((".products", "products"), (".failure probability", "failure_probability")):
        if hasattr(there, field):
            columns[end] = _column(found, field)
    if hasattr(there, "outcome"):
        columns[".converged"] = _column(found, "converged")
    return [Rows(_series(name) + end, step, values) for end, values in columns.items()]


def _column(found: Sequence[Any], field: str) -> Tensor:
    numbers = [float("nan") if each is None else float(getattr(each, field)) for each in found]
    return torch.tensor(numbers, dtype=torch.float64)
