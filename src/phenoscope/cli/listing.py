"""What `phenoscope list` shows."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from phenoscope.atlas import Entry
from phenoscope.atlas.families import FAMILIES, family_of
from phenoscope.core.errors import BadInput
from phenoscope.core.specs import to_json


def with_word(found: Sequence[Entry], word: str) -> list[Entry]:
    """Those of the family of that name, or with the word in their own name or question.

    Raises:
        BadInput: there is none.
    """
    if word in FAMILIES:
        return [entry for entry in found if _family(entry) == word]
    asked = {entry.name: "" if entry.phenomenon is None else entry.phenomenon.question for entry in found}
    kept = [entry for entry in found if word.lower() in f"{entry.name} {asked[entry.name]}".lower()]
    if not kept:
        families = ", ".join(FAMILIES)
        raise BadInput(f"no phenomenon has {word!r} in its name or question, and the families are {families}.")
    return kept


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
    """As tables: a family each, what belongs to none with where it comes from, and why something cannot be run."""
    usable = {e.name: e for e in found if e.phenomenon is not None}
    parts: list[RenderableType] = []
    for family in FAMILIES.values():
        heading = Text.assemble(
            (family.title, "bold"), f": {family.question}\nAll of them: phenoscope run {family.name}"
        )
        own = [usable.pop(name) for name in family.phenomena if _family(usable.get(name)) is not None]
        parts += [heading, Text(""), _table(own), Text("")] if own else []
    if usable:
        parts += [Text("Others", style="bold"), Text(""), _table(list(usable.values()), origin=True), Text("")]
    parts += [Text.assemble(("! ", "bold yellow"), e.problem) for e in found if e.phenomenon is None]
    return Group(*parts)


def _table(found: Sequence[Entry], *, origin: bool = False) -> Table:
    table = Table("name", "question", "claims", "options", *(["from"] if origin else []), box=None, pad_edge=False)
    for e in found:
        assert e.phenomenon is not None
        cells = [e.name, e.phenomenon.question, str(len(e.phenomenon.claims)), ", ".join(e.options)]
        table.add_row(*map(Text, cells + ([f"{e.distribution} {e.version}"] if origin else [])))
    return table


def _family(entry: Entry | None) -> str | None:
    family = family_of(entry.name) if entry is not None and entry.distribution == "phenoscope" else None
    return None if family is None else family.name
