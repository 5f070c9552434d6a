"""What pages of several kinds show alike: figures, arms, tables of names and values, dates, addresses."""

import datetime
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from phenoscope.claims.verdict import Verdict
from phenoscope.panels import PanelData
from phenoscope.report import words
from phenoscope.report.figures import draw
from phenoscope.report.numbers import MISSING, duration, number
from phenoscope.report.recipes import phrase, recipe_lines
from phenoscope.store import ArmResult


def tally(verdicts: Sequence[Verdict]) -> str:
    """The counts by outcome in one sentence, in which a count stays with its word."""
    return re.sub(r"(\d) ", "\\1\N{NO-BREAK SPACE}", words.tally(verdicts))


def unique_slugs(panels: Sequence[PanelData]) -> list[str]:
    """A file name for each panel; panels of one title are numbered, and one without letters is called "figure"."""
    taken: Counter[str] = Counter()
    slugs: list[str] = []
    for panel in panels:
        base = panel.slug[:80].strip("-") or "figure"
        slug = base
        while slug in taken:
            taken[base] += 1
            slug = f"{base}-{taken[base]}"
        taken[slug] += 1
        slugs.append(slug)
    return slugs


def figure(panel: PanelData, slug: str) -> dict[str, Any]:
    """A panel as a page shows it; `slug` names the file of its numbers."""
    return {"title": panel.title, "caption": panel.caption, "svg": Markup(draw(panel)), "data": f"data/{slug}.csv"}


def arm_parts(arm: ArmResult) -> dict[str, Any]:
    """An arm as its card shows it."""
    return {
        "ran": True,
        "name": arm.name,
        "role": arm.role,
        "says": arm.says,
        "recipe": recipe_lines(arm.recipe),
        "json": json.dumps(dict(arm.recipe), indent=2, ensure_ascii=False, default=str),
        "sweep": [(name, ", ".join(number(value, 6) for value in values)) for name, values in arm.sweep.items()],
        "members": arm.members,
        "seconds": duration(arm.seconds),
        "diverged": arm.diverged,
    }


def flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested names joined by a dot."""
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows += flat(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", MISSING if value is None else phrase(value)))
    return rows


def moment(created: str) -> str:
    """A date as people write it, or the text itself where it is none."""
    try:
        return f"{datetime.datetime.fromisoformat(created):%-d %B %Y, %H:%M} UTC"
    except ValueError:
        return created


def safe_address(address: str) -> str:
    """An address to link to; anything but the web (a script, a file of this machine) becomes no link."""
    return address if address.startswith(("https://", "http://")) else ""
