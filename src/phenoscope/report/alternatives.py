"""Text alternatives: what a figure shows, in words, for those who cannot see it."""

import math
from collections.abc import Iterable, Sequence

from phenoscope.claims.verdict import Verdict
from phenoscope.panels import PanelData, Trace
from phenoscope.report.numbers import counted, number
from phenoscope.report.words import alone, control_estimate, estimate, percent


def describe(panel: PanelData) -> str:
    """A panel in words: its axes, its arms and seeds, its ranges, and the theory."""
    drawn = [trace for trace in panel.traces if trace.x]
    kind = "Scatter plot" if panel.kind == "scatter" else "Line chart"
    parts = [f"{kind} of {panel.y_label} against {panel.x_label}."]
    if not drawn:
        return f"{parts[0]} Nothing was measured."
    parts.append(f"{_members(drawn)}.")
    parts.append(
        f"{panel.x_label} {_range(drawn, 'x', panel.log_x)}; {panel.y_label} {_range(drawn, 'y', panel.log_y)}."
    )
    theory = [trace for trace in panel.theory if trace.x]
    if theory:
        many = f"{counted(len(theory), 'dashed line')}, {_range(theory, 'y', False)}"
        parts.append(f"Theory ({panel.theory_label}): {many}.")
    empty = len(panel.traces) - len(drawn)
    if empty:
        parts.append(f"{counted(empty, 'member has', 'members have')} no finite value.")
    return " ".join(parts)


def describe_strip(verdict: Verdict) -> str:
    """An interval strip in words."""
    found, single = estimate(verdict), alone(verdict)
    parts = ["No estimate" if math.isnan(verdict.estimate) else f"Estimate {found.estimate}"]
    if found.low:
        parts.append(f"{percent(verdict.level)} interval {found.low} to {found.high}")
    if single.low:
        parts.append(f"alone {single.low} to {single.high}")
    parts.append(f"region {verdict.region}")
    unit = "block" if verdict.scope == "this run" else "seed"
    values = [value for value in verdict.values if math.isfinite(value)]
    if values:
        parts.append(f"{counted(len(values), unit)} from {number(min(values))} to {number(max(values))}")
    control = verdict.control
    if control is not None and math.isfinite(control.estimate):
        found = control_estimate(control, verdict.region)
        parts.append(f"control {control.arm} {found}")
    return "; ".join(parts) + "."


def _members(traces: Sequence[Trace]) -> str:
    arms = list(dict.fromkeys(trace.arm for trace in traces))
    return f"{counted(len(arms), 'arm')}: " + "; ".join(_arm(arm, [t for t in traces if t.arm == arm]) for arm in arms)


def _arm(arm: str, traces: Sequence[Trace]) -> str:
    names = list(dict.fromkeys(name for trace in traces for name in trace.where))
    swept = [f"{name} {_values(t.where[name] for t in traces if name in t.where)}" for name in names]
    seeds = len({trace.seed for trace in traces if trace.seed is not None})
    return f"{arm} ({', '.join((*swept, counted(seeds, 'seed')))})"


def _values(values: Iterable[float]) -> str:
    found = sorted(set(values))
    return ", ".join(number(v) for v in found) if len(found) <= 4 else f"{number(found[0])} to {number(found[-1])}"


def _range(traces: Sequence[Trace], axis: str, log: bool) -> str:
    numbers = [value for trace in traces for value in getattr(trace, axis)]
    low, high = number(min(numbers)), number(max(numbers))
    return (f"is {low}" if low == high else f"from {low} to {high}") + (" on a logarithmic axis" if log else "")
