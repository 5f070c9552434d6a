"""Rows of verdicts: each claim of a run with everything that was found at each of its places."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from phenoscope.claims.numerals import settings
from phenoscope.claims.verdict import Verdict
from phenoscope.report import words
from phenoscope.report.strips import interval_strip


def verdict_rows(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
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
        "where": ", ".join(settings(verdict.where)),
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
