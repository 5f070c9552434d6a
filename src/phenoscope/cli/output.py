"""What several commands print alike."""

import json
from typing import Annotated, Any

from cyclopts import Parameter

Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, Parameter(name="--quiet", negative=(), help="No progress.")]


def print_json(value: Any) -> None:
    """One JSON object on standard output; numbers that are not finite have no place in it."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))
