"""What `phenoscope list` shows."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from phenoscope.atlas import Entry
from phenoscope.core.specs import to_json


def as_data(found: Sequence[Entry]) -> dict[str, Any]:
    """As JSON: what can be run, and apart from it what cannot, with the reason."""
    rows = [
        {
            "name": entry.name,
            "question": entry.phenomenon.question,
            "claims": len(entry.phenomenon.claims),
            "arms": [arm.name for arm in entry.phenomenon.arms],
            "options": to_json(entry.options),
            "distribution": entry.distribution,
            "version": entry.version,
        }
        for entry in found
        if entry.phenomenon is not None
    ]
    broken = [
        {"name": e.name, "problem": e.problem, "distribution": e.distribution, "version": e.version}
        for e in found
        if e.phenomenon is None
    ]
    return {"phenomena": rows, "broken": broken}


def as_table(found: Sequence[Entry]) -> RenderableType:
    """As a table; below it, why something cannot be run."""
    table = Table("name", "question", "claims", "options", "from", box=None, pad_edge=False)
    for e in found:
        if e.phenomenon is not None:
            cells = (e.name, e.phenomenon.question, str(len(e.phenomenon.claims)), ", ".join(e.options))
            table.add_row(*map(Text, cells), Text(f"{e.distribution} {e.version}"))
    problems = [Text.assemble(("! ", "bold yellow"), e.problem) for e in found if e.phenomenon is None]
    return Group(table, *([Text(""), *problems] if problems else []))
