"""A family on one page: what holds of its claims here, what does not, what the controls showed, and the story."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from phenoscope.atlas.family import Family, Part
from phenoscope.claims.verdict import Verdict
from phenoscope.report import words
from phenoscope.report.addresses import phenomenon_page, run_folder
from phenoscope.report.chapters import Chapter, claim_parts
from phenoscope.report.parts import figure, tally, unique_slugs
from phenoscope.report.rows import claim_rows, outcome_counts

ROOT = "../"
"""The way from the page of a family to the site's root."""

Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Judged:
    """A verdict with the chapter it belongs to."""

    chapter: Chapter
    verdict: Verdict


def family_parts(family: Family, chapters: Mapping[str, Chapter]) -> Row:
    """All that the page of a family shows; chapters by the name of their phenomenon."""
    there = [chapters[name] for name in family.phenomena if name in chapters]
    judged = [Judged(chapter, verdict) for chapter in there if chapter.best for verdict in chapter.best.verdicts]
    verdicts = [each.verdict for each in judged]
    return {
        "family": family,
        "run": sum(chapter.best is not None for chapter in there),
        "tally": tally(verdicts) if verdicts else "Nothing of it has been run here yet.",
        "counts_": outcome_counts(verdicts),
        "exceptions": _exceptions(judged),
        "controls": _controls(judged),
        "parts": [_part(part, chapters) for part in family.parts],
    }


def _exceptions(judged: Sequence[Judged]) -> list[Row]:
    """Each outcome but plain support with its verdicts: what a reader should not miss."""
    found = []
    for outcome, mark in words.MARKS.items():
        rows = [_exception(each) for each in judged if each.verdict.outcome == outcome]
        if rows and outcome != "supported":
            found.append({"outcome": outcome, "kind": mark.kind, "rows": rows})
    return found


def _exception(each: Judged) -> Row:
    verdict = each.verdict
    return {
        "says": verdict.claim,
        "title": each.chapter.about.title,
        "page": _page(each.chapter),
        "where": words.place(verdict),
        "found": words.estimate(verdict),
        "region": f"{verdict.region}",
        "why": verdict.reason.rstrip("."),
    }


def _controls(judged: Iterable[Judged]) -> Row:
    """How many controls broke their claim, and each that did not with what was seen there."""
    asked = [each for each in judged if each.verdict.control is not None and each.verdict.control.role == "breaks"]
    broke = [each for each in asked if each.verdict.control and each.verdict.control.discriminates]
    rest = [each for each in asked if each not in broke]
    return {"asked": len(asked), "broke": len(broke), "rest": [_control(each) for each in rest]}


def _control(each: Judged) -> Row:
    control = each.verdict.control
    assert control is not None
    return {
        "arm": control.arm,
        "word": words.control_word(control),
        "says": each.verdict.claim,
        "title": each.chapter.about.title,
        "page": _page(each.chapter),
        "how": control.how.rstrip("."),
    }


def _part(part: Part, chapters: Mapping[str, Chapter]) -> Row:
    shown = [_shown(chapters[name]) for name in part.phenomena if name in chapters]
    return {"title": part.title, "opening": part.opening, "phenomena": shown}


def _shown(chapter: Chapter) -> Row:
    """A phenomenon in the story: its question, the first figure of its best run, and its claims."""
    best = chapter.best
    return {
        "name": chapter.name,
        "title": chapter.about.title,
        "question": chapter.about.question,
        "page": _page(chapter),
        "command": chapter.command,
        "claims": len(claim_parts(chapter)),
        "figure": None if best is None else glimpse(chapter, ROOT),
        "tally": "" if best is None else tally(best.verdicts),
        "run": "" if best is None else f"{ROOT}{run_folder(best)}index.html",
        "rows": [] if best is None else claim_rows(best.verdicts),
    }


def glimpse(chapter: Chapter, root: str) -> Row | None:
    """The first figure of a chapter's best run, for a page that is `root` away from the site's root."""
    best = chapter.best
    if best is None or not best.panels:
        return None
    slug = unique_slugs(best.panels)[0]
    return figure(best.panels[0], slug) | {"data": f"{root}{run_folder(best)}data/{quote(slug)}.csv"}


def _page(chapter: Chapter) -> str:
    return f"{ROOT}{phenomenon_page(chapter.name)}"
