"""What a probe is, what it gives, and which series a set of probes writes."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Protocol, runtime_checkable

from jaxtyping import Bool, Float, Int
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective
from phenoscope.record import COMPANIONS
from phenoscope.training.sight import Operator


@dataclasses.dataclass(frozen=True)
class Rows:
    """One quantity at one step, for every row of a cohort.

    Attributes:
        name: of the series.
        step: updates made before it.
        values: (n,).
    """

    name: str
    step: int
    values: Float[Tensor, " n"]


Reading = tuple[list[Rows], Any]
"""What a probe read, and its memory for the next time."""


class Around(Protocol):
    """The loss around the points of a moment, each part computed once if asked for."""

    @property
    def loss(self) -> Float[Tensor, " n"]: ...

    @property
    def gradient(self) -> Float[Tensor, "n p"]: ...

    def hessian(self) -> Operator: ...

    def third(self, left: Float[Tensor, "n p"], right: Float[Tensor, "n p"]) -> tuple[Tensor, Float[Tensor, "n p"]]:
        """uᵀHv of each row, (n,), and its gradient with u and v held fixed."""
        ...


@runtime_checkable
class Moment(Protocol):
    """What a probe may look at: a moment of training, of a cohort or of somebody's own loop, before its next update.

    Attributes:
        step: updates made so far.
        points: (n, p).
        alive: (n,), false for rows that have diverged.
        around: the loss on all data around the points.
        seed: of the probes' own random streams.
        memory: what the rule carries from step to step, by name, one row a network.
        batch: examples in a mini-batch of the training, all where it takes all; `None` where that is not known.
        rates: (n,), the learning rates of the coming update; `None` where there is more than one a row.
        thresholds: (n,), the largest curvature that the rule bears now, where theory gives one.
        preconditioner: (n, p), what an adaptive rule divides its step by; `None` for others, and before it has one.
        effective_thresholds: (n,), the largest curvature after preconditioning that it bears.
    """

    @property
    def step(self) -> int: ...

    @property
    def points(self) -> Float[Tensor, "n p"]: ...

    @property
    def alive(self) -> Bool[Tensor, " n"]: ...

    @property
    def memory(self) -> Mapping[str, Tensor]: ...

    @property
    def around(self) -> Around: ...

    @property
    def seed(self) -> int: ...

    @property
    def batch(self) -> int | None: ...

    @property
    def rates(self) -> Float[Tensor, " n"] | None: ...

    @property
    def thresholds(self) -> Float[Tensor, " n"] | None: ...

    @property
    def preconditioner(self) -> Float[Tensor, "n p"] | None: ...

    @property
    def effective_thresholds(self) -> Float[Tensor, " n"] | None: ...

    def at(self, points: Float[Tensor, "n p"]) -> Around:
        """The loss on all data around other points, one a row."""
        ...

    def elsewhere(self, points: Float[Tensor, "n p"]) -> "Moment":
        """The same moment at other points: what its networks would lose there."""
        ...

    def accuracy(self, part: Literal["train", "test"]) -> Float[Tensor, " n"] | None:
        """The share of right answers; `None` where there are no such examples."""
        ...

    def mini_batches(self, size: int, count: int, name: str) -> Iterator[Around]:
        """The losses around the points on `count` independent mini-batches of `size` examples, each drawn without
        replacement from a stream of that name; or, where `size` takes all data, once on all.
        """
        ...

    def test_loss(self) -> Float[Tensor, " n"] | None:
        """The loss on the test examples; `None` where there are none."""
        ...

    def groups(self, row: int) -> Int[Tensor, " b"] | None:
        """The groups of the training examples of one row, from 1, 0 for none; `None` where the data know of none."""
        ...

    def objective(self, row: int) -> Objective | None:
        """The loss of one row as an objective whose own point is the row's; `None` where there is no network."""
        ...

    def held_out(self, row: int) -> Objective | None:
        """The same on its test examples; `None` where there are none."""
        ...


@runtime_checkable
class Probe(Protocol):
    """What the recorder asks of a probe."""

    @property
    def units(self) -> Mapping[str, str]: ...

    def due(self, step: int) -> bool: ...

    def needs_curvature(self, step: int) -> bool: ...

    def update(self, moment: Moment, memory: Any) -> Reading: ...


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
    return announced(series_units(probes), name)


def announced(units: Mapping[str, str], name: str) -> bool:
    """Whether a series is among those announced with their units, or is a companion of one of them."""
    return name in units or any(name.removesuffix(companion) in units for companion in COMPANIONS)


def at_least_one(probe: Any, name: str) -> None:
    """Refuse a schedule that has no steps."""
    if getattr(probe, name) < 1:
        raise BadInput(f"`{name}` of {type(probe).__name__} must be at least 1, got {getattr(probe, name)}.")


class Regular:
    """What probes that are read at every so many steps, without any curvature, have in common."""

    every: int

    def __post_init__(self) -> None:
        at_least_one(self, "every")

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return False
