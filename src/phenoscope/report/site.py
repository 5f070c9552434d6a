"""The site of a folder of runs: the atlas, a page a phenomenon, a page a run, and how verdicts are reached."""

import dataclasses
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from phenoscope.core.errors import BadInput
from phenoscope.report.chapters import Chapter, arms_of, chapters, claim_parts, comparisons_of
from phenoscope.report.csvs import verdicts_csv
from phenoscope.report.lessons import lessons
from phenoscope.report.numbers import duration
from phenoscope.report.page import write_page
from phenoscope.report.parts import figure, moment, safe_address, tally, unique_slugs
from phenoscope.report.recipes import phrase
from phenoscope.report.rows import claim_rows, outcome_counts
from phenoscope.report.single_page import facts, write_single
from phenoscope.report.templating import Place, rendered, write_text
from phenoscope.store import Experiment, SingleRun, Survey, Unreadable, read_experiment, read_single, survey
from phenoscope.store.experiments import EXPERIMENT, REQUEST, unfinished
from phenoscope.store.files import exists
from phenoscope.store.members import MEMBER

ATLAS_TRAIL = (("Atlas", "index.html"),)
RUNS_TRAIL = (("Runs", "runs.html"),)

STRANGE = (TypeError, ValueError, KeyError, AttributeError)
"""What a run's files raise that are JSON of the right names, with something else under them."""


@dataclasses.dataclass(frozen=True)
class Site:
    """A site as it was written, or the one page of a run.

    Attributes:
        index: its first page.
        pages: every page, the first one among them.
        unreadable: what could not be read, and is listed as such.
        unfinished: experiments that were begun and not judged yet.
    """

    index: Path
    pages: tuple[Path, ...]
    unreadable: tuple[Unreadable, ...] = ()
    unfinished: tuple[Path, ...] = ()


def write_report(path: Path, to: Path | None = None) -> Site:
    """Write the page of a run if the path is one's folder, else the site of all runs under it.

    Raises:
        BadInput: neither a run nor a folder, or an experiment that is not finished.
        PhenoscopeError: it cannot be written.
    """
    if exists(path / EXPERIMENT):
        page = write_page(read_experiment(path), to or path / "report")
    elif exists(path / MEMBER):
        page = write_single(read_single(path), to or path / "report")
    elif exists(path / REQUEST):
        raise BadInput(unfinished(path))
    else:
        return write_site(path, to)
    return Site(page, (page,))


def write_site(runs: Path, to: Path | None = None) -> Site:
    """Write the site of everything that was run under a folder; it opens from disk, and needs nothing else.

    Args:
        runs: the folder given as `--out` to runs; it may be empty.
        to: the site's folder; by default `report` in the folder of runs.

    Raises:
        BadInput: there is no such folder.
        PhenoscopeError: the site cannot be written.
    """
    found, root = survey(runs), to or runs / "report"
    found, pages = _run_pages(found, root)
    listed, problems = chapters(found.experiments)
    found, watched = _single_pages(found, root, frozenset(chapter.name for chapter in listed))
    pages += watched
    pages += [_phenomenon_page(chapter, root) for chapter in listed]
    parts: Any = {"chapters": [_chapter(chapter) for chapter in listed], "found": found, "problems": problems}
    parts |= {"unfinished": [_unfinished(path) for path in found.unfinished]}
    parts |= {"folder": runs.resolve().name, "singles": [_single(run) for run in found.singles]}
    parts |= {"runs": [_run(experiment) for experiment in found.experiments]}
    write_text(root / "verdicts.csv", verdicts_csv(found.experiments))
    parts |= {"lessons": lessons(), "facts": _facts(listed, found)}
    for name, section in (("verdicts", "verdicts"), ("runs", "runs"), ("index", "atlas")):  # the last links to the rest
        pages.append(root / f"{name}.html")
        write_text(pages[-1], rendered(f"{name}.html", Place(section), **parts))
    return Site(root / "index.html", tuple(pages), found.unreadable, found.unfinished)


def _run_pages(found: Survey, root: Path) -> tuple[Survey, list[Path]]:
    """A page for each run; what cannot be shown is moved to what cannot be read."""
    pages: list[Path] = []
    shown: list[Experiment] = []
    unreadable = list(found.unreadable)
    for experiment in found.experiments:
        name = experiment.path.name
        trail = (*ATLAS_TRAIL, (experiment.title, f"phenomena/{_file(experiment.name)}"))
        place = Place("atlas", "../../", trail, name)
        try:
            heading = f"{experiment.title}: {name}"
            pages.append(write_page(experiment, root / "runs" / name, place=place, heading=heading))
            shown.append(experiment)
        except STRANGE as problem:
            unreadable.append(Unreadable(experiment.path, f"{experiment.path} cannot be shown ({problem!r})."))
    return dataclasses.replace(found, experiments=tuple(shown), unreadable=tuple(unreadable)), pages


