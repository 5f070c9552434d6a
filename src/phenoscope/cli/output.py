"""What several commands print alike."""

import json
import sys
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

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
