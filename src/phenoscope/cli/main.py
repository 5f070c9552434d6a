"""The command as a whole: `list`, `run` and `show` here, the others in files of their own."""

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import cyclopts
from cyclopts import App, Parameter
from rich.console import Console
from rich.text import Text

from phenoscope.cli.compare import compare
from phenoscope.cli.data import data_app
from phenoscope.cli.diagnose import diagnose
from phenoscope.cli.doctor import doctor
from phenoscope.cli.measure import measure
from phenoscope.cli.options import Usage, chosen, number
from phenoscope.cli.output import Json, Quiet, console, print_json, tell
from phenoscope.cli.reporting import report
from phenoscope.cli.resume import resume
from phenoscope.cli.sentences import one_line, unforeseen
from phenoscope.core.errors import PhenoscopeError

app = App(
    name="phenoscope",
    help="A laboratory for the phenomena of deep learning: measure, reproduce, judge.",
    version_flags=("--version",),
    result_action="return_value",
    suppress_keyboard_interrupt=False,  # else it would end without the sentence on how to go on
)

app.command(data_app)
app.command(diagnose)
app.command(compare)
app.command(doctor)
app.command(measure)
app.command(report)
app.command(resume)

Scale = Literal["smoke", "laptop", "paper"]


@app.command(name="list")
def list_(word: str | None = None, /, *, as_json: Json = False) -> None:
    """List the phenomena: what is asked, how many claims are judged, the options, and where each comes from.

    Parameters
    ----------
    word
        Only those of a family, such as `kernels`, or with this in their name or question.
    as_json
        Print one JSON object and nothing else.
    """
    from phenoscope.atlas import entries
    from phenoscope.cli.listing import as_data, as_table, with_word

    found = entries() if word is None else with_word(entries(), word)
    print_json(as_data(found)) if as_json else console().print(as_table(found))


@app.command
def run(
    name: str,
    /,
    *,
    scale: Scale = "laptop",
    seeds: str | None = None,
    out: Path = Path("runs"),
    jobs: int | None = None,
    control: Literal["linearised"] | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    **options: str,
) -> None:
    """Run a phenomenon, or all of a family, judge the claims, and write the report.

    Parameters
    ----------
    name
        Which one, or a family such as `stability`; see `phenoscope list`.
    scale
        smoke (seconds), laptop (minutes) or paper (the size of the source).
    seeds
        A count, or a list such as 11,12,13,14,15.
    out
        The folder for members and experiments.
    jobs
        Worker processes; as many as cores unless given, one at the smoke scale.
    control
        `linearised` runs the same experiment with frozen features: what holds there too does not need learned ones.
    dry_run
        Only say what would be run, and about how long it would take.
    as_json
        Print one JSON object and nothing else.
    quiet
        No progress.
    options
        What the phenomenon itself offers, such as --data mnist1d or --rates 0.2,0.3; see `phenoscope list`.
    """
    from phenoscope.atlas.families import FAMILIES
    from phenoscope.cli.families import run_family
    from phenoscope.cli.running import Request, describe, execute

    which = None if seeds is None else _seeds(seeds)
    if name in FAMILIES:
        whole = Request(name, scale, which, out, jobs, dict(options), control)
        run_family(whole, dry_run=dry_run, as_json=as_json, quiet=quiet)
        return
    request = Request(name, scale, which, out, jobs, chosen(name, options), control)
    if dry_run:
        described = describe(request)
        print_json(described.as_json) if as_json else print(described.text)
        return
    experiment, page = execute(request, quiet=quiet)
    tell(experiment, as_json, page)


@app.command
def show(run: Path, /, *, as_json: Json = False) -> None:
    """Show the verdicts of an experiment on disk.

    Parameters
    ----------
    run
        Its folder, or the folder given as `--out` if there is only one in it.
    as_json
        Print one JSON object and nothing else.
    """
    from phenoscope.store import find_experiment, read_experiment

    experiment = read_experiment(find_experiment(run))
    page = experiment.path / "report" / "index.html"
    tell(experiment, as_json, page if page.exists() else None)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; leaves with 0 (done), 1 (bad input), 2 (usage) or 130 (interrupted)."""
    errors = Console(stderr=True)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of folders, or signs that the terminal lacks
    try:
        app(arguments, exit_on_error=False, error_console=errors)
        sys.stdout.flush()
    except cyclopts.CycloptsError:
        sys.exit(2)
    except PhenoscopeError as problem:
        errors.print(Text.assemble(("Error: ", "bold red"), one_line(problem)), soft_wrap=True)
        sys.exit(2 if isinstance(problem, Usage) else 1)
    except BrokenPipeError:
        # Who reads our output has enough (`| head`); Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as problem:
        errors.print(Text.assemble(("Error: ", "bold red"), unforeseen(problem)), soft_wrap=True)
        if isinstance(problem, OSError) and problem.filename is None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where it would fail once more at the end
        sys.exit(1)
    except KeyboardInterrupt as stop:
        sentence = str(stop) or "Interrupted. What was done is kept: run the same command again to go on."
        errors.print(Text(sentence), soft_wrap=True)
        sys.exit(130)


def _seeds(text: str) -> int | tuple[int, ...]:
    numbers = tuple(number(part, int, "--seeds") for part in text.split(",") if part.strip())
    if not numbers:
        raise Usage("--seeds takes a count such as 5, or a list such as 11,12,13,14,15; got nothing.")
    return numbers[0] if "," not in text else numbers
