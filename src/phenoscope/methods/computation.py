"""Computations: members of an experiment that are computed rather than trained."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable


@dataclasses.dataclass(frozen=True)
class Found:
    """What a computation knows at one step.

    Attributes:
        step: from 0 to the `steps` of the computation; how far it has come.
        values: by the names of series.
        diverged: whether it ends here without having come to its end; that is a result, not an error.
    """

    step: int
    values: Mapping[str, float]
    diverged: bool = False


@runtime_checkable
class Computation(Protocol):
    """What stands in the place of a recipe where nothing is trained: a map that is iterated, a grid, a closed form.

    It is a frozen spec (`phenoscope.core.specs.spec`), so that it has an id, and its numbers are settings of its
    members: they can be swept, and claims and panels can refer to them. All that it draws comes from its seed
    (`phenoscope.core.seeds.stream`), so that a member that was cut off is computed again with the same result.

    Attributes:
        seed: of its random streams; replaced by those of the experiment.
        steps: its length, at least 1, as progress and the estimate of its cost count it.
        units: the unit of every series that it writes, by name.
    """

    @property
    def seed(self) -> int: ...

    @property
    def steps(self) -> int: ...

    @property
    def units(self) -> Mapping[str, str]: ...

    def readings(self) -> Iterator[Found]:
        """What it finds, lazily and in the order of the steps; several findings may be of one step."""
        ...


@runtime_checkable
class Freezable(Protocol):
    """A computation that trains networks, and so has a twin in which their features are frozen.

    `frozen` gives that twin: the same computation on first-order Taylor expansions; its own where it is that already.
    """

    def frozen(self) -> Computation: ...


def numbers(computation: Computation) -> dict[str, float]:
    """The settings of a computation: its numbers by field, and those of the specs that it holds as "field.name"."""
    return _numbers(computation)


def _numbers(part: object) -> dict[str, float]:
    found: dict[str, float] = {}
    for field in dataclasses.fields(part):  # type: ignore[arg-type]  # every spec is a dataclass
        value = getattr(part, field.name)
        if isinstance(value, int | float):
            found[field.name] = float(value)
        elif dataclasses.is_dataclass(value):
            found |= {f"{field.name}.{name}": number for name, number in _numbers(value).items()}
    return found
