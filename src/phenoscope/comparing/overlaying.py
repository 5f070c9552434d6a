"""The series of two runs over each other."""

import dataclasses

from phenoscope.panels import PanelData, Trace, is_evidence, series_panel
from phenoscope.store import Experiment, SingleRun

MOST = 12
"""Figures of series at most, where two experiments share no panel."""


def overlaid(a: Experiment | SingleRun, b: Experiment | SingleRun, *, from_members: bool) -> tuple[PanelData, ...]:
    """The panels that both runs have, with the lines of both; single runs have one for each common series.

    Args:
        a: the first run.
        b: the second, of the same kind.
        from_members: where two experiments have no panel in common, read the series of the first arm of each.
    """
    if isinstance(a, SingleRun) and isinstance(b, SingleRun):
        units = {**b.about.get("watched", {}).get("series", {}), **a.about.get("watched", {}).get("series", {})}
        records = {"A": a.record, "B": b.record}
        common = [name for name in a.record.series if name in b.record.series]
        lines = [name for name in common if max(len(a.record.series[name]), len(b.record.series[name])) > 1]
        shown = [name for name in lines if not is_evidence(name, a.record)]
        return tuple(series_panel(name, records, units.get(name, "")) for name in shown)
    assert isinstance(a, Experiment)
    assert isinstance(b, Experiment)
    theirs = {_kind(panel): panel for panel in b.panels}
    panels = [_over(panel, theirs[_kind(panel)]) for panel in a.panels if _kind(panel) in theirs]
    return tuple(panels) or (_of_first_arms(a, b) if from_members else ())


def _kind(panel: PanelData) -> tuple[str, str, str]:
    return panel.kind, panel.title, panel.y_label


def _over(a: PanelData, b: PanelData) -> PanelData:
    theory = [*_named(a.theory, "A"), *_named(b.theory, "B")]
    if _lines(a.theory) == _lines(b.theory):  # one theory for both is drawn once, as nobody's
        theory = [dataclasses.replace(trace, arm="", where={}) for trace in a.theory]
    traces = (*_named(a.traces, "A"), *_named(b.traces, "B"))
    return dataclasses.replace(a, traces=traces, theory=tuple(theory))


def _named(traces: tuple[Trace, ...], run: str) -> list[Trace]:
    return [dataclasses.replace(trace, arm=f"{run}: {trace.arm}" if trace.arm else run) for trace in traces]


def _lines(traces: tuple[Trace, ...]) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    return [(trace.x, trace.y) for trace in traces]


def _of_first_arms(a: Experiment, b: Experiment) -> tuple[PanelData, ...]:
    ours, theirs = a.records[a.arms[0].name], b.records[b.arms[0].name]
    if not ours or not theirs:
        return ()
    labelled = [(f"A: {a.arms[0].name}", record) for record in ours]
    labelled += [(f"B: {b.arms[0].name}", record) for record in theirs]
    common = [name for name in ours[0].series if name in theirs[0].series and not is_evidence(name, ours[0])]
    panels = []
    for name in common[:MOST]:
        parts = [series_panel(name, {label: record}) for label, record in labelled]
        traces = tuple(trace for part in parts for trace in part.traces)
        panels.append(dataclasses.replace(parts[0], traces=traces, log_y=all(part.log_y for part in parts)))
    return tuple(panels)
