"""The page of a run in a folder of its own: what was watched, every series, and what the claims say of it."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from phenoscope.panels import PanelData, Trace, is_evidence, series_panel
from phenoscope.record import Record
from phenoscope.report.csvs import run_verdicts_csv
from phenoscope.report.figures import data_csv
from phenoscope.report.freshness import is_fresh, mark
from phenoscope.report.numbers import counted, duration, number
from phenoscope.report.parts import figure, flat, moment, tally, unique_slugs
from phenoscope.report.recipes import phrase, recipe_lines
from phenoscope.report.templating import Place, rendered, write_text
from phenoscope.report.verdict_rows import verdict_rows
from phenoscope.store import DIAGNOSIS, SingleRun
from phenoscope.store.members import JOURNAL, MEMBER, SERIES


def write_single(
    run: SingleRun, folder: Path, *, place: Place | None = None, phenomena: frozenset[str] = frozenset()
) -> Path:
    """Write the run's page, `folder/index.html`, and the numbers behind it as CSV: `verdicts.csv`, `data/*.csv`.

    Args:
        run: what was measured.
        folder: made where it is not there.
        place: where it stands on a site, on which it is drawn again only if something has changed.
        phenomena: that have a page there.

    Returns:
        The path of the page.
    """
    panels = series_panels(run.record, run.about.get("watched", {}).get("series", {}))
    slugs = unique_slugs(panels)
    page, tables = folder / "index.html", [folder / "data" / f"{slug}.csv" for slug in slugs]
    made_of = ""
    if place is not None:
        made_of = mark([run.path / file for file in (MEMBER, SERIES, JOURNAL, DIAGNOSIS)], place, sorted(phenomena))
        if is_fresh(page, made_of, tables):
            return page
    for table, panel in zip(tables, panels, strict=True):
        write_text(table, data_csv(panel))
    if run.verdicts:
        write_text(folder / "verdicts.csv", run_verdicts_csv(run.path.name, run.verdicts))
    figures = [figure(panel, slug) | {"evidence": is_evidence(panel.title, run.record)}
               for panel, slug in zip(panels, slugs, strict=True)]  # fmt: skip
    text = rendered(
        "single.html",
        place,
        made_of=made_of,
        run=run,
        name=run.path.resolve().name,
        facts=facts(run),
        figures=[each for each in figures if not each["evidence"]],
        evidence=[each for each in figures if each["evidence"]],
        tally=tally(run.verdicts),
        claims=verdict_rows(run.verdicts),
        rest=_rest(run),
        phenomena=phenomena,
        about=_about(run),
        costs=_costs(run.about.get("watched", {})),
        environment=flat(run.about.get("environment") or {}),
        recipe=_recipe(run.about),
        once=[(name, number(float(found.values[0]))) for name, found in run.record.series.items() if len(found) == 1],
    )
    write_text(page, text)
    return page


def series_panels(record: Record, units: Mapping[str, str]) -> list[PanelData]:
    """A panel for each recorded series of several readings."""
    names = [name for name, series in record.series.items() if len(series) > 1]
    panels = [series_panel(name, {"this run": record}, units.get(name, "")) for name in names]
    return [replace(panel, caption=_caption(record, panel.title, panel.traces[0])) for panel in panels]


def facts(run: SingleRun) -> dict[str, str]:
    """A run as lists of runs show it."""
    watched, record = run.about.get("watched", {}), run.record
    rate = f", rate {number(record.settings['lr'])}" if "lr" in record.settings else ""
    ended = {"diverged": f"diverged at step {record.stopped_at}", "running": "still running, or cut short"}
    return {
        "model": str(watched.get("model", "")),
        "optimizer": f"{watched.get('optimizer', '')}{rate}" if watched else f"a member{rate}",
        "steps": f"{record.steps:,}",
        "outcome": ended.get(record.outcome, record.outcome),
        "created": str(run.about.get("created") or ""),
        "moment": moment(str(run.about.get("created") or "")),
    }


def _caption(record: Record, name: str, trace: Trace) -> str:
    """How many readings there are, where they begin and end, and what the band is; the figure says the rest."""
    series = record.series[name]
    if not trace.y:
        return f"{counted(len(series), 'reading')}, none of them a finite number."
    parts = [f"{len(series):,} readings, from {number(trace.y[0])} to {number(trace.y[-1])}."]
    lost = len(series) - len(trace.y)
    if lost:
        parts.append(f"{counted(lost, 'reading is', 'readings are')} not finite and left out.")
    if trace.error:
        drawn = f"{name}.standard error" in record.series
        parts.append(
            f"The band is {'one standard error' if drawn else 'the residual, or what rounding may contribute'}."
        )
    return " ".join(parts)


def _about(run: SingleRun) -> list[tuple[str, str]]:
    """What was watched; empty for a member, whose recipe says it."""
    watched = run.about.get("watched")
    if not watched:
        return []
    rows = [
        ("model", f"{watched['model']}, {watched['parameters']:,} parameters"),
        ("loss", f"{watched['loss']} ({watched['loss_kind']})"),
        ("measured on", f"{watched['examples']:,} examples in {counted(watched['batches'], 'batch', 'batches')}"),
        ("optimizer", watched["optimizer"]),
        ("recognised as", watched["rule"] or f"no rule known here: {watched['rule_why']}"),
        ("probes", ", ".join(watched["probes"])),
        ("settings", phrase({name: value for name, value in run.record.settings.items() if name != "seed"})),
    ]
    if watched.get("parameters_not_in_optimizer"):
        rows.append(("not trained", f"{watched['parameters_not_in_optimizer']:,} parameters are not in the optimizer"))
    if watched.get("seconds_in_all"):
        spent, whole = watched.get("seconds", 0.0), watched["seconds_in_all"]
        rows.append(("time", f"{duration(whole)}, of which measuring took {duration(spent)}"))
    if watched.get("problem"):
        rows.append(("problem", f"the watch ended before the training, at {watched['problem']}"))
    return [(name, str(text)) for name, text in rows]


def _costs(watched: Mapping[str, Any]) -> list[tuple[str, str]]:
    costs = watched.get("costs", {})
    return [(name, f"{cost['readings']:,} readings, {duration(cost['seconds'])}") for name, cost in costs.items()]


def _recipe(about: Mapping[str, Any]) -> dict[str, Any] | None:
    """The recipe of a member; a watched run has none."""
    plan = about.get("plan")
    if plan is None:
        return None
    return {"lines": recipe_lines(plan["recipe"]), "json": json.dumps(plan, indent=2, ensure_ascii=False)}


def _rest(run: SingleRun) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The claims that were not judged, by phenomenon; first those that another probe would make possible."""
    ordered = sorted(run.rest, key=lambda each: (each["phenomenon"], not each["needs"]))
    return [(name, list(group)) for name, group in itertools.groupby(ordered, key=lambda each: each["phenomenon"])]
