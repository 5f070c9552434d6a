"""Eigenvalues followed along training: of any matrix, of all parameters or some, at either end of the spectrum."""

import dataclasses
from collections.abc import Mapping
from typing import Literal, Protocol

import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import Extremes, Tracker, Tracking
from phenoscope.instruments.matrices import MATRICES, Matrix, matrix_named
from phenoscope.instruments.named import EFFECTIVE, is_effective
from phenoscope.instruments.own import OWN
from phenoscope.probes.bench import bench, check_patterns, of_parameters
from phenoscope.probes.probe import Moment, Reading, Rows, at_least_one
from phenoscope.training import Linearised

Memory = tuple[Tracking | None, ...]
"""The tracker's, of each row; `None` for one that has not been read yet."""


@spec
class Tracked:
    """The k extreme eigenvalues of a matrix, each reading started from the last: `gauss newton sharpness`, and so on.

    The series have the names that the instruments of `phenoscope measure` have, with spaces: of the Hessian and the
    Gauss-Newton matrix `sharpness` and `gauss newton sharpness`, of the covariance of gradients `gradient covariance
    eigenvalue`, of a matrix of one's own (`ps.named_operator`) `mine largest eigenvalue`; the second is `sharpness 2`.
    Beside them stand residuals, products, and the chance of a missed one as for `Sharpness`, which is the quicker probe
    for the Hessian of many networks at once. Rows of a cohort are measured one after the other. What begins with
    `effective_` is of what an adaptive rule meets, read from the first update on, and with such rules only.

    Attributes:
        matrix: `"hessian"`, `"gauss_newton"`, `"fisher"`, `"empirical_fisher"`, `"gradient_covariance"`, or one's own;
            any of them after `effective_`.
        every: steps from one reading to the next.
        k: how many eigenvalues.
        end: `"smallest"` for the most negative ones of a matrix that may have such, as `smallest eigenvalue`.
        tol: the residual to reach, relative to the value.
        guards: columns tracked beside them, so that an eigenvalue that overtakes is seen.
        challenge_every: readings from one random start that looks for further ones to the next; `None` takes 10, or as
            many as there are in 20 steps.
        parameters: patterns of names, such as `"layers.0.*"`: only what fits one of them may move, and the series is
            `sharpness of layers.0.*`. A linearised network has no such names.
    """

    matrix: str = "gauss_newton"
    every: int = 20
    k: int = 1
    end: Literal["largest", "smallest"] = "largest"
    tol: float = 2e-3
    guards: int = 1
    challenge_every: int | None = None
    parameters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        check_patterns(self.parameters)
        one_of("`end` of Tracked", self.end, ("largest", "smallest"))
        ends = self._matrix().ends  # refuses what there is not
        if self.end == "smallest" and ends != "both":
            raise BadInput(f"the smallest eigenvalue of a sum of squares such as {self.matrix!r} is 0, or nearly so.")
        self._tracker()  # refuses what it cannot use

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(self._names(), self._matrix().unit_of(is_effective(self.matrix)))

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return self.due(step) and self._plain() == "hessian" and not self.parameters

    def update(self, moment: Moment, memory: Memory | None) -> Reading:
        held = list(memory or [None] * len(moment.alive))
        found: list[list[Rows]] = []
        for row, alive in enumerate(moment.alive.tolist()):
            read = self._row(moment, row, held[row]) if alive else None
            found.append([])
            if read is not None:
                found[row], held[row] = evidenced(self._names(), moment.step, read[0]), read[1]
        return joined(found), tuple(held)

    def _row(self, moment: Moment, row: int, held: Tracking | None) -> tuple[Extremes, Tracking] | None:
        """What is found of one network, and the tracker's memory for it; `None` where there is no such matrix."""
        divided = is_effective(self.matrix)
        on = bench(moment, row, self.parameters, hessian=self.needs_curvature(moment.step), divided=divided)
        if on is None or (divided and not on.preconditioned):
            return None
        try:
            matrix = (on.effective if divided else on.plain).operator(self._plain())
        except BadInput:
            if not isinstance(on.objective.model, Linearised):
                raise
            return None
        sign = -1.0 if self.end == "smallest" else 1.0
        generator = stream(moment.seed, self._names()[0], moment.step)
        like = torch.empty(1, matrix.size, dtype=matrix.dtype, device=matrix.device)
        found, held = self._tracker().measure(lambda block: sign * matrix.multiply(block), like, held, generator)
        return dataclasses.replace(found, values=sign * found.values), held

    def _tracker(self) -> Tracker:
        return Tracker(self.k, self.tol, self.guards, challenges(self))

    def _plain(self) -> str:
        return self.matrix.removeprefix(EFFECTIVE)

    def _matrix(self) -> Matrix:
        found = matrix_named(self._plain())
        if found is None:
            raise BadInput(
                f"`matrix` of Tracked is one of {', '.join((*MATRICES, *OWN))}, any of them after {EFFECTIVE}; got "
                f"{self.matrix!r}."
            )
        return found

    def _names(self) -> list[str]:
        row = self._matrix()
        last = row.largest if self.end == "largest" else "smallest_eigenvalue"
        first = f"{EFFECTIVE if is_effective(self.matrix) else ''}{row.prefix}{last}".replace("_", " ")
        return [of_parameters(name, self.parameters) for name in numbered(first, self.k)]


class Repeated(Protocol):
    """A probe with a tracker."""

    @property
    def every(self) -> int: ...

    @property
    def challenge_every(self) -> int | None: ...


def challenges(probe: Repeated) -> int:
    """Readings from one challenge to the next."""
    return max(10, -(-20 // probe.every)) if probe.challenge_every is None else probe.challenge_every


def numbered(name: str, k: int) -> list[str]:
    """The series of k values, the first without a number."""
    return [name, *(f"{name} {i}" for i in range(2, k + 1))]


def evidenced(names: list[str], step: int, found: Extremes) -> list[Rows]:
    """The values with their residuals, the products used, and the chance of a missed one where somebody looked."""
    first, *others = names
    rows = [Rows(first, step, found.values[:, 0]), Rows(f"{first}.residual", step, found.residuals[:, 0])]
    rows += [Rows(f"{first}.products", step, torch.full_like(found.values[:, 0], found.products))]
    if bool((found.failure_probability < 1).any()):
        rows += [Rows(f"{first}.failure probability", step, found.failure_probability)]
    for i, name in enumerate(others, start=1):
        rows += [Rows(name, step, found.values[:, i]), Rows(f"{name}.residual", step, found.residuals[:, i])]
    return rows


def joined(found: list[list[Rows]]) -> list[Rows]:
    """What was read of each network alone, as rows of all; nan for those of which it was not."""
    steps = {rows.name: rows.step for each in found for rows in each}
    alone = [{rows.name: rows.values for rows in each} for each in found]
    nothing = torch.full((1,), torch.nan, dtype=torch.float64)
    return [Rows(name, step, torch.cat([each.get(name, nothing) for each in alone])) for name, step in steps.items()]
