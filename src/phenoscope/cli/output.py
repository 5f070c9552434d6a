"""What several commands print alike."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.console import Console

if TYPE_CHECKING:
    from phenoscope.store import Experiment

Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, Parameter(name="--quiet", negative=(), help="No progress.")]

WIDE = 200
"""Characters of a line in a pipe, where nobody is helped by lines that are broken at 80."""


def console() -> Console:
    """Standard output, as wide as the terminal."""
    return Console(width=None if sys.stdout.isatty() else WIDE)


def print_json(value: Any) -> None:
    """One JSON object on standard output; numbers that are not finite have no place in it."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def tell(experiment: "Experiment", as_json: bool, page: Path | None) -> None:
    """The verdicts of an experiment, and where everything is."""
    from phenoscope.report import print_verdicts

    if as_json:
        print_json(as_data(experiment, page))
        return
    print_verdicts(experiment, Console(), report=page)
    print(f"Data:   {experiment.path}")
    print(f"Site:   `{shlex.join(['phenoscope', 'report', str(experiment.path.parent)])}` shows all runs there")


def as_data(experiment: "Experiment", page: Path | None) -> dict[str, Any]:
    """An experiment as JSON: what it is, where it is, and its verdicts."""
    about = {"name": experiment.name, "scale": experiment.scale, "seeds": list(experiment.seeds)}
    where = {"folder": str(experiment.path), "report": None if page is None else str(page)}
    return about | where | {"verdicts": [verdict.to_json() for verdict in experiment.verdicts]}
