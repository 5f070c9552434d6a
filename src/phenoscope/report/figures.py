"""Figures: a panel's numbers as an SVG for light and dark pages, and as CSV."""

import csv
import dataclasses
import io
import math
import textwrap
import warnings
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from phenoscope.panels import PanelData, Trace
from phenoscope.report.alternatives import describe
from phenoscope.report.bands import band
from phenoscope.report.palette import INK, PAGE, SERIES
from phenoscope.report.side_by_side import side_by_side
from phenoscope.report.svg import for_page
from phenoscope.report.thinning import envelope, reachable
from phenoscope.report.ticks import set_ticks

WIDTH, HEIGHT = 640, 360
"""Of the plot in CSS pixels; a legend of several rows is added to the height."""

MOST_POINTS = 14_000
"""Of all lines of a panel together; about 15 bytes each."""

MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", (0, (6, 1.5, 1, 1.5)), (0, (1, 1.2)))
"""When the colours have run out they begin again with another shape; plain dashes are kept for theory."""

STYLE = {
    "svg.fonttype": "none",  # text stays text: selectable, searchable, in the page's font
    "svg.hashsalt": "phenoscope",  # the same panel gives the same bytes
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "path.simplify": False,  # the thinning here keeps the extremes; matplotlib's need not
    "font.size": 12,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "ytick.major.size": 0,
    "xtick.major.size": 4,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "grid.color": INK,
    "grid.alpha": 0.13,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "legend.columnspacing": 1.8,
    "legend.borderaxespad": 0,
}


