"""Rows of the atlas: each claim of a run with the outcomes at all its places, gathered."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup

from phenoscope.claims.numerals import settings
from phenoscope.claims.verdict import Verdict
from phenoscope.report import words
from phenoscope.report.stacks import stacked_strip

Row = dict[str, Any]


def claim_rows(verdicts: Sequence[Verdict]) -> list[Row]:
    """A row for each claim, in the order of the verdicts; one that is judged at several places has them all in it."""
    groups = itertools.groupby(verdicts, key=lambda verdict: (verdict.claim, verdict.source, verdict.statistic))
    return [_row(place, list(group)) for place, (_, group) in enumerate(groups, start=1)]


def outcome_counts(verdicts: Iterable[Verdict]) -> list[Row]:
    """How many verdicts came out how, in the order in which outcomes are always shown; what never came is left out."""
    found = [verdict.outcome for verdict in verdicts]
    counts = ((outcome, mark, found.count(outcome)) for outcome, mark in words.MARKS.items())
    return [{"outcome": outcome, "kind": mark.kind, "count": count} for outcome, mark, count in counts if count]


def _row(place: int, verdicts: Sequence[Verdict]) -> Row:
    first = verdicts[0]
    return {
        "anchor": f"claim-{place}",  # as the run's own page has it
        "name": first.name or first.claim,
        "says": first.claim,
        "source": first.source,
        "arm": first.arm,
        "kinds": " ".join(dict.fromkeys(words.MARKS[verdict.outcome].kind for verdict in verdicts)),
        "outcomes": _outcomes(verdicts),
        "strip": Markup(stacked_strip(verdicts)),
        "estimates": [(_where(verdict), words.estimate(verdict)) for verdict in verdicts],
        "region": str(first.region),
        "origin": words.ORIGINS[first.region_from],
        "n": _numbers(verdict.n for verdict in verdicts),
        "controls": _controls(verdicts),
    }


def _outcomes(verdicts: Sequence[Verdict]) -> list[Row]:
    """The outcomes that came, each with the places where it did, unless it came everywhere."""
    return [
        {"outcome": outcome, "kind": words.MARKS[outcome].kind, "at": at}
        for outcome, at in _gathered((verdict.outcome, verdict) for verdict in verdicts)
    ]


def _controls(verdicts: Sequence[Verdict]) -> list[Row]:
    """What the controls say, gathered like the outcomes."""
    told = [(verdict.control, verdict) for verdict in verdicts if verdict.control is not None]
    found = _gathered(((control.arm, words.control_word(control)), verdict) for control, verdict in told)
    return [{"arm": arm, "word": word, "at": at} for (arm, word), at in found]


def _gathered(pairs: Iterable[tuple[Any, Verdict]]) -> list[tuple[Any, str]]:
    """What several verdicts have in common, with the places where they do; without, if they all have."""
    places: dict[Any, list[str]] = {}
    for key, verdict in pairs:
        places.setdefault(key, []).append(_where(verdict))
    if len(places) == 1:
        (key,) = places
        return [(key, f"at all {len(places[key])}" if len(places[key]) > 1 else "")]
    return [(key, "at " + "; ".join(at) if any(at) else "") for key, at in places.items()]


def _where(verdict: Verdict) -> str:
    return ", ".join(settings(verdict.where))


def _numbers(found: Iterable[int]) -> str:
    """One number, or the range of several."""
    numbers = sorted(set(found))
    return f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"
