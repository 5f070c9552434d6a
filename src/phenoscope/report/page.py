"""The page of an experiment: one HTML file that needs nothing but itself, and the data beside it."""

import datetime
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from phenoscope.claims.verdict import Verdict
from phenoscope.panels import PanelData
from phenoscope.report import words
from phenoscope.report.figures import data_csv, draw
from phenoscope.report.numbers import MISSING, counted, duration, number
from phenoscope.report.palette import SERIES
from phenoscope.report.recipes import phrase, recipe_lines
from phenoscope.report.strips import interval_strip
from phenoscope.store import ArmResult, Experiment
from phenoscope.store.files import written_aside


def write_page(experiment: Experiment, folder: Path) -> Path:
    """Write an experiment's page, `folder/index.html`, and the numbers of its figures, `folder/data/*.csv`.

    The page loads nothing: styles and figures are inside it, so it opens from disk and can be sent as one file.

    Returns:
        The path of the page.
    """
    slugs = unique_slugs(experiment.panels)
    for slug, panel in zip(slugs, experiment.panels, strict=True):
        _write(folder / "data" / f"{slug}.csv", data_csv(panel))
    page = folder / "index.html"
    _write(page, render(experiment, slugs))
    return page


def render(experiment: Experiment, slugs: Sequence[str]) -> str:
    """The HTML of the page; `slugs` name the panels' files."""
    figures = [_figure(panel, slug) for panel, slug in zip(experiment.panels, slugs, strict=True)]
    return (
        _templates()
        .get_template("page.html")
        .render(
            experiment=experiment,
            created=_moment(experiment.created),
            tally=re.sub(r"(\d) ", "\\1\N{NO-BREAK SPACE}", words.tally(experiment.verdicts)),  # a count and its word
            claims=_claims(experiment.verdicts),
            figures=figures,
            arms=[_arm(arm) for arm in experiment.arms],
            options=[(name, phrase(value)) for name, value in experiment.options.items()],
            environment=_flat(experiment.environment),
            sources=[(text, _safe_address(address)) for text, address in experiment.sources],
            members=sum(len(arm.members) for arm in experiment.arms),
            seconds=duration(experiment.seconds),
            series=list(enumerate(SERIES, start=1)),
        )
    )


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


def _write(path: Path, text: str) -> None:
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def _figure(panel: PanelData, slug: str) -> dict[str, Any]:
    return {"title": panel.title, "caption": panel.caption, "svg": Markup(draw(panel)), "data": f"data/{slug}.csv"}


def _claims(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Verdicts that follow each other on one claim, under its sentence."""
    groups = itertools.groupby(verdicts, key=lambda verdict: (verdict.claim, verdict.source, verdict.statistic))
    return [
        {"says": says, "source": source, "statistic": statistic, "rows": [_row(verdict) for verdict in group]}
        for (says, source, statistic), group in groups
    ]


def _row(verdict: Verdict) -> dict[str, Any]:
    return {
        "outcome": verdict.outcome,
        "kind": words.MARKS[verdict.outcome].kind,
        "notes": _notes(verdict),
        "arm": verdict.arm,
        "where": ", ".join(f"{name} = {value:g}" for name, value in verdict.where.items()),
        "strip": Markup(interval_strip(verdict)),
        "found": words.estimate(verdict),
        "alone": words.alone(verdict),
        "level": words.percent(verdict.level),
        "unit": verdict.unit,
        "region": str(verdict.region),
        "origin": words.ORIGINS[verdict.region_from],
        "n": verdict.n,
        "seeds": ", ".join(map(str, verdict.seeds)),
        "control": None if verdict.control is None else _control(verdict),
    }


def _notes(verdict: Verdict) -> list[tuple[str, str]]:
    """The sentences below a verdict: why it came out so, and what its control says."""
    notes = [(f"Why {verdict.outcome}:", verdict.reason)] if verdict.outcome in ("undecided", "not tested") else []
    if not notes and verdict.reason:
        notes = [("Note:", verdict.reason)]
    control = verdict.control
    if control is not None and control.how not in verdict.reason:
        notes.append((f"{'Twin' if control.role == 'twin' else 'Control'}:", control.how))
    elif control is not None:
        notes = [("Control:", verdict.reason)]
    return [(head, text.rstrip(".")) for head, text in notes if text]


def _control(verdict: Verdict) -> dict[str, Any]:
    control = verdict.control
    assert control is not None
    return {
        "arm": control.arm,
        "role": control.role,
        "word": words.control_word(control),
        "known": not math.isnan(control.estimate),
        "found": words.control_estimate(control, verdict.region),
        "n": control.n,
    }


def _arm(arm: ArmResult) -> dict[str, Any]:
    return {
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


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested names joined by a dot."""
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", MISSING if value is None else phrase(value)))
    return rows


def _moment(created: str) -> str:
    """A date as people write it, or the text itself where it is none."""
    try:
        return f"{datetime.datetime.fromisoformat(created):%-d %B %Y, %H:%M} UTC"
    except ValueError:
        return created


def _safe_address(address: str) -> str:
    """An address to link to; anything but the web (a script, a file of this machine) becomes no link."""
    return address if address.startswith(("https://", "http://")) else ""