def _single_pages(found: Survey, root: Path, phenomena: frozenset[str]) -> tuple[Survey, list[Path]]:
    """A page for each run in a folder of its own; what cannot be shown is moved to what cannot be read."""
    pages: list[Path] = []
    shown: list[SingleRun] = []
    unreadable = list(found.unreadable)
    for run in found.singles:
        place = Place("runs", "../../", RUNS_TRAIL, run.path.name)
        try:
            pages.append(write_single(run, root / "watched" / run.path.name, place=place, phenomena=phenomena))
            shown.append(run)
        except STRANGE as problem:
            unreadable.append(Unreadable(run.path, f"{run.path} cannot be shown ({problem!r})."))
    return dataclasses.replace(found, singles=tuple(shown), unreadable=tuple(unreadable)), pages


def _phenomenon_page(chapter: Chapter, root: Path) -> Path:
    """The page of a phenomenon; its figure is that of its best run."""
    about, page = chapter.about, root / "phenomena" / _file(chapter.name)
    best = chapter.runs[0] if chapter.runs else None
    drawn = None
    if best is not None and best.panels:
        slug = unique_slugs(best.panels)[0]
        drawn = figure(best.panels[0], slug) | {"data": f"../{_address(best)}data/{quote(slug)}.csv"}
    outcomes = {} if best is None else {row["name"]: row["outcomes"] for row in claim_rows(best.verdicts)}
    text = rendered(
        "phenomenon.html",
        Place("atlas", "../", ATLAS_TRAIL, about.title),
        about=about,
        chapter=chapter,
        figure_=drawn,
        best=None if best is None else _run(best),
        runs=[_run(experiment) for experiment in chapter.runs],
        claims=[claim | {"outcomes": outcomes.get(claim["name"], [])} for claim in claim_parts(chapter)],
        arms=arms_of(chapter),
        comparisons=comparisons_of(chapter),
        options=[(name, _default(value)) for name, value in chapter.options.items()],
        sources=[(text, safe_address(address)) for text, address in about.sources],
    )
    write_text(page, text)
    return page


def _chapter(chapter: Chapter) -> dict[str, Any]:
    """A phenomenon as the atlas shows it: with the verdicts of its best run."""
    best = chapter.runs[0] if chapter.runs else None
    return {
        "name": chapter.name,
        "anchor": _file(chapter.name).removesuffix(".html"),
        "title": chapter.about.title,
        "question": chapter.about.question,
        "page": f"phenomena/{quote(_file(chapter.name))}",
        "command": chapter.command,
        "claims": len(claim_parts(chapter)),
        "best": None if best is None else _run(best),
        "others": [_run(experiment) for experiment in chapter.runs[1:]],
        "rows": [] if best is None else claim_rows(best.verdicts),
    }


def _run(experiment: Experiment) -> dict[str, Any]:
    """A run as lists of runs show it."""
    return {
        "folder": experiment.path.name,
        "address": _address(experiment),
        "title": experiment.title,
        "phenomenon": f"phenomena/{quote(_file(experiment.name))}",
        "scale": experiment.scale,
        "seeds": len(experiment.seeds),
        "options": ", ".join(f"{name} {phrase(value)}" for name, value in experiment.options.items()),
        "created": experiment.created,
        "moment": moment(experiment.created),
        "seconds": duration(experiment.seconds),
        "counts": outcome_counts(experiment.verdicts),
        "tally": tally(experiment.verdicts),
    }


def _default(value: Any) -> str:
    return "chosen by the phenomenon unless given" if value is None else f"{phrase(value)} unless given"


def _unfinished(path: Path) -> dict[str, str]:
    """An experiment that is not finished, as lists show it."""
    return {"folder": path.name, "command": shlex.join(["phenoscope", "resume", str(path)])}


def _single(run: SingleRun) -> dict[str, Any]:
    """A run in a folder of its own, as the list of them shows it."""
    return facts(run) | {
        "folder": run.path.name,
        "address": f"watched/{quote(run.path.name)}/",
        "counts": outcome_counts(run.verdicts),
        "diagnosed": run.diagnosed,
    }


def _facts(listed: Sequence[Chapter], found: Survey) -> dict[str, Any]:
    best = [verdict for chapter in listed if chapter.runs for verdict in chapter.runs[0].verdicts]
    return {
        "phenomena": len(listed),
        "run": sum(bool(chapter.runs) for chapter in listed),
        "runs": len(found.experiments),
        "watched": len(found.singles),
        "counts": outcome_counts(best),
        "verdicts": len(best),
    }


def _address(experiment: Experiment) -> str:
    """The folder of a run's page, from the root of the site."""
    return f"runs/{quote(experiment.path.name)}/"


def _file(name: str) -> str:
    """The file of a phenomenon's page: its name, with nothing in it that a file cannot be called."""
    return (re.sub(r"[^\w.-]+", "-", name).strip(".-") or "phenomenon") + ".html"
