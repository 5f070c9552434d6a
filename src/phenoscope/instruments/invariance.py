"""Which measures of a network are measures of its function, and which change though the function does not?"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn

from phenoscope.core.displays import Shown
from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout
from phenoscope.core.seeds import copied
from phenoscope.instruments.bench import Bench
from phenoscope.instruments.matrices import OF_OTHERS
from phenoscope.instruments.named import instruments_named
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.registry import INSTRUMENTS
from phenoscope.instruments.symmetries import PRESERVED, Absent, Symmetry, deviation, symmetries
from phenoscope.objective import Objective

DEVIATIONS = 3.0
"""Standard errors within which two estimates are the same; of any other error, one."""
ROUNDING = 1e-4
"""What rounding may do to a reading, relative to its value."""
LEFT_OUT = {
    "parameters",
    "examples",
    "outliers",
    *(name for name, each in INSTRUMENTS.items() if each.further),
    *(name for name in OF_OTHERS if name.endswith(("frobenius_norm", "outliers", "spectrum"))),
}
"""What nobody asked for by name is not audited: counts, and of the matrices what repeats their eigenvalue and trace."""


Measure = Callable[[Objective], Reading | float]
Measured = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Transformation:
    """A change of the parameters, and what it did to the function.

    Attributes:
        name: of its kind; "control" is the one that is meant to change the function.
        says: what was done, to which layers.
        deviation: the largest change of an output, relative to the largest output; 0 where every bit is the same.
    """

    name: str
    says: str
    deviation: float

    @property
    def preserves(self) -> bool:
        """Whether the function stayed as it was, on the data."""
        return self.deviation <= PRESERVED


@dataclasses.dataclass(frozen=True)
class Change:
    """One measure before and after one transformation.

    Attributes:
        measure, transformation: their names.
        before, after: the values.
        error: what the difference may be off by: both readings' errors (of standard errors, three) and rounding.
    """

    measure: str
    transformation: str
    before: float
    after: float
    error: float

    @property
    def ratio(self) -> float:
        """What the measure was multiplied by."""
        return self.after / self.before if self.before else (1.0 if self.after == 0 else math.inf)

    @property
    def changed(self) -> bool:
        """Whether it changed by more than it may be off by; what is no number any more has changed."""
        return not abs(self.after - self.before) <= self.error


@dataclasses.dataclass(frozen=True)
class InvarianceAudit(Shown):
    """Measures against transformations of the parameters.

    Attributes:
        changes: one of each measure under each transformation.
        transformations: what was done, and whether it left the function as it was.
        absent: kinds of transformation that this network does not have, and measures that are no numbers at it or could
            not be taken under one of them, and why.
    """

    changes: tuple[Change, ...]
    transformations: tuple[Transformation, ...]
    absent: tuple[Absent, ...]

    @property
    def measures(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(change.measure for change in self.changes))

    @property
    def invariant(self) -> tuple[str, ...]:
        """The measures that no transformation that preserves the function has changed."""
        kept = {each.name for each in self.transformations if each.preserves}
        moved = {each.measure for each in self.changes if each.changed and each.transformation in kept}
        return tuple(name for name in self.measures if name not in moved) if kept else ()

    def of(self, measure: str, transformation: str) -> Change:
        """One cell of the table."""
        for change in self.changes:
            if (change.measure, change.transformation) == (measure, transformation):
                return change
        raise BadInput(
            f"there is no {measure!r} under {transformation!r}: there are {', '.join(self.measures)} under "
            f"{', '.join(each.name for each in self.transformations)}."
        )

    def rows(self) -> list[tuple[str, ...]]:
        """The table in words, one row a measure after a row of heads."""
        heads = [each.name if each.preserves else f"{each.name} (other function)" for each in self.transformations]
        body = [
            (name.replace("_", " "), *(_word(self.of(name, each.name)) for each in self.transformations))
            for name in self.measures
        ]
        return [("", *heads), *body]

    def to_json(self) -> dict[str, Any]:
        """The table as plain JSON; a number that is not finite is `None`."""
        changes = [vars(each) | {"ratio": each.ratio, "changed": each.changed} for each in self.changes]
        made = [vars(each) | {"preserves": each.preserves} for each in self.transformations]
        absent = [vars(each) for each in self.absent]
        return {"changes": [_plain(each) for each in changes], "transformations": made, "absent": absent}

    def notes(self) -> list[str]:
        """What was done and what was not, a sentence each."""
        made = [f"{each.name}: {each.says}; outputs change by {each.deviation:.1e}" for each in self.transformations]
        return made + [f"no {each.name}: {each.why}" for each in self.absent]

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, *self.notes()])


def invariance_audit(
    objective: Objective,
    measures: Iterable[str] | Mapping[str, Measure] | None = None,
    *,
    factor: float = 4.0,
    generator: torch.Generator | None = None,
) -> InvarianceAudit:
    """Every measure at the same function's other parameters (Dinh et al. 2017, arXiv:1703.04933).

    The transformations are found in the network (see `symmetries`): the layers before and after a positively
    homogeneous function rescaled by c and 1/c; hidden units in another order; a layer before normalisation scaled. Each
    is checked on the data, and one that changes the outputs is reported as another function. The control multiplies one
    layer alone, which changes the function: a measure that stays the same even there tells nothing about it. Estimates
    draw the same numbers each time.

    Args:
        objective: the loss, at the model's own point.
        measures: names from `INSTRUMENTS` (without them, all but counts and what repeats another), or measures of one's
            own by name, functions of an objective that return a reading or a number.
        factor: c, by which layers are scaled, positive and not 1.
        generator: of all that is drawn; each instrument's own fixed one unless given.

    Returns:
        `InvarianceAudit`: a table with ratios; `audit.invariant` names what no such transformation changed.

    Raises:
        BadInput: an unknown measure, or a factor that changes nothing.

    Example:
        >>> from torch import nn
        >>> seed = torch.manual_seed(0)
        >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        >>> objective = Objective(model, nn.MSELoss(), (torch.eye(2), torch.ones(2, 1)))
        >>> audit = invariance_audit(objective, ("loss", "gradient_norm"))
        >>> audit.of("loss", "layer rescaling").changed, audit.of("gradient_norm", "layer rescaling").changed
        (False, True)
    """
    if not factor > 0 or factor == 1 or not math.isfinite(factor):
        raise BadInput(f"`factor` must be positive, finite and not 1, got {factor}.")
    taken = _measures(measures)
    found, absent = symmetries(objective, factor=factor, generator=_copied(generator))
    before, failed = _read(objective, taken, generator)
    failed += [Absent(name, f"it is {value} here") for name, (value, _) in before.items() if not math.isfinite(value)]
    transformations, after = [], {}
    outputs = objective.outputs()
    for each in (*found, _control(objective, factor)):
        twin, gone = each.of(objective), {one.name for one in failed}
        transformations.append(Transformation(each.name, each.says, deviation(outputs, twin.outputs())))
        after[each.name], missed = _read(twin, {name: taken[name] for name in before if name not in gone}, generator)
        failed += [Absent(one.name, f"under {each.name}, {one.why}") for one in missed]
    kept = [name for name in before if all(name in values for values in after.values())]
    changes = [_change(name, way, before[name], values[name]) for way, values in after.items() for name in kept]
    return InvarianceAudit(tuple(changes), tuple(transformations), (*absent, *failed))


Reader = Callable[[Bench, torch.Generator | None], Reading | float]


def _measures(measures: Iterable[str] | Mapping[str, Measure] | None) -> dict[str, Reader]:
    """Name -> what takes it of a bench, in the registry's order where it is from there."""
    if isinstance(measures, Mapping):
        return {name: _own(measure) for name, measure in measures.items()}
    names = [name for name in INSTRUMENTS if name not in LEFT_OUT] if measures is None else measures
    return {name: made.read for name, made in instruments_named(names, "the measures are a tuple of").items()}


