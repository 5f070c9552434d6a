"""`phenoscope measure`."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from phenoscope.cli.options import Usage
from phenoscope.cli.output import Json, Quiet, print_json

if TYPE_CHECKING:
    from phenoscope.engine.readings import Panel
    from phenoscope.engine.subjects import Subject

SPELLING = (
    "How many eigenvalues may be said, as in fisher_eigenvalues:3. effective_ before what is of a matrix (Hessian, "
    "Gauss-Newton, Fisher, covariance) takes that matrix as an adaptive optimizer meets it, as in effective_sharpness; "
    "it needs --optimizer."
)
WIDE, LIST_WIDE = 140, 180
"""Characters of a line in a pipe: of readings, and of the list of instruments, whose names and sentences are longer."""
ROOMY = 120
"""Characters from which on the list has a column for everything."""


def measure(
    *,
    model: str | None = None,
    data: str | None = None,
    weights: Path | None = None,
    against: Path | None = None,
    optimizer: Path | None = None,
    operator: str | None = None,
    parameters: str | None = None,
    loss: str | None = None,
    instruments: str | None = None,
    examples: int | None = None,
    batch_size: int | None = None,
    dtype: Literal["float32", "float64"] | None = None,
    leave_out: int | None = None,
    population: int | None = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Measure a model of your own: loss, gradient norm, extreme curvatures, trace, each with its evidence.

    Started with `torchrun --nproc-per-node 2 -m phenoscope measure ...` the processes share the data, and one tells
    what all of them find.

    Parameters
    ----------
    model
        package.module:function, called without arguments (or a ready nn.Module), or a folder saved by transformers.
    data
        A name from `phenoscope data list` (its training examples), a .npz or .safetensors file with the arrays inputs
        and targets, or package.module:function, which returns anything that ps.Objective takes.
    weights
        A .safetensors file or a checkpoint written by torch.save; it is read without running anything in it.
    against
        The weights of another network of that model: measure what lies between both, the barriers of loss and error on
        the straight line; and of the first network only what --instruments names.
    optimizer
        The state of the optimizer that trained these weights, Adam or another adaptive one: what torch.save wrote of
        optimizer.state_dict(), alone or in a checkpoint. For the instruments whose names begin with effective_.
    operator
        Matrices of your own, package.module:function, separated by commas: functions of the objective that return an
        operator or a dense symmetric matrix, such as those under ps.named_operator. Of one called mine there are then
        the instruments mine_largest_eigenvalue, mine_eigenvalues:5, mine_trace, and so on.
    parameters
        Patterns of names, separated by commas, such as 'layers.0.*': only the parameters that fit one of them may move,
        and all is measured of these alone.
    loss
        cross_entropy (the default), squared_error (half the squared distance to the one-hot label), mse, next_token,
        or package.module:name of a function of (outputs, targets).
    instruments
        Which to use, separated by commas, such as trace,eigenvalues:5,fisher_density; `--instruments list` shows them.
    examples
        Measure on the first so many examples only.
    batch_size
        Cut the data into batches of so many; the result is the same, the memory needed is less.
    dtype
        By default that of the weights, half precision raised to float32.
    leave_out
        Also tell the error from having measured on a sample of the data, by leaving out so many groups of examples in
        turn; 10 is usual, and takes ten more measurements.
    population
        How many examples the data were drawn from, for that error; without end unless given.
    quiet
        No progress.
    as_json
        Print one JSON object and nothing else.
    """
    from phenoscope.engine.imported import here
    from phenoscope.engine.measuring import measure as measured
    from phenoscope.engine.pairing import measure_against
    from phenoscope.engine.progress import shown
    from phenoscope.engine.readings import Panel
    from phenoscope.engine.subjects import subject
    from phenoscope.engine.together import together

    _name_operators(operator)
    if instruments == "list":
        _list(as_json)
        return
    names, patterns = _names(instruments), _patterns(parameters)
    _refuse_unheard(population, leave_out)
    if against is not None and names is None:
        _refuse_of_one({"--leave-out": leave_out, "--parameters": parameters, "--optimizer": optimizer})
    if model is None or data is None:
        raise Usage("measure needs --model package.module:function and --data; see `phenoscope measure --help`.")
    with together() as processes:
        first = processes.rank == 0
        found = subject(
            model, data, weights=weights, against=against, optimizer=optimizer, loss=loss, examples=examples,
            batch_size=batch_size, dtype=dtype, processes=processes,
        )  # fmt: skip
        with shown("measuring", quiet=quiet or not first) as progress, here():
            between = () if found.other is None else measure_against(found.objective, found.other).lines
            own = () if found.other is not None and names is None else measured(
                found.objective, names, parameters=patterns, optimizer=found.optimizer, leave_out=leave_out,
                population=population, progress=progress,
            ).lines  # fmt: skip
    if not first:
        return
    about = found.provenance | ({"parameters": list(patterns)} if patterns else {})
    found, panel = dataclasses.replace(found, provenance=about), Panel((*between, *own))
    if as_json:
        print_json({"readings": panel.to_json(), "provenance": about})
    else:
        _print(found, panel, Console())


