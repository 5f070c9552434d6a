"""Values drawn with matplotlib, on axes of the caller's figure or on new ones: what `.plot(ax)` does."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.ticker import MaxNLocator

from phenoscope.claims.verdict import Verdict
from phenoscope.comparing import SideBySide
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Density, Eigenpairs, InvarianceAudit, LossLine, LossPlane, Picture, Reading
from phenoscope.instruments.reading import ERRORS
from phenoscope.panels import PanelData
from phenoscope.record import Record
from phenoscope.report.figures import MARKERS, onto
from phenoscope.report.palette import SERIES
from phenoscope.report.words import MARKS, ends, place
from phenoscope.store import Experiment

BLUE, ORANGE = SERIES[:2]
CONTOURS = 12


def plot(value: Any, ax: Axes | None = None, **options: Any) -> Axes:
    """Draw a value; see the `plot` method of its class for the options."""
    if ax is None:
        # pyplot, since a notebook shows what it made
        from matplotlib import pyplot

        ax = pyplot.subplots()[1]
    _draw(value, ax, **options)
    return ax


@functools.singledispatch
def _draw(value: Any, ax: Axes, **options: Any) -> None:
    raise BadInput(f"a {type(value).__name__} cannot be drawn. Readings, records, runs, panels and verdicts can.")


@_draw.register
def _(value: Eigenpairs, ax: Axes) -> None:
    _points(ax, value.values.tolist(), value.residuals.tolist(), filled=value.converged)
    ax.set_xlabel("eigenvalue, in the order of the reading")
    ax.set_ylabel("value ± residual")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not value.converged:
        ax.set_title(f"{value.outcome}")


@_draw.register
def _(value: Density, ax: Axes) -> None:
    grid, values, errors = (part.numpy() for part in (value.grid, value.values, value.errors))
    ax.fill_between(grid, np.clip(values - errors, 0, None), values + errors, color=BLUE, alpha=0.3, linewidth=0)
    ax.plot(grid, values, color=BLUE)
    # Bulk and outliers differ by orders of magnitude; below a thousandth of an eigenvalue there is nothing to see.
    ax.set_yscale("log")
    ax.set_ylim(bottom=1e-3 / (value.size * value.width), top=2 * float(np.nanmax(values + errors)))
    ax.set_xlabel("curvature")
    ax.set_ylabel("density ± standard error")
    if not value.converged:
        ax.set_title(f"{value.outcome}")


@_draw.register
def _(value: LossLine, ax: Axes) -> None:
    ax.plot(value.coordinates.numpy(), value.losses.numpy(), color=BLUE)
    ax.plot(0.0, value.centre, "o", color=ORANGE)
    _missing(ax, value.losses, value.coordinates[:, None], height=value.centre)
    ax.set_xlabel(_axis_label(value, 0))
    ax.set_ylabel("loss")


@_draw.register
def _(value: LossPlane, ax: Axes) -> None:
    """Contours of the loss where it is finite, at heights above the lowest point that grow by a factor."""
    first, second = (places.numpy() for places in value.coordinates)
    losses = value.losses.numpy()
    seen = losses[np.isfinite(losses)]
    if len(seen) and seen.max() > seen.min():
        lowest, rise = seen.min(), seen.max() - seen.min()
        levels = lowest + np.geomspace(rise / 1000, rise, CONTOURS)
        drawn = ax.contour(first, second, np.ma.masked_invalid(losses).T, levels=levels, colors=BLUE, linewidths=1)
        ax.clabel(drawn, levels=levels[::2], fmt="%.3g", fontsize="small")
    ax.plot(0.0, 0.0, "o", color=ORANGE)
    _missing(ax, value.losses, torch.cartesian_prod(*value.coordinates))
    ax.set_xlabel(_axis_label(value, 0))
    ax.set_ylabel(_axis_label(value, 1))


def _axis_label(value: Picture, place: int) -> str:
    """What a coordinate counts."""
    return f"{value.kind} axis {place + 1} (1 is a distance of {value.axes[place].length:.3g})"


def _missing(ax: Axes, losses: torch.Tensor, places: torch.Tensor, height: float | None = None) -> None:
    """Crosses where the loss is not finite."""
    where = places[~losses.flatten().isfinite()].numpy()
    if len(where):
        heights = where[:, 1] if height is None else np.full(len(where), height)
        ax.plot(where[:, 0], heights, "x", color=ORANGE, markersize=4, label="not finite")
        ax.legend(frameon=False)


@_draw.register
def _(value: InvarianceAudit, ax: Axes) -> None:
    """What each measure was multiplied by, on a log axis; hollow where it is the same within its error."""
    places = np.arange(len(value.measures))[::-1]
    for each, colour, marker in zip(value.transformations, SERIES, MARKERS, strict=False):
        changes = [value.of(name, each.name) for name in value.measures]
        ratios = np.array([abs(change.ratio) for change in changes])
        changed = np.array([change.changed for change in changes], dtype=bool)
        ax.plot(ratios[changed], places[changed], marker, color=colour, label=each.name)
        ax.plot(ratios[~changed], places[~changed], marker, color=colour, markerfacecolor="none")
    ax.axvline(1.0, color=mpl.rcParams["axes.edgecolor"], linewidth=0.6)
    ax.set_xscale("log")
    ax.set_yticks(places, [name.replace("_", " ") for name in value.measures])
    ax.set_xlabel("multiplied by (hollow: the same within its error)")
    ax.legend(frameon=False)


@_draw.register
def _(value: Reading, ax: Axes) -> None:
    """A standard error as a bar of 95 %, any other error as it is."""
    kind, error = value.error_field, value.error or 0.0
    factor, times = (1.96, "1.96 ") if kind == "standard_error" else (1.0, "")
    told = f" ± {times}{ERRORS[kind]}" if kind else f" of {value.evidence}"
    _single(ax, float(value.value), factor * error, f"{value.title}{told}", filled=value.converged)


@_draw.register
def _(value: Record, ax: Axes, *, names: Sequence[str] = (), log: bool = False) -> None:
    unknown = [name for name in names if name not in value.series]
    if unknown or not value.series:
        known = ", ".join(repr(name) for name in value.series) or "none"
        raise BadInput(f"this record has no series {unknown[0] if unknown else 'at all'!r}. It has {known}.")
    chosen = names or tuple(value.series)[:1]
    for name, colour in zip(chosen, SERIES * len(chosen), strict=False):
        series = value.series[name]
        ax.plot(series.steps, series.values, color=colour, label=name, marker="o" if len(series) == 1 else "")
    ax.set_yscale("log" if log else "linear")
    ax.set_xlabel("step")
    if len(chosen) == 1:
        ax.set_ylabel(chosen[0])
    else:
        ax.legend(frameon=False)


@_draw.register
def _(value: PanelData, ax: Axes) -> None:
    onto(ax, value, ink=to_hex(mpl.rcParams["text.color"]), page=to_hex(ax.get_facecolor()))


@_draw.register(Experiment)
@_draw.register(SideBySide)
def _(value: Experiment | SideBySide, ax: Axes, *, panel: int | str = 0) -> None:
    titles = [each.title for each in value.panels]
    place = titles.index(panel) if isinstance(panel, str) and panel in titles else panel
    if not isinstance(place, int) or not -len(titles) <= place < len(titles):
        raise BadInput(f"there is no panel {panel!r}. There is {', '.join(map(repr, titles)) or 'none'}.")
    _draw(value.panels[place], ax)
    ax.set_title(titles[place], loc="left", pad=24)


@_draw.register
def _(value: Verdict, ax: Axes) -> None:
    _region(value, ax)
    seeds = [seed for seed in value.values if math.isfinite(seed)]
    ax.plot(seeds, np.full(len(seeds), 1.0), "|", color=BLUE, markersize=9, label="seeds")
    if math.isfinite(value.estimate):
        for low, high, width in ((value.raw_low, value.raw_high, 6.0), (value.low, value.high, 1.5)):
            limits = ends(low, high)
            if limits is not None:
                ax.plot(limits, (2.0, 2.0), color=BLUE, linewidth=width, alpha=0.35 if width > 2 else 1.0)
        ax.plot(value.estimate, 2.0, "o", color=BLUE, label="estimate")
    control = value.control
    if control is not None and math.isfinite(control.estimate):
        limits = ends(control.low, control.high)
        if limits is not None:
            ax.plot(limits, (0.0, 0.0), color=ORANGE, linestyle="--", linewidth=1.5)
        ax.plot(control.estimate, 0.0, "o", color=ORANGE, markerfacecolor="none", label="control")
    labels = ("" if control is None else f"control: {control.arm}", "seeds", "estimate")
    ax.set_yticks((0.0, 1.0, 2.0), labels)
    ax.set_ylim(-0.7, 2.7)
    ax.set_xscale("log" if value.scale == "log" else "linear")
    ax.set_xlabel(f"{value.statistic}{f' ({value.unit})' if value.unit else ''}")
    ax.set_title(f"{MARKS[value.outcome].sign} {value.outcome} ({place(value)})", loc="left", parse_math=False)


def _region(value: Verdict, ax: Axes) -> None:
    """The region shaded; where it has no edge, to the end of the axis and beyond."""
    lower, upper = value.region.edges
    for edge in (lower, upper):
        if math.isfinite(edge):
            ax.axvline(edge, color=BLUE, linewidth=1, alpha=0.6)
    limits = [number for number in (value.low, value.high, value.estimate, *value.values) if math.isfinite(number)]
    reach = [*limits, *(edge for edge in (lower, upper) if math.isfinite(edge))]
    room = (max(reach) - min(reach) or 1.0) if reach else 1.0
    left = lower if math.isfinite(lower) else min(reach) - room
    right = upper if math.isfinite(upper) else max(reach) + room
    if value.scale == "log" and left <= 0:
        left = min(number for number in reach if number > 0) / 10 if any(number > 0 for number in reach) else left
    ax.axvspan(left, right, color=BLUE, alpha=0.15, linewidth=0)


def _points(ax: Axes, values: Sequence[float], errors: Sequence[float], *, filled: bool) -> None:
    where = np.arange(1, len(values) + 1)
    face = None if filled else "none"
    ax.errorbar(where, values, yerr=errors, fmt="o", color=BLUE, markerfacecolor=face, capsize=4)
    ax.axhline(0.0, color=mpl.rcParams["axes.edgecolor"], linewidth=0.6)


def _single(ax: Axes, value: float, error: float, label: str, *, filled: bool = True) -> None:
    ax.errorbar([0], [value], yerr=[error], fmt="o", color=BLUE, markerfacecolor=None if filled else "none", capsize=4)
    ax.set_xlim(-1, 1)
    ax.set_xticks(())
    ax.set_ylabel(label)