@dataclasses.dataclass(frozen=True)
class Group:
    """What shares a colour: the members of an arm at one swept value, and their theory."""

    label: str
    place: int
    members: tuple[Trace, ...]
    theory: tuple[Trace, ...]

    @property
    def colour(self) -> str:
        return SERIES[self.place % len(SERIES)]

    @property
    def marker(self) -> str:
        return MARKERS[(self.place + self.place // len(SERIES)) % len(MARKERS)]

    @property
    def dashes(self) -> Any:
        return DASHES[self.place // len(SERIES) % len(DASHES)]


def draw(panel: PanelData) -> str:
    """A panel as one SVG element, to be put into a page or saved as a file.

    Text and axes take the page's text colour; colours are the CSS variables `--series-1` to `--series-6`, each
    with a fallback that is readable on white and on near-black; `<title>` and `<desc>` say in words what is shown.
    """
    # "default" first: a user's own matplotlib settings must not change a report.
    with matplotlib.style.context(["default", STYLE]), warnings.catch_warnings():
        # The reader's fonts draw the text, so what matplotlib's own font lacks is of no concern.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        figure = _figure(reachable(panel))
        written = io.StringIO()
        silent = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(written, format="svg", dpi=72, transparent=True, metadata=silent)
    return for_page(written.getvalue(), panel.title, describe(panel))


def onto(axes: Axes, panel: PanelData, *, ink: str, page: str) -> None:
    """Draw a panel on axes of a caller's figure, with a legend.

    Args:
        axes: where to.
        panel: what to draw; without a point in it, the axes say so.
        ink: the colour of what belongs to no arm.
        page: the colour behind the axes, for the halo around theory.
    """
    panel = reachable(panel)
    groups, loose = _drawable(panel)
    if not groups and not loose:
        _nothing(axes)
        return
    (_scatter if panel.kind == "scatter" else _lines)(axes, groups, page)
    for trace in loose:
        _theory(axes, trace, ink, page)
    _axes(axes, panel)
    if panel.kind == "lines":
        axes.spines["left"].set_visible(True)
    theory = bool(loose) or any(group.theory for group in groups)
    axes.legend(handles=_handles(panel, groups, ink, any_theory=theory), frameon=False)


def data_csv(panel: PanelData) -> str:
    """All numbers behind a figure, unthinned: arm, swept values, seed (or "theory"), x, y, and errors if known."""
    traces = [*panel.traces, *panel.theory]
    swept = list(dict.fromkeys(name for trace in traces for name in trace.where))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    errors = any(trace.error for trace in traces)
    writer.writerow(["arm", *swept, "seed", "x", "y", *(["error"] if errors else [])])
    for trace in traces:
        who = "theory" if trace.seed is None else trace.seed
        head = [trace.arm, *(repr(float(trace.where[name])) if name in trace.where else "" for name in swept), who]
        known = [[repr(float(e))] for e in trace.error] or [[""] if errors else []] * len(trace.x)
        found = zip(trace.x, trace.y, known, strict=True)
        writer.writerows([*head, repr(float(x)), repr(float(y)), *error] for x, y, error in found)
    return text.getvalue()


def _figure(panel: PanelData) -> Figure:
    groups, loose = _drawable(panel)
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72, layout="constrained")
    axes = figure.subplots()
    if not groups and not loose:
        _nothing(axes)
        return figure
    (_scatter if panel.kind == "scatter" else _lines)(axes, groups, PAGE)
    for trace in loose:
        _theory(axes, trace, INK, PAGE)
    _axes(axes, panel)
    _legend(figure, panel, groups, any_theory=bool(loose) or any(group.theory for group in groups))
    _name_at_the_margin(figure, axes)
    return figure


def _drawable(panel: PanelData) -> tuple[list[Group], list[Trace]]:
    """What there is to draw: by colour, and the theory that belongs to no arm."""
    groups = [_visible(group, panel) for group in _groups(panel)]
    loose = [kept for trace in panel.theory if not trace.arm for kept in [_positive(trace, panel)] if kept.x]
    return [group for group in groups if group.members or group.theory], loose


def _nothing(axes: Axes) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "nothing to draw", ha="center", va="center", transform=axes.transAxes)


def _groups(panel: PanelData) -> list[Group]:
    """Traces by arm and swept value for lines; by arm alone for points, whose swept value is usually an axis.

    Points of many settings may say by which of them they are told apart.
    """

    def key(trace: Trace) -> str:
        if panel.by in trace.where:
            return dataclasses.replace(trace, where={panel.by: trace.where[panel.by]}).label
        return trace.arm if panel.kind == "scatter" else trace.label

    labels = dict.fromkeys(key(trace) for trace in (*panel.traces, *panel.theory) if trace.arm)
    return [
        Group(
            label,
            place,
            tuple(trace for trace in panel.traces if key(trace) == label),
            tuple(trace for trace in panel.theory if trace.arm and key(trace) == label),
        )
        for place, label in enumerate(labels)
    ]


def _visible(group: Group, panel: PanelData) -> Group:
    members, theory = (
        tuple(kept for trace in traces for kept in [_positive(trace, panel)] if kept.x)
        for traces in (group.members, group.theory)
    )
    return dataclasses.replace(group, members=members, theory=theory)


def _positive(trace: Trace, panel: PanelData) -> Trace:
    """Without the points that a logarithmic axis has no place for."""
    points = zip(trace.x, trace.y, trace.error or (0.0,) * len(trace.x), strict=True)
    kept = [p for p in points if (p[0] > 0 or not panel.log_x) and (p[1] > 0 or not panel.log_y)]
    x, y, error = zip(*kept, strict=True) if kept else ((), (), ())
    return dataclasses.replace(trace, x=x, y=y, error=error if trace.error else ())


def _lines(axes: Axes, groups: list[Group], page: str) -> None:
    many = sum(len(group.members) + len(group.theory) for group in groups)
    most = max(4, MOST_POINTS // max(many, 1))
    for group in groups:
        for trace in group.members:
            band(axes, trace, most, group.colour)
            x, y = envelope(np.array(trace.x), np.array(trace.y), most)
            marker = "o" if len(x) == 1 else ""
            style = {"linestyle": group.dashes, "linewidth": 1.1, "alpha": 0.7, "marker": marker, "markersize": 4}
            axes.plot(x, y, color=group.colour, **style)
    for group in groups:
        for trace in group.theory:
            x, y = envelope(np.array(trace.x), np.array(trace.y), most)
            _theory(axes, dataclasses.replace(trace, x=tuple(x), y=tuple(y)), group.colour, page)


def _scatter(axes: Axes, groups: list[Group], page: str) -> None:
    total = sum(len(trace.x) for group in groups for trace in group.members)
    step = max(1, total // (MOST_POINTS // 10))  # a point takes ten times the bytes of a corner of a line
    for group in groups:
        x = [value for trace in group.members for value in trace.x][::step]
        y = [value for trace in group.members for value in trace.y][::step]
        edge = {"markeredgecolor": page, "markeredgewidth": 0.8}
        axes.plot(
            x, y, group.marker, color=group.colour, markersize=6.5, alpha=0.85, zorder=5, **edge
        )  # above all theory
        for trace in group.theory:
            _theory(axes, trace, group.colour, page)


def _theory(axes: Axes, trace: Trace, colour: str, page: str) -> None:
    # A halo in the page's colour keeps the dashes apart from the measured lines that settle on them.
    axes.plot(trace.x, trace.y, color=page, linewidth=4.5, alpha=0.75, zorder=3, solid_capstyle="butt")
    axes.plot(trace.x, trace.y, color=colour, linewidth=1.8, linestyle=(0, (5, 2.5)), zorder=4)


def _axes(axes: Axes, panel: PanelData) -> None:
    axes.set_xscale("log" if panel.log_x else "linear")
    axes.set_yscale("log" if panel.log_y else "linear")
    places = [x for trace in panel.traces for x in trace.x] if panel.kind == "scatter" else []
    if set_ticks(axes.xaxis, places) and not panel.theory:
        side_by_side(axes)
    set_ticks(axes.yaxis)
    axes.set_xlabel(panel.x_label)
    axes.set_title("\n".join(textwrap.wrap(panel.y_label, 78)), loc="left", fontsize=12, pad=12)
    axes.grid(visible=True, axis="both" if panel.kind == "scatter" else "y")
    axes.spines["left"].set_visible(False)
    if panel.kind == "lines":
        axes.margins(x=0.01)


def _legend(figure: Figure, panel: PanelData, groups: list[Group], *, any_theory: bool) -> None:
    """Outside the axes, so that it can never cover data; as many columns as the longest label allows."""
    handles = _handles(panel, groups, INK, any_theory=any_theory)
    for handle in handles:
        handle.set_label("\n".join(textwrap.wrap(str(handle.get_label()), 80)))
    longest = max(len(line) for handle in handles for line in str(handle.get_label()).splitlines())
    columns = max(1, min(len(handles), WIDTH // (7 * longest + 60)))
    lines = max(
        sum(str(handle.get_label()).count("\n") + 1 for handle in handles) / columns, -(-len(handles) // columns)
    )
    figure.set_size_inches(WIDTH / 72, (HEIGHT + 19 * math.ceil(lines)) / 72)
    figure.legend(handles=handles, loc="outside upper left", ncols=columns)


def _name_at_the_margin(figure: Figure, axes: Axes) -> None:
    """Put the name of the y axis above it, flush with the legend: nobody has to tilt the head."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    place = axes.get_position()
    edge = 3 / WIDTH
    title = axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=12, pad=12)
    title.set_x((edge - place.x0) / place.width)


def _handles(panel: PanelData, groups: list[Group], ink: str, *, any_theory: bool) -> list[Line2D]:
    """The entries of a legend."""
    handles = [_handle(group, panel) for group in groups]
    if any_theory:
        colour = groups[0].colour if len(groups) == 1 and groups[0].theory else ink
        handles.append(Line2D([], [], color=colour, linewidth=1.8, linestyle=(0, (5, 2.5)), label=panel.theory_label))
    return handles


def _handle(group: Group, panel: PanelData) -> Line2D:
    if panel.kind == "scatter":
        return Line2D([], [], color=group.colour, linestyle="", marker=group.marker, markersize=6.5, label=group.label)
    return Line2D([], [], color=group.colour, linestyle=group.dashes, linewidth=2.2, label=group.label)
