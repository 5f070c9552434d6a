"""A panel of measurements of one network: which there are, and each with the evidence for its value."""

import dataclasses
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine.imported import told
from phenoscope.engine.readings import Count, Line, Loss, Panel, Reading
from phenoscope.instruments import Eigenpair, Eigenpairs, Trace, eigenvalues, gradient_norm, sharpness, trace
from phenoscope.objective import Objective, Operator

CURVATURE = "loss per squared parameter"
TRACE_TOLERANCE = 0.1
"""Of the traces of a panel: where eigenvalues cancel, it takes 200 probes; half of it would take 800."""


class Bench:
    """One network on the bench: what several instruments need is made once, when the first of them asks."""

    def __init__(self, objective: Objective, generator: torch.Generator | None) -> None:
        self.objective, self.generator = objective, generator
        self._known: list[Tensor] = []

    @cached_property
    def hessian(self) -> Operator:
        return self.objective.hessian()

    @cached_property
    def gauss_newton(self) -> Operator:
        return self.objective.gauss_newton()

    @property
    def known(self) -> Tensor | None:
        """The Hessian's eigenvectors measured so far, which a trace need not leave to chance."""
        return torch.stack(self._known, dim=1) if self._known and self.hessian.size > len(self._known) else None

    def extreme(self, which: Literal["largest", "smallest"]) -> Eigenpair:
        if which == "largest":
            found = sharpness(self.hessian, generator=self.generator)
        else:
            found = _single(eigenvalues(self.hessian, 1, "smallest", generator=self.generator))
        if bool(torch.isfinite(found.value)):
            self._known.append(found.vector)
        return found


@dataclasses.dataclass(frozen=True)
class Instrument:
    """What can be put on a panel.

    Attributes:
        says: one line for a person.
        unit: of the value.
        read: takes the reading.
        tells: the evidence in a reading, for a person.
    """

    says: str
    unit: str
    read: Callable[[Bench], Reading]
    tells: Callable[[Any], str]


def _loss(bench: Bench) -> Loss:
    objective = bench.objective
    value, parts = objective.loss().item(), objective.partition
    return Loss(value, torch.finfo(objective.point.dtype).eps * abs(value), sum(parts), len(parts), objective.weighting)


def _tell_loss(reading: Loss) -> str:
    special = {"sum": "summed", "whole": "of one batch", "given": "averaged over what the loss itself divides by"}
    how = special.get(reading.weighting, f"averaged over {reading.weighting}")
    return f"{how}; rounding about {reading.rounding:.0e}"


def _parameters(bench: Bench) -> Count:
    fixed = sum(p.numel() for p in bench.objective.model.parameters() if not p.requires_grad)
    return Count(len(bench.objective.point), f"trainable, tied ones once; {fixed:,} more are frozen")


def _examples(bench: Bench) -> Count:
    parts = bench.objective.partition
    return Count(sum(parts), "in one batch" if len(parts) == 1 else f"in {len(parts)} batches")


def _tell_extreme(beyond: str) -> Callable[[Eigenpair], str]:
    def tells(reading: Eigenpair) -> str:
        chance = f"chance of a missed {beyond} one {reading.failure_probability:.0e}"
        return f"residual {reading.residual:.1e}; {reading.outcome}, {reading.products} products; {chance}"

    return tells


def _tell_trace(reading: Trace) -> str:
    drawn = f"{reading.probes} probes" if reading.probes else "summed exactly"
    return f"standard error {reading.standard_error:.2g}; {reading.outcome}, {drawn}, {reading.products} products"


