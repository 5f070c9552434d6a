"""Probes: instruments with a name, a unit and a schedule, read along training.

A probe is a spec with four parts: `units`, what each of its series is measured in; `due(step)`;
`needs_curvature(step)`, so that loss, gradient and products come from one graph; and `update(state, memory)`, which
gives readings and the memory for the next call. Readings of a step are rows, one a member of the cohort.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import Tracker, Tracking
from phenoscope.training import State, threshold


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


@spec
class Loss:
    """The full-batch training loss, `loss`."""

    every: int = 1

    def __post_init__(self) -> None:
        _at_least_one(self, "every")

    @property
    def units(self) -> Mapping[str, str]:
        return {"loss": "loss"}

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, state: State, memory: None) -> Reading:
        return [Rows("loss", state.step, state.around.loss)], None


@spec
class GradientNorm:
    """The Euclidean norm of the full-batch gradient, `gradient norm`."""

    every: int = 1

    def __post_init__(self) -> None:
        _at_least_one(self, "every")

    @property
    def units(self) -> Mapping[str, str]:
        return {"gradient norm": "loss / parameter"}

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, state: State, memory: None) -> Reading:
        return [Rows("gradient norm", state.step, state.around.gradient.double().norm(dim=1))], None


@spec
class RelativeProgress:
    """(L(θ_{t+1}) - L(θ_t)) / (η ‖∇L(θ_t)‖²) of every step, `relative progress`; known one step later.

    The rounding of the two losses relative to the denominator is `relative progress.residual`.
    """

    @property
    def units(self) -> Mapping[str, str]:
        return {"relative progress": "1"}

    def due(self, step: int) -> bool:
        return True

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, state: State, memory: tuple[Tensor, Tensor] | None) -> Reading:
        loss = state.around.loss
        promised = state.rates.double() * state.around.gradient.double().square().sum(dim=1)
        if memory is None:
            return [], (loss, promised)
        before, promised_before = memory
        floor = torch.finfo(state.points.dtype).eps * torch.maximum(before.abs(), loss.abs()) / promised_before
        rows = [
            Rows("relative progress", state.step - 1, (loss - before) / promised_before),
            Rows("relative progress.residual", state.step - 1, floor),
        ]
        return rows, (loss, promised)


@spec
class Accuracy:
    """The share of right answers on the training and the test examples, `train accuracy` and `test accuracy`."""

    every: int = 50

    def __post_init__(self) -> None:
        _at_least_one(self, "every")

    @property
    def units(self) -> Mapping[str, str]:
        return {"train accuracy": "1", "test accuracy": "1"}

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, state: State, memory: None) -> Reading:
        both: tuple[Literal["train", "test"], ...] = ("train", "test")
        draw, rows = state.landscape.draws[0], []
        for part in both:
            if len(getattr(draw, part)):
                rows.append(Rows(f"{part} accuracy", state.step, state.landscape.accuracy(state.points, part)))
        return rows, None


@spec
class Sharpness:
    """The k largest Hessian eigenvalues, tracked: `sharpness`, `sharpness 2`, ..., with their residuals.

    Beside them stand `sharpness / threshold` (of the rule's stability threshold at that step, where the rule has
    one), the products used, and, where a random start looked for larger ones, the chance that it missed one. Every
    step records `gradient along top eigenvector`, with the sign of the vector carried on from one reading to the
    next; the vector is that of the last reading.
    """

    every: int = 20
    k: int = 1
    tol: float = 2e-3
    guards: int = 1
    challenge_every: int = 5

    def __post_init__(self) -> None:
        _at_least_one(self, "every")
        self._tracker()  # refuses what it cannot use

    @property
    def units(self) -> Mapping[str, str]:
        curvature = "loss / parameter²"
        return dict.fromkeys(self._names(), curvature) | {
            "sharpness / threshold": "1",
            "gradient along top eigenvector": "loss / parameter",
        }

    def due(self, step: int) -> bool:
        return True

    def needs_curvature(self, step: int) -> bool:
        return step % self.every == 0

    def update(self, state: State, memory: "Following | None") -> Reading:
        rows: list[Rows] = []
        if memory is None or self.needs_curvature(state.step):
            rows, memory = self._measure(state, memory)
        along = (state.around.gradient * memory.vectors).sum(dim=1)
        return [*rows, Rows("gradient along top eigenvector", state.step, along)], memory

    def _tracker(self) -> Tracker:
        return Tracker(self.k, self.tol, self.guards, self.challenge_every)

    def _names(self) -> list[str]:
        return ["sharpness"] + [f"sharpness {i}" for i in range(2, self.k + 1)]

    def _measure(self, state: State, memory: "Following | None") -> "tuple[list[Rows], Following]":
        generator = stream(state.recipes[0].seed, "sharpness", state.step)
        found, tracking = self._tracker().measure(
            state.around.hessian().multiply, state.points, None if memory is None else memory.tracking, generator
        )
        vectors = found.vectors[:, 0]
        if memory is not None:
            flipped = (vectors * memory.vectors).sum(dim=1, keepdim=True) < 0
            vectors = torch.where(flipped, -vectors, vectors)
        rows = []
        for i, name in enumerate(self._names()):
            rows += [Rows(name, state.step, found.values[:, i])]
            rows += [Rows(f"{name}.residual", state.step, found.residuals[:, i])]
        rows += [Rows("sharpness.products", state.step, torch.full_like(found.values[:, 0], found.products))]
        if bool((found.failure_probability < 1).any()):
            rows += [Rows("sharpness.failure probability", state.step, found.failure_probability)]
        limits = [threshold(recipe.rule, state.step) for recipe in state.recipes]
        if None not in limits:
            limit = found.values.new_tensor(limits)
            rows += [Rows("sharpness / threshold", state.step, found.values[:, 0] / limit)]
            rows += [Rows("sharpness / threshold.residual", state.step, found.residuals[:, 0] / limit)]
        return rows, Following(tracking, vectors)


@dataclasses.dataclass(frozen=True)
class Following:
    """The memory of `Sharpness`: the tracker's, and the top eigenvectors (n, p) with steady signs."""

    tracking: Tracking
    vectors: Float[Tensor, "n p"]


