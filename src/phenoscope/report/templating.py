"""From templates to files: the pages' common frame, and where on a site a page stands."""

import dataclasses
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from phenoscope.report.addresses import CONTROLS
from phenoscope.report.numbers import counted
from phenoscope.report.palette import SERIES
from phenoscope.store.files import written_aside

SECTIONS = (
    ("atlas", "Atlas", "index.html"),
    ("runs", "Runs", "runs.html"),
    ("controls", "Frozen features", CONTROLS),
    ("verdicts", "How verdicts are reached", "verdicts.html"),
)
"""The navigation of a site: name, text, address from its root."""


ROLES = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell"}
ROLES |= {"col": "columnheader", "row": "rowheader"}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a page stands on a site.

    Attributes:
        section: which entry of the navigation it belongs to.
        root: the way from the page to the site's root, such as "../".
        trail: the pages above it, as (text, address from the root).
        here: its own name at the end of the trail.
    """

    section: str
    root: str = ""
    trail: tuple[tuple[str, str], ...] = ()
    here: str = ""


def rendered(template: str, place: Place | None, *, made_of: str = "", **parts: Any) -> str:
    """A page's HTML.

    Args:
        template: its file.
        place: where it stands on a site; without one it stands alone, and links to no other page.
        made_of: the mark to leave on it, if any (see `freshness`).
        parts: what the template shows.
    """
    series = list(enumerate(SERIES, start=1))
    made = _templates().get_template(template)
    return with_roles(made.render(place=place, sections=SECTIONS, series=series, made_of=made_of, **parts))


def with_roles(html: str) -> str:
    """Tables with their roles spelled out: on a phone their rows are laid out as cards, and some browsers then forget.

    Example:
        >>> with_roles('<tr><th scope="row">a</th><td>b</td></tr>')
        '<tr role="row"><th role="rowheader" scope="row">a</th><td role="cell">b</td></tr>'
    """
    html = re.sub(r"<(table|thead|tbody|tr|td)(?=[ >])", lambda tag: f'{tag[0]} role="{ROLES[tag[1]]}"', html)
    return re.sub(r'<th (?=[^>]*scope="(col|row))', lambda tag: f'<th role="{ROLES[tag[1]]}" ', html)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8", errors="replace")  # folders may have names that are no UTF-8


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("phenoscope.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"counted": counted, "style": _style}
    return made


def _style() -> Markup:
    return Markup((Path(__file__).parent / "templates" / "style.css").read_text(encoding="utf-8"))
