"""The page of an experiment: one HTML file that needs nothing but itself, and the data beside it."""

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from phenoscope.claims.verdict import Verdict
from phenoscope.report import words
from phenoscope.report.csvs import verdicts_csv
from phenoscope.report.figures import data_csv
from phenoscope.report.numbers import duration
from phenoscope.report.parts import arm_parts, figure, flat, moment, safe_address, tally, unique_slugs
from phenoscope.report.recipes import phrase
from phenoscope.report.strips import interval_strip
from phenoscope.report.templating import Place, rendered, write_text
from phenoscope.store import Experiment


def write_page(experiment: Experiment, folder: Path, *, place: Place | None = None, heading: str = "") -> Path:
    """Write an experiment's page, `folder/index.html`, and the numbers behind it as CSV: `verdicts.csv`, `data/*.csv`.

    The page loads nothing: styles and figures are inside it, so it opens from disk and can be sent as one file.

    Args:
        experiment: what was run.
        folder: made where it is not there.
        place: where it stands on a site; alone unless given.
        heading: its title in a browser's tab; by default the experiment's.

    Returns:
        The path of the page.
    """
    slugs = unique_slugs(experiment.panels)
    for slug, panel in zip(slugs, experiment.panels, strict=True):
        write_text(folder / "data" / f"{slug}.csv", data_csv(panel))
    if experiment.verdicts:
        write_text(folder / "verdicts.csv", verdicts_csv([experiment]))
    page = folder / "index.html"
    write_text(page, render(experiment, slugs, place, heading))
    return page


def render(experiment: Experiment, slugs: Sequence[str], place: Place | None = None, heading: str = "") -> str:
    """The HTML of the page; `slugs` name the panels' files."""
    return rendered(
        "page.html",
        place,
        heading=heading or experiment.title,
        experiment=experiment,
        created=moment(experiment.created),
        tally=tally(experiment.verdicts),
        claims=_claims(experiment.verdicts),
        figures=[figure(panel, slug) for panel, slug in zip(experiment.panels, slugs, strict=True)],
        arms=[arm_parts(arm) for arm in experiment.arms],
        options=[(name, phrase(value)) for name, value in experiment.options.items()],
        environment=flat(experiment.environment),
        sources=[(text, safe_address(address)) for text, address in experiment.sources],
        members=sum(len(arm.members) for arm in experiment.arms),
        seconds=duration(experiment.seconds),
    )


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
