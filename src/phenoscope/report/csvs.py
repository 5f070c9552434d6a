"""The numbers behind verdicts, as CSV."""

import csv
import io
import math
from collections.abc import Iterable

from phenoscope.claims.verdict import Verdict
from phenoscope.store import Experiment

HEADS = (
    *("run", "phenomenon", "scale", "claim", "source", "arm", "where", "statistic", "outcome", "reason"),
    *(
        "estimate",
        "low",
        "high",
        "level",
        "alone_low",
        "alone_high",
        "region_low",
        "region_high",
        "region_from",
        "unit",
    ),
    *("n", "seeds", "values", "control", "control_role", "control_estimate", "control_low", "control_high"),
    *("control_n", "control_discriminates"),
)


def verdicts_csv(experiments: Iterable[Experiment]) -> str:
    """Every verdict of these experiments, a row each; seeds and values are separated by blanks, no number is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADS)
    for experiment in experiments:
        head = (experiment.path.name, experiment.name, experiment.scale)
        writer.writerows((*head, *_cells(verdict)) for verdict in experiment.verdicts)
    return text.getvalue()


def run_verdicts_csv(run: str, verdicts: Iterable[Verdict]) -> str:
    """The verdicts on a single run, in the same columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADS)
    writer.writerows((run, "", "", *_cells(verdict)) for verdict in verdicts)
    return text.getvalue()


def _cells(verdict: Verdict) -> tuple[object, ...]:
    where = " ".join(f"{name}={value!r}" for name, value in verdict.where.items())
    says = (verdict.claim, verdict.source, verdict.arm, where, verdict.statistic, verdict.outcome, verdict.reason)
    found = (verdict.estimate, verdict.low, verdict.high, verdict.level, verdict.raw_low, verdict.raw_high)
    edges = (*map(number_cell, verdict.region.edges), verdict.region_from, verdict.unit)
    seeds = (verdict.n, " ".join(map(str, verdict.seeds)), " ".join(map(number_cell, verdict.values)))
    control, told = verdict.control, ("",) * 7
    if control is not None:
        limits = map(number_cell, (control.estimate, control.low, control.high))
        word = "" if control.discriminates is None else str(control.discriminates).lower()
        told = (control.arm, control.role, *limits, str(control.n), word)
    return (*says, *map(number_cell, found), *edges, *seeds, *told)


def number_cell(value: float) -> str:
    """All digits; where there is no number, or no end, nothing."""
    return repr(float(value)) if math.isfinite(value) else ""