def _name_operators(references: str | None) -> None:
    """Import matrices of one's own; those without a name of their own have that of their function."""
    if references is None:
        return
    from phenoscope.engine.imported import named
    from phenoscope.instruments.own import OWN, named_operator

    for reference in filter(None, (part.strip() for part in references.split(","))):
        make = named(reference, "--operator")
        if all(own.make is not make for own in OWN.values()):
            named_operator(reference.rpartition(":")[2].rpartition(".")[2])(make)


def _names(instruments: str | None) -> tuple[str, ...] | None:
    from phenoscope.core.errors import BadInput
    from phenoscope.instruments.named import instruments_named

    if instruments is None:
        return None
    names = tuple(part.strip().replace("-", "_") for part in instruments.split(",") if part.strip())
    try:
        instruments_named(names, "--instruments are")
    except BadInput as problem:
        raise Usage(str(problem)) from None
    return names


def _patterns(parameters: str | None) -> tuple[str, ...]:
    found = tuple(part.strip() for part in (parameters or "").split(",") if part.strip())
    if parameters is not None and not found:
        raise Usage(
            f"--parameters are patterns of names, such as 'layers.0.*', separated by commas; got {parameters!r}."
        )
    return found


def _refuse_unheard(population: int | None, leave_out: int | None) -> None:
    """How many examples there are beyond those measured matters for one error only."""
    if population is not None and leave_out is None:
        raise Usage("--population is for the error that --leave-out tells; say both, for example --leave-out 10.")


def _refuse_of_one(options: dict[str, object]) -> None:
    """What says how to measure says nothing about a comparison."""
    for name, value in options.items():
        if value is not None:
            raise Usage(f"with --against, {name} is for the instruments that --instruments names; name some.")


def _list(as_json: bool) -> None:
    from phenoscope.engine.measuring import DEFAULT
    from phenoscope.instruments.named import known

    if as_json:
        rows = [
            {
                "name": name, "says": made.says, "unit": made.unit, "default": name in DEFAULT,
                "further": list(made.further), "counted": made.counted is not None,
                "effective": made.effective is not None,
            }
            for name, made in known().items()
        ]  # fmt: skip
        print_json({"instruments": rows})
        return
    console = _wide(Console(), LIST_WIDE)
    roomy = console.width >= ROOMY
    names = Column("name", min_width=max(map(len, known())), no_wrap=True)  # to be copied, and so never cut
    shown = slice(3 if roomy else 1)
    table = Table(names, *("what it measures", "unit", "by default")[shown], box=None, pad_edge=False)
    for name, made in known().items():
        table.add_row(name, *(made.says, made.unit, "yes" if name in DEFAULT else "")[shown])
    console.print(table)
    console.print(Text(f"\n{SPELLING}"))


def _print(found: "Subject", panel: "Panel", console: Console) -> None:
    about = found.provenance
    weights = about["weights"]
    held = "as it comes, seed 0" if weights is None else f"{weights['file']}, sha256 {weights['sha256'][:12]}"
    console = _wide(console)
    console.print(Text.assemble((about["model"], "bold"), f" ({held}; {about['dtype']}, {about['mode']} mode)"))
    if found.other is not None:
        other = about["against"]
        console.print(Text(f"against {other['file']}, sha256 {other['sha256'][:12]}"))
    if "optimizer" in about:
        state = about["optimizer"]
        console.print(Text(f"as {state['kind']} meets it ({state['file']}, sha256 {state['sha256'][:12]})"))
    if "parameters" in about:
        patterns = about["parameters"]
        moving, there = int(found.objective.chosen(*patterns).sum()), len(found.objective.point)
        console.print(Text(f"{', '.join(patterns)} alone, {moving:,} of {there:,} parameters"))
    console.print(Text(f"{about['loss']} on {about['data']['source']}, {about['data']['examples']:,} examples"))
    table = Table("", "value", "unit", "evidence", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for line in panel.lines:
        value = f"{line.value:,.0f}" if isinstance(line.reading.value, int) else f"{line.value:.5g}"
        evidence = Text(line.evidence, style="" if line.converged else "yellow")
        table.add_row(Text(line.name.replace("_", " ")), Text(value, style="bold"), Text(line.unit), evidence)
    console.print(table)


def _wide(console: Console, width: int = WIDE) -> Console:
    """In a pipe nobody is helped by lines that are broken at 80 characters."""
    return console if console.is_terminal else Console(width=width)