@spec
class AlongFirst:
    """The gradient along the top eigenvector of the Hessian *at the start*, `gradient along first top eigenvector`.

    The eigenvector is found once, to a residual of `tol`.
    """

    tol: float = 1e-4

    @property
    def units(self) -> Mapping[str, str]:
        return {"gradient along first top eigenvector": "loss / parameter"}

    def due(self, step: int) -> bool:
        return True

    def needs_curvature(self, step: int) -> bool:
        return step == 0

    def update(self, state: State, memory: Tensor | None) -> Reading:
        if memory is None:
            generator = stream(state.recipes[0].seed, "first eigenvector")
            found, _ = Tracker(1, self.tol).measure(state.around.hessian().multiply, state.points, None, generator)
            memory = found.vectors[:, 0]
        along = (state.around.gradient * memory).sum(dim=1)
        return [Rows("gradient along first top eigenvector", state.step, along)], memory


@spec
class Mark:
    """Keep the state of the first step at which a series reaches a level, under a name that a `Point` can refer to.

    A reading known only a step later (`relative progress`) keeps the state of the step at which it is known.

    Attributes:
        name: of the point, and of the file that keeps it.
        series: what is watched.
        at_least: the level.
        after: no step before this one counts.
    """

    name: str
    series: str
    at_least: float
    after: int = 0

    def __post_init__(self) -> None:
        taken = self.name in ("initial", "final") or self.name.startswith("step ")
        if taken or not self.name.strip(" .") or set(self.name) & set("/\\\0"):
            raise BadInput(
                f"a mark's name also names a file and is not 'initial', 'final' or 'step ...', got {self.name!r}."
            )

    def reached(self, rows: list[Rows]) -> Tensor | None:
        """Which rows are at the level now; `None` where the series was not read."""
        for row in rows:
            if row.name == self.series and row.step >= self.after:
                return row.values >= self.at_least
        return None


COMPANIONS = (".residual", ".products", ".failure probability")
"""What may stand beside a series: its error, its cost, and the chance that it misses what it looks for."""


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


def _at_least_one(probe: Any, name: str) -> None:
    if getattr(probe, name) < 1:
        raise BadInput(f"`{name}` of {type(probe).__name__} must be at least 1, got {getattr(probe, name)}.")
