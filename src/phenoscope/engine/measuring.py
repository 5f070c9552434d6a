"""A panel of measurements of one network: each with the evidence for its value."""

from collections.abc import Callable, Iterable

import torch

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine.imported import told
from phenoscope.engine.readings import Line, Panel
from phenoscope.instruments import INSTRUMENTS, Bench, Count, sampling_error
from phenoscope.objective import Objective

DEFAULT = ("loss", "gradient_norm", "sharpness", "smallest_eigenvalue", "trace", "parameters", "examples")


def measure(
    objective: Objective,
    instruments: Iterable[str] | None = None,
    *,
    leave_out: int | None = None,
    population: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    generator: torch.Generator | None = None,
) -> Panel:
    """Measure one network with several instruments that share its gradient's graph.

    Args:
        objective: the loss, at the model's own point.
        instruments: names from `INSTRUMENTS`; `None` takes loss, gradient norm, the extreme eigenvalues, trace and
            the numbers of parameters and examples.
        leave_out: also tell the error from having measured on a sample of the data, by leaving out so many groups of
            examples in turn (`ps.sampling_error`); that takes as many more measurements.
        population: how many examples the data were drawn from, for that error; without end unless given.
        progress: called with (done, of how many) as the instruments go.
        generator: of all random starts and probes; each instrument's own fixed one unless given.

    Returns:
        `Panel`: a line an instrument, with its value and evidence.

    Raises:
        BadInput: an unknown name, or none at all; a population without groups to leave out.

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
    if population is not None and leave_out is None:
        raise BadInput(
            f"`population` ({population:,}) is for the error of a sample, which is told with `leave_out` only. Say how "
            "many groups to leave out, for example 10."
        )
    bench, taken = Bench(objective), {}
    order = [name for name in INSTRUMENTS if name in names]
    for done, name in enumerate(order):
        if progress is not None:
            progress(done, len(order))
        taken[name] = _line(name, bench, generator, leave_out, population)
    if progress is not None:
        progress(len(order), len(order))
    return Panel(tuple(taken[name] for name in dict.fromkeys(names)))


def _line(
    name: str, bench: Bench, generator: torch.Generator | None, leave_out: int | None, population: int | None
) -> Line:
    instrument = INSTRUMENTS[name]
    try:
        reading = instrument.read(bench, generator)
        sampling = None
        if leave_out is not None and not isinstance(reading, Count):
            sampling = sampling_error(bench.objective, name, groups=leave_out, population=population)
    except PhenoscopeError:
        raise
    except Exception as problem:  # a user's layer without a second derivative, or memory that ran out
        raise PhenoscopeError(f"{name} cannot be measured here: {told(problem)} Leave it out to have the rest.") from (
            problem
        )
    value = reading.value if isinstance(reading.value, int) else float(reading.value)
    evidence = reading.evidence if sampling is None else f"{sampling.told}; {reading.evidence}"
    return Line(name, instrument.says, instrument.unit, value, evidence, reading.converged, reading, sampling)
