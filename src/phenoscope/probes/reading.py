"""Reading a set of probes at one moment: what is due, from one graph."""

from collections.abc import Callable, Sequence
from typing import Any

from phenoscope.probes.probe import Moment, Probe, Rows

Spent = Callable[[int], None]
"""Called with the index of a probe after it has been read, so that callers with a clock can tell what each costs."""


def due(probes: Sequence[Probe], step: int) -> bool:
    """Whether any probe is to be read at a step."""
    return any(probe.due(step) for probe in probes)


def heavy(probes: Sequence[Probe], step: int) -> bool:
    """Whether any probe needs the curvature at a step."""
    return any(probe.needs_curvature(step) for probe in probes)


def read(
    probes: Sequence[Probe], moment: Moment, memories: Sequence[Any], spent: Spent = lambda index: None
) -> tuple[list[Rows], list[Any]]:
    """The readings of all probes that are due, and the memories of all.

    Curvature is asked for first, so that loss, gradient and products come from its graph and serve everyone.

    Args:
        probes: which of them are due is asked here.
        moment: what they look at.
        memories: what each of them returned last, `None` at first.
        spent: called with the place of each probe that was read, after it.
    """
    if heavy(probes, moment.step):
        moment.around.hessian()
    rows: list[Rows] = []
    kept = list(memories)
    for index, probe in enumerate(probes):
        if probe.due(moment.step):
            found, kept[index] = probe.update(moment, kept[index])
            rows += found
            spent(index)
    return rows, kept