def _own(measure: Measure) -> Reader:
    return lambda bench, _: measure(bench.objective)


def _read(
    objective: Objective, measures: Mapping[str, Reader], generator: torch.Generator | None
) -> tuple[dict[str, Measured], list[Absent]]:
    """Value and error of each measure, and those that could not be taken."""
    bench, found, failed = Bench(objective), {}, []
    for name, read in measures.items():
        try:
            reading = read(bench, _copied(generator))
        except Exception as problem:  # a measure that this loss or model does not allow; a user's own that fails
            failed.append(Absent(name, str(problem).split("\n", maxsplit=1)[0]))
            continue
        if isinstance(reading, Reading):
            factor = DEVIATIONS if reading.error_field == "standard_error" else 1.0
            found[name] = float(reading.value), factor * (reading.error or 0.0)
        else:
            found[name] = float(reading), 0.0
    return found, failed


def _change(measure: str, transformation: str, before: Measured, after: Measured) -> Change:
    rounding = ROUNDING * max(abs(before[0]), abs(after[0]))
    return Change(measure, transformation, before[0], after[0], before[1] + after[1] + rounding)


def _control(objective: Objective, factor: float) -> Symmetry:
    """A layer is scaled and nothing is made up for: no symmetry."""
    places = layout(objective.model)
    name = next((n for n, shape in zip(places.names, places.shapes, strict=True) if len(shape) > 1), places.names[0])

    def change(model: nn.Module) -> None:
        model.get_parameter(name).mul_(factor)

    return Symmetry("control", f"{name} times {factor:g}, and nothing else", change)


def _copied(generator: torch.Generator | None) -> torch.Generator | None:
    return None if generator is None else copied(generator)


def _word(change: Change) -> str:
    if not change.changed:
        return "same"
    return f"x {change.ratio:.3g}" if math.isfinite(change.ratio) else "changed"


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
