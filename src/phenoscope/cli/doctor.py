"""`phenoscope doctor`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from phenoscope.cli.output import Json, console, print_json

if TYPE_CHECKING:
    from phenoscope.engine.doctor import Diagnosis
    from phenoscope.engine.stopwatch import Spread


def doctor(
    *,
    out: Path = Path("runs"),
    timings: Annotated[bool, Parameter(negative="--no-timings")] = True,
    as_json: Json = False,
) -> None:
    """Look at this machine: what is installed, which data are here, how fast it is, how many threads pay.

    Parameters
    ----------
    out
        The folder that runs are to be written into.
    timings
        Whether to time products and threads, which takes about ten seconds.
    as_json
        Print one JSON object and nothing else.
    """
    from phenoscope.engine.doctor import examine

    waiting = Console(stderr=True)
    if timings and waiting.is_terminal:
        with waiting.status("Timing gradients and Hessian products"):
            found = examine(out, timings=timings)
    else:
        found = examine(out, timings=timings)
    print_json(found.to_json()) if as_json else _print(found, console())


def _print(found: "Diagnosis", screen: Console) -> None:
    _about(found, screen)
    if found.products:
        _speed(found, screen)
    screen.print()
    for warning in found.warnings:
        screen.print(Text.assemble(("! ", "bold yellow"), warning))
    if not found.warnings:
        screen.print("Nothing stands out.")


def _about(found: "Diagnosis", screen: Console) -> None:
    machine = found.machine
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("machine", Text(f"{machine['processor']}, {machine['platform']}, Python {machine['python']}"))
    table.add_row("cores", f"{machine['usable cores']} usable of {machine['cores']}")
    table.add_row("torch", f"{machine['torch threads']} threads; CUDA: {machine['cuda'] or 'none'}")
    table.add_row("packages", Text(_listed(found.packages)))
    table.add_row(
        "optional", Text(_listed({name: v for name, v in found.optional.items() if v}) or "none of those known")
    )
    for number, entry in enumerate(found.data):
        place = entry.where if entry.here else f"not here: {entry.get}"
        table.add_row("" if number else "data", Text(f"{entry.name} {place}"))
    free = "" if found.out.free is None else f", {found.out.free / 1e9:.1f} GB free"
    table.add_row("runs", Text(f"{found.out.path}: {found.out.problem or 'can be written'}{free}"))
    screen.print(table)


def _speed(found: "Diagnosis", screen: Console) -> None:
    """A line a network; quartiles in brackets."""
    screen.print()
    screen.print("A Hessian product against one gradient, one thread (median, quartiles in brackets)", style="bold")
    for timed in found.products:
        ratio = f"{timed.ratio.middle:.2f} [{timed.ratio.low:.2f} to {timed.ratio.high:.2f}] gradients"
        taken = f"gradient {_milliseconds(timed.gradient)}, product {_milliseconds(timed.product)}"
        screen.print(Text(f"  {timed.network}, {timed.parameters:,} parameters: {taken}; {ratio}"))
    screen.print()
    screen.print("One gradient by number of threads", style="bold")
    for timed in found.threads:
        taken = "; ".join(f"{count}: {_milliseconds(seconds)}" for count, seconds in timed.seconds.items())
        screen.print(Text(f"  {timed.network}: {taken}. Recommended: {timed.best}"))


def _listed(packages: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {number or 'MISSING'}" for name, number in packages.items())


def _milliseconds(taken: "Spread") -> str:
    low, middle, high = (f"{1e3 * value:.3g}" for value in (taken.low, taken.middle, taken.high))
    return f"{middle} [{low} to {high}] ms"
