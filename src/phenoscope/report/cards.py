"""Cards: values as small pieces of HTML for notebooks, readable on light and dark pages.

They take colours and fonts from the page: text and lines are in its text colour, more or less faint, and an outcome is
told by its sign and its word. Whatever comes from a user is escaped.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup

from phenoscope.claims.verdict import Verdict
from phenoscope.comparing import SideBySide
from phenoscope.instruments import Density, Eigenpairs, InvarianceAudit, Picture, Reading
from phenoscope.instruments.reading import ERRORS
from phenoscope.panels import PanelData
from phenoscope.record import Record
from phenoscope.report.comparison import match_parts, notes
from phenoscope.report.diagnosis import Diagnosed, about
from phenoscope.report.figures import draw
from phenoscope.report.numbers import counted, duration, number
from phenoscope.report.strips import interval_strip
from phenoscope.report.words import (
    MARKS,
    Found,
    control_estimate,
    control_word,
    estimate,
    percent,
    place,
    replicates,
    tally,
)
from phenoscope.store import Experiment, Member

BOX = "border-left:3px solid rgb(128 128 128 / .5);padding:2px 0 2px 14px;margin:6px 0;max-width:900px;line-height:1.45"
CELL = "text-align:left;vertical-align:top;padding:3px 18px 3px 0;background:none"
FAINT = Markup('<span style="opacity:.72">{}</span>')

Cells = Sequence[Any]


def card(value: Any) -> str:
    """A value as HTML; one that nothing is known of shows its own text."""
    return str(_card(value))


@functools.singledispatch
def _card(value: Any) -> Markup:
    # What the engine makes lies beside the report and not below it, so it is known by what it has.
    if isinstance(value, Diagnosed):
        return _diagnosis(value)
    if not hasattr(value, "lines"):
        return Markup("<pre>{}</pre>").format(value)
    lines = value.lines
    rows = [(line.name.replace("_", " "), _strong(number(line.value, 5)), line.unit, line.evidence) for line in lines]
    return _box(_table(("", "value", "unit", "evidence"), rows))


@_card.register
def _(value: Eigenpairs) -> Markup:
    pairs = zip(value.values.tolist(), value.residuals.tolist(), strict=True)
    rows = [(_strong(number(found, 6)), f"{residual:.1e}") for found, residual in pairs]
    return _box(_table(("eigenvalue", "residual"), rows), _how(value))


@_card.register
def _(value: Density) -> Markup:
    ends = (number(value.nodes.min().item(), 5), number(value.nodes.max().item(), 5))
    row = (counted(value.size, "eigenvalue"), *ends, f"{value.error:.1e}", f"{value.step_error:.1e}")
    told = f"{value.outcome}; {counted(len(value.nodes), 'probe')}, {counted(value.products, 'product')}"
    heads = ("density of", "smallest seen", "largest seen", "error", "error of the steps")
    return _box(_table(heads, [row]), FAINT.format(told))


@_card.register
def _(value: Picture) -> Markup:
    rows = []
    for which, axis in enumerate(value.axes, 1):
        ends = " to ".join(number(float(axis.coordinates[end]), 4) for end in (0, -1))
        products = "" if axis.eigenvalue is None else number(axis.eigenvalue, 5)
        curved = f"{number(axis.curvature.value, 5)} ± {axis.curvature.residual:.1e}"
        rows.append((which, ends, number(axis.length, 4), _strong(curved), products))
    seen = value.losses[value.losses.isfinite()]
    between = f"{number(float(seen.min()), 5)} to {number(float(seen.max()), 5)}" if len(seen) else "nowhere finite"
    told = [f"loss {number(value.centre, 6)} at the centre, {between} in the picture", value.told]
    told += [f"finite at {value.finite:.1%} of the points"] if value.finite < 1 else []
    heads = (f"{value.kind} axis", "coordinates", "length of 1", "curvature from losses", "by products")
    return _box(_table(heads, rows), FAINT.format("; ".join(told)))


@_card.register
def _(value: InvarianceAudit) -> Markup:
    heads, *rows = value.rows()
    cells = [(name, *(word if word == "same" else _strong(word) for word in words)) for name, *words in rows]
    return _box(_table(heads, cells), *(FAINT.format(note) for note in value.notes()))


@_card.register
def _(value: Reading) -> Markup:
    error = "" if value.error is None else f"{value.error:.1e}"
    heads = (value.title, ERRORS[value.error_field] if value.error_field else "")
    return _box(_table(heads, [(_strong(number(float(value.value), 6)), error)]), FAINT.format(value.evidence))


@_card.register
def _(value: Record) -> Markup:
    head = Markup("{} {}").format(_strong(f"Record {value.id}"), FAINT.format(_ended(value)))
    settings = ", ".join(f"{name} {number(found, 6)}" for name, found in value.settings.items())
    rows = [
        (name, len(series), _span(series.steps), _span(series.values[:1]), _span(series.values[-1:]))
        for name, series in value.series.items()
    ]
    return _box(head, FAINT.format(settings), _table(("series", "readings", "steps", "first", "last"), rows))


@_card.register
def _(value: Member) -> Markup:
    return _card(value.record)


@_card.register
def _(value: Verdict) -> Markup:
    mark = MARKS[value.outcome]
    head = Markup('<div>{} {}</div><div style="font-size:1.08em">{}</div>').format(
        _strong(f"{mark.sign} {value.outcome}"), FAINT.format(place(value)), value.claim
    )
    rows: list[Cells] = [("estimate", _found(estimate(value)), f"at {percent(value.level)}, n = {value.n}")]
    if value.control is not None:
        found = _found(control_estimate(value.control, value.region)) if value.control.n else ""
        rows.append((f"control {value.control.arm}", found, control_word(value.control)))
    rows.append(("region", str(value.region), f"from {value.region_from}"))
    if value.unit:
        rows.append(("unit", value.unit, ""))
    strip = Markup('<div style="width:300px">{}</div>').format(Markup(interval_strip(value)))
    parts = [head, strip, _table((), rows)]
    return _box(*parts, *([FAINT.format(value.reason)] if value.reason else []), FAINT.format(value.source))


@_card.register
def _(value: PanelData) -> Markup:
    drawn = Markup('<div style="width:640px;max-width:100%">{}</div>').format(Markup(draw(value)))
    return _box(_strong(value.title), drawn, FAINT.format(value.caption))


@_card.register
def _(value: Experiment) -> Markup:
    facts = f"{value.scale} scale, {counted(len(value.seeds), 'seed')}, computed in {duration(value.seconds)}"
    return _box(
        _strong(value.title), FAINT.format(facts), Markup("{}").format(tally(value.verdicts)), _verdicts(value.verdicts)
    )


def _diagnosis(value: Diagnosed) -> Markup:
    head = [_strong(f"Watched run {value.path}"), *(FAINT.format(line) for line in about(value))]
    told = Markup("{} The verdicts are about this run only.").format(tally(value.verdicts))
    needed = [(each.claim, ", ".join(each.needs)) for each in value.rest if each.needs]
    more = _table(("would be judged with another probe", ""), needed) if needed else Markup()
    return _box(*head, told, _verdicts(value.verdicts), more)


@_card.register
def _(value: SideBySide) -> Markup:
    sides = [(letter, _strong(side.title), side.what) for letter, side in (("A", value.a), ("B", value.b))]
    rows = []
    for match in value.matches:
        parts = match_parts(match)
        found = [Markup("{} {}<br>{}").format(one["sign"], one["outcome"], _found(one["found"])) for one in
                 (parts["a"], parts["b"])]  # fmt: skip
        rows.append((parts["says"], parts["place"], *found, parts["agree"], parts["difference"]))
    table = _table(("claim", "where", "A", "B", "outcomes", "difference"), rows) if rows else Markup()
    told = [FAINT.format(line) for line in notes(value)]
    return _box(_table((), sides), table, *told)


def _verdicts(verdicts: Sequence[Verdict]) -> Markup:
    rows = [
        (f"{MARKS[v.outcome].sign} {v.outcome}", v.claim, place(v), _found(estimate(v)), str(v.region), replicates(v))
        for v in verdicts
    ]
    return _table(("outcome", "claim", "where", "estimate", "region", "n"), rows) if rows else Markup()


def _how(value: Eigenpairs) -> Markup:
    chance = f"chance of a missed larger one {value.failure_probability:.1e}"
    return FAINT.format(f"{value.outcome}; {counted(value.products, 'product')}; {chance}")


def _ended(record: Record) -> str:
    return record.outcome if record.stopped_at is None else f"{record.outcome} at step {record.stopped_at}"


def _span(values: Any) -> str:
    """The first and the last of some numbers, or the one there is."""
    if not len(values):
        return ""
    ends = dict.fromkeys((number(float(values[0]), 6), number(float(values[-1]), 6)))
    return " to ".join(ends)


def _strong(text: str) -> Markup:
    return Markup("<strong>{}</strong>").format(text)


def _found(found: Found) -> Markup:
    interval = Markup(" [{}, {}]").format(found.low, found.high) if found.low else Markup()
    return _strong(found.estimate) + interval


def _box(*parts: Markup) -> Markup:
    inner = Markup().join(Markup("<div>{}</div>").format(part) for part in parts if part)
    return Markup('<div style="{}">{}</div>').format(BOX, inner)


def _table(heads: Sequence[str], rows: Iterable[Cells]) -> Markup:
    top = Markup().join(
        Markup('<th scope="col" style="{};font-weight:normal;opacity:.72">{}</th>').format(CELL, head) for head in heads
    )
    body = Markup().join(
        Markup('<tr style="background:none">{}</tr>').format(
            Markup().join(Markup('<td style="{}">{}</td>').format(CELL, cell) for cell in row)
        )
        for row in rows
    )
    head = Markup("<thead><tr>{}</tr></thead>").format(top) if heads else Markup()
    style = "border-collapse:collapse;margin:4px 0;font-variant-numeric:tabular-nums"
    return Markup('<table style="{}">{}<tbody>{}</tbody></table>').format(style, head, body)
