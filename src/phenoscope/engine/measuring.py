"""A panel of measurements of one network: each with the evidence for its value."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim import Optimizer

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine.imported import told
from phenoscope.engine.readings import Line, Panel
from phenoscope.instruments import Bench, Count, Instrument, Reading, sampling_error
from phenoscope.instruments.named import EFFECTIVE, instruments_named, is_effective
from phenoscope.objective import Objective
from phenoscope.training.dividing import divisor

DEFAULT = ("loss", "gradient_norm", "sharpness", "smallest_eigenvalue", "trace", "parameters", "examples")


def measure(
    objective: Objective,
    instruments: Iterable[str] | None = None,
    *,
    parameters: Iterable[str] = (),
    optimizer: Optimizer | Any = None,
    leave_out: int | None = None,
    population: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    generator: torch.Generator | None = None,
) -> Panel:
    """Measure one network with several instruments that share its gradient's graph.

    Args:
        objective: the loss, at the model's own point.
        instruments: names from `INSTRUMENTS`, with a number where there are several (`"eigenvalues:5"`); those of a
            matrix also as an optimizer meets it (`"effective_sharpness"`). `None` takes loss, gradient norm, the
            extreme eigenvalues, trace and the numbers of parameters and examples, and the effective sharpness where
            there is an optimizer.
        parameters: patterns of names, such as `"layers.0.*"`: only the parameters that fit one of them may move, and
            all that is measured is of these; the others stay where they are.
        optimizer: Adam, AdamW, NAdam, RMSprop or Adagrad of PyTorch on the model, after its first step.
        leave_out: also tell the error from having measured on a sample of the data, by leaving out so many groups of
            examples in turn (`ps.sampling_error`); that takes as many more measurements.
        population: how many examples the data were drawn from, for that error; without end unless given.
        progress: called with (done, of how many) as the instruments go.
        generator: of all random starts and probes; each instrument's own fixed one unless given.

    Returns:
        `Panel`: a line an instrument, with its value and evidence.

    Raises:
        BadInput: an unknown name, or none at all; a pattern that fits no parameter; an optimizer without instruments
            that ask for it, or the other way round; a population without groups to leave out.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.eye(2), torch.zeros(2, 1)))
        >>> measure(objective, ("sharpness", "trace"))["trace"].value
        2.0
    """
    usual = DEFAULT if optimizer is None else (*DEFAULT, "effective_sharpness")
    names = usual if instruments is None else instruments if isinstance(instruments, str) else tuple(instruments)
    taken = instruments_named(names, "the instruments are a tuple of")
    _check(taken, population, leave_out, optimizer)
    patterns = tuple(parameters) if not isinstance(parameters, str) else (parameters,)
    objective = objective.restricted(*patterns) if patterns else objective
    bench = Bench(objective, preconditioner=None if optimizer is None else divisor(objective, optimizer))
    sample = None if leave_out is None else (leave_out, population)
    lines = {}
    for done, (name, instrument) in enumerate(taken.items()):
        if progress is not None:
            progress(done, len(taken))
        lines[name] = _line(name, instrument, bench, generator, sample)
    if progress is not None:
        progress(len(taken), len(taken))
    return Panel(tuple(lines[name] for name in dict.fromkeys(names)))


def _check(taken: Iterable[str], population: int | None, leave_out: int | None, optimizer: Any) -> None:
    if population is not None and leave_out is None:
        raise BadInput(
            f"`population` ({population:,}) is for the error of a sample, which is told with `leave_out` only. Say how "
            "many groups to leave out, for example 10."
        )
    if optimizer is not None and not any(map(is_effective, taken)):
        raise BadInput(
            "the optimizer is for what it meets, and no such instrument is asked for. Name one, for example "
            f"{EFFECTIVE}sharpness, or leave the optimizer out."
        )


def _line(
    name: str,
    instrument: Instrument,
    bench: Bench,
    generator: torch.Generator | None,
    sample: tuple[int, int | None] | None,
) -> Line:
    """A line of the panel; `sample` has how many groups to leave out, and of how many examples the data are a part."""
    try:
        reading = instrument.read(bench, generator)
        sampling = None
        if sample is not None and not isinstance(reading, Count):
            groups, population = sample

            def again(on: Bench, own: torch.Generator | None) -> Reading:
                return instrument.read(bench.on(on.objective), own)

            sampling = sampling_error(bench.objective, again, groups=groups, population=population)
    except PhenoscopeError:
        raise
    except Exception as problem:  # a user's layer without a second derivative, or memory that ran out
        raise PhenoscopeError(f"{name} cannot be measured here: {told(problem)} Leave it out to have the rest.") from (
            problem
        )
    value = reading.value if isinstance(reading.value, int) else float(reading.value)
    evidence = reading.evidence if sampling is None else f"{sampling.told}; {reading.evidence}"
    return Line(name, instrument.says, instrument.unit, value, evidence, reading.converged, reading, sampling)
