"""Any instrument of the registry, read along training."""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import Bench, Instrument, symmetries
from phenoscope.instruments import Reading as Evidence
from phenoscope.instruments.named import instruments_named, is_effective, known, without_number
from phenoscope.probes.bench import bench, check_patterns, of_parameters
from phenoscope.probes.probe import Moment, Reading, Rows, at_least_one
from phenoscope.training import Linearised

NAMES = "the instruments of a probe are a tuple of different"
"""Begins the sentence for others."""


@spec
class Instruments:
    """Any of the instruments of `phenoscope measure`, read along training, such as `trace`.

    A series has the name of its instrument, with spaces; beside it stand its standard error or residual, its products,
    and whether it converged. What has more than one number writes a series for each: of `eigenvalues:3` they are
    `eigenvalues`, `eigenvalues 2`, `eigenvalues smallest`, ..., of `density` also `density median`. Each instrument
    draws from a stream of its own, so that what else is measured changes nothing. Rows of a cohort are measured one
    after the other. What begins with `effective_` is of what an adaptive rule meets (see `ps.preconditioned`); it is
    read from the first update on, and with such rules only.

    Attributes:
        instruments: names out of `phenoscope.instruments.INSTRUMENTS`, as `ps.measure` takes them.
        every: steps from one reading to the next.
        parameters: patterns of names, such as `"layers.0.*"`: only what fits one of them may move, and all is measured
            of these parameters alone, as `trace of layers.0.*`. A linearised network has no such names.
    """

    later = ("parameters",)

    instruments: tuple[str, ...] = ("trace",)
    every: int = 100
    parameters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        _taken(self.instruments)  # refuses what there is not
        if len({_series(name) for name in self.instruments}) < len(self.instruments):
            names = ", ".join(known())
            raise BadInput(f"{NAMES} names out of {names}; got {self.instruments!r}, some of them twice.")
        check_patterns(self.parameters)

    @property
    def units(self) -> Mapping[str, str]:
        return {
            self.named(name, part): made.unit
            for name, made in _taken(self.instruments).items()
            for part in ("", *made.further)
        }

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        own = _taken(self.instruments)
        return not self.parameters and self.due(step) and any(made.hessian for made in own.values())

    def update(self, moment: Moment, memory: None) -> Reading:
        found = [self._row(moment, row) if alive else {} for row, alive in enumerate(moment.alive.tolist())]
        return _rows(self, moment.step, found), memory

    def named(self, name: str, part: str) -> str:
        """The series of an instrument, or of one of its further numbers."""
        return of_parameters(f"{_series(name)} {part}".rstrip(), self.parameters)

    def _row(self, moment: Moment, row: int) -> dict[str, Evidence]:
        divided = any(map(is_effective, self.instruments))
        found = bench(moment, row, self.parameters, hessian=self.needs_curvature(moment.step), divided=divided)
        return {} if found is None else _read(self.instruments, found, moment)


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
        if any(map(is_effective, self.instruments)):
            raise BadInput("a rescaled copy has no optimizer, and so no effective curvature. Ask for the plain one.")
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
        read = _rows(Instruments(self.instruments), moment.step, found)
        renamed = [dataclasses.replace(rows, name=f"rescaled {rows.name}") for rows in read]
        return ([Rows("rescaling", moment.step, factors), *renamed] if read else []), memory

    def _row(self, moment: Moment, row: int, factor: float) -> dict[str, Evidence]:
        objective = moment.objective(row)
        found = () if objective is None else symmetries(objective, factor=factor)[0]
        twin = next((each for each in found if each.name == "layer rescaling"), None)
        if objective is None or twin is None:
            return {}
        return _read(self.instruments, Bench(twin.of(objective)), moment)


def _taken(names: tuple[str, ...]) -> dict[str, Instrument]:
    return instruments_named(names, NAMES)


def _series(name: str) -> str:
    return without_number(name).replace("_", " ")


def _read(names: tuple[str, ...], bench: Bench, moment: Moment) -> dict[str, Evidence]:
    """The readings of one network, each from a stream of its own.

    A linearised network is no network of layers any more, so instruments that are about layers have no reading of it.
    """
    found = {}
    for name, made in _taken(names).items():
        if is_effective(name) and not bench.preconditioned:
            continue
        try:
            found[name] = made.read(bench, stream(moment.seed, name, moment.step))
        except BadInput:
            if not isinstance(bench.objective.model, Linearised):
                raise
    return found


def _rows(probe: Instruments, step: int, found: Sequence[Mapping[str, Evidence]]) -> list[Rows]:
    """All that a probe writes of the readings by instrument, of each row, at a step."""
    columns: dict[str, list[float]] = {}
    for name in _taken(probe.instruments):
        columns |= _columns(lambda part, own=name: probe.named(own, part), [each.get(name) for each in found])
    return [Rows(name, step, torch.tensor(values, dtype=torch.float64)) for name, values in columns.items()]


def _columns(named: Callable[[str], str], found: Sequence[Evidence | None]) -> dict[str, list[float]]:
    """The values of all rows, nan where there is none, and beside them what each is off by, cost and came to."""
    there = next((each for each in found if each is not None), None)
    if there is None:
        return {}
    columns = {named(""): _column(found, "value")}
    end = ".standard error" if there.error_field == "standard_error" else ".residual"
    if there.error_field is not None:
        columns[named("") + end] = _column(found, "error")
    for own, field in ((".products", "products"), (".failure probability", "failure_probability")):
        if hasattr(there, field):
            columns[named("") + own] = _column(found, field)
    if hasattr(there, "outcome"):
        columns[named("") + ".converged"] = _column(found, "converged")
    nothing = math.nan, math.nan
    for part in there.further:
        pairs = [nothing if each is None else each.further.get(part, nothing) for each in found]
        columns[named(part)], columns[named(part) + end] = (list(column) for column in zip(*pairs, strict=True))
    return columns


def _column(found: Sequence[Any], field: str) -> list[float]:
    return [math.nan if each is None else float(getattr(each, field)) for each in found]