INSTRUMENTS: dict[str, Instrument] = {
    "loss": Instrument("the loss over all data", "loss", _loss, _tell_loss),
    "gradient_norm": Instrument(
        "Euclidean norm of the gradient",
        "loss per parameter",
        lambda bench: gradient_norm(bench.objective),
        lambda reading: f"rounding about {reading.rounding:.0e}",
    ),
    "sharpness": Instrument(
        "largest eigenvalue of the Hessian", CURVATURE, lambda bench: bench.extreme("largest"), _tell_extreme("larger")
    ),
    "smallest_eigenvalue": Instrument(
        "smallest (most negative) eigenvalue of the Hessian",
        CURVATURE,
        lambda bench: bench.extreme("smallest"),
        _tell_extreme("smaller"),
    ),
    "trace": Instrument(
        "trace of the Hessian: the sum of its eigenvalues",
        CURVATURE,
        lambda bench: trace(bench.hessian, TRACE_TOLERANCE, deflate=bench.known, generator=bench.generator),
        _tell_trace,
    ),
    "gauss_newton_sharpness": Instrument(
        "largest eigenvalue of the Gauss-Newton matrix",
        CURVATURE,
        lambda bench: sharpness(bench.gauss_newton, generator=bench.generator),
        _tell_extreme("larger"),
    ),
    "gauss_newton_trace": Instrument(
        "trace of the Gauss-Newton matrix",
        CURVATURE,
        lambda bench: trace(bench.gauss_newton, TRACE_TOLERANCE, generator=bench.generator),
        _tell_trace,
    ),
    "parameters": Instrument("number of trainable parameters", "parameters", _parameters, lambda count: count.of),
    "examples": Instrument("number of examples measured on", "examples", _examples, lambda count: count.of),
}
"""What a panel can hold, in the order in which it is measured: eigenvectors found early serve the trace."""

DEFAULT = ("loss", "gradient_norm", "sharpness", "smallest_eigenvalue", "trace", "parameters", "examples")


def measure(
    objective: Objective,
    instruments: Iterable[str] | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
    generator: torch.Generator | None = None,
) -> Panel:
    """Measure one network with several instruments that share its gradient's graph.

    Args:
        objective: the loss, at the model's own point.
        instruments: names from `INSTRUMENTS`; `None` takes loss, gradient norm, the extreme eigenvalues, trace and
            the numbers of parameters and examples.
        progress: called with (done, of how many) as the instruments go.
        generator: of all random starts and probes; each instrument's own fixed one unless given.

    Returns:
        `Panel`: a line an instrument, with its value and evidence.

    Raises:
        BadInput: an unknown name, or none at all.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.eye(2), torch.zeros(2, 1)))
        >>> measure(objective, ("sharpness", "trace"))["trace"].value
        2.0
    """
    names = tuple(DEFAULT if instruments is None else instruments)
    unknown = [name for name in names if name not in INSTRUMENTS]
    if unknown or not names or isinstance(instruments, str):
        came = repr(instruments) if isinstance(instruments, str) else ", ".join(map(repr, unknown)) or "none"
        raise BadInput(f"the instruments are a tuple of names out of {', '.join(INSTRUMENTS)}; got {came}.")
    bench, taken = Bench(objective, generator), {}
    order = [name for name in INSTRUMENTS if name in names]
    for done, name in enumerate(order):
        if progress is not None:
            progress(done, len(order))
        taken[name] = _line(name, bench)
    if progress is not None:
        progress(len(order), len(order))
    return Panel(tuple(taken[name] for name in dict.fromkeys(names)))


def _line(name: str, bench: Bench) -> Line:
    instrument = INSTRUMENTS[name]
    try:
        reading = instrument.read(bench)
    except PhenoscopeError:
        raise
    except Exception as problem:  # a user's layer without a second derivative, or memory that ran out
        raise PhenoscopeError(f"{name} cannot be measured here: {told(problem)} Leave it out to have the rest.") from (
            problem
        )
    converged = getattr(reading, "converged", True)
    value = reading.value if isinstance(reading.value, int) else float(reading.value)
    about = (name, instrument.says, instrument.unit, value, instrument.tells(reading))
    return Line(*about, converged, reading)


def _single(found: Eigenpairs) -> Eigenpair:
    evidence = (found.products, found.outcome, found.failure_probability, found.margin)
    return Eigenpair(found.values[0], found.vectors[:, 0], found.residuals[0], *evidence)
