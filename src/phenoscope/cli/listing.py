"""What `phenoscope list` shows."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from phenoscope.atlas import Entry
from phenoscope.atlas.families import FAMILIES, family_of
from phenoscope.core.specs import to_json


def as_data(found: Sequence[Entry]) -> dict[str, Any]:
    """As JSON: what can be run, and apart from it what cannot, with the reason."""
    rows = [
        {
            "name": entry.name,
            "family": _family(entry),
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
    families = [
        {"name": family.name, "title": family.title, "question": family.question, "phenomena": list(family.phenomena)}
        for family in FAMILIES.values()
    ]
    return {"phenomena": rows, "families": families, "broken": broken}


def as_table(found: Sequence[Entry]) -> RenderableType:
    """As a table; below it the families, and why something cannot be run."""
    table = Table("name", "family", "question", "claims", "options", "from", box=None, pad_edge=False)
    for e in found:
        if e.phenomenon is not None:
            cells = (
                e.name,
                _family(e) or "",
                e.phenomenon.question,
                str(len(e.phenomenon.claims)),
                ", ".join(e.options),
            )
            table.add_row(*map(Text, cells), Text(f"{e.distribution} {e.version}"))
    problems = [Text.assemble(("! ", "bold yellow"), e.problem) for e in found if e.phenomenon is None]
    told = [Text(f"{family.name}: {family.title}. {family.question}") for family in FAMILIES.values()]
    families = [Text(""), Text("Families, which `phenoscope run` takes as well:"), *told]
    return Group(table, *families, *([Text(""), *problems] if problems else []))


def _family(entry: Entry) -> str | None:
    family = family_of(entry.name) if entry.distribution == "phenoscope" else None
    return None if family is None else family.name
