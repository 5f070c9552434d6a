"""The site of a folder of runs: the atlas, a page a phenomenon, a page a run, and how verdicts are reached."""

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from phenoscope.atlas.families import FAMILIES, family_of
from phenoscope.atlas.family import Family
from phenoscope.core.errors import BadInput
from phenoscope.report.addresses import family_page, phenomenon_file, phenomenon_page, run_folder
from phenoscope.report.chapters import Chapter, arms_of, chapters, claim_parts, comparisons_of
from phenoscope.report.csvs import verdicts_csv
from phenoscope.report.falsification import (
    Falsification,
    falsification_csv,
    falsification_rows,
    falsifications,
    nothing_to_freeze,
)
from phenoscope.report.families import family_parts, glimpse
from phenoscope.report.fates import FATES
from phenoscope.report.lessons import lessons
from phenoscope.report.numbers import duration
from phenoscope.report.page import write_page
from phenoscope.report.parts import moment, safe_address, tally
from phenoscope.report.recipes import phrase
from phenoscope.report.rows import claim_rows, outcome_counts
from phenoscope.report.single_page import facts, write_single
from phenoscope.report.survival import survival_rows, survivals
from phenoscope.report.templating import Place, rendered, write_text
from phenoscope.store import Experiment, SingleRun, Survey, Unreadable, read_experiment, read_single, survey
from phenoscope.store.experiments import EXPERIMENT, REQUEST, unfinished
from phenoscope.store.files import exists
from phenoscope.store.members import MEMBER

ATLAS_TRAIL = (("Atlas", "index.html"),)
RUNS_TRAIL = (("Runs", "runs.html"),)

PAGES = (("verdicts", "verdicts"), ("controls", "controls"), ("runs", "runs"))
"""Pages of the site besides its first one, and the section of each."""

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
        controls: what survives under controls of whole experiments.
        without: phenomena that were run and have nothing to freeze, by name, and why.
    """

    index: Path
    pages: tuple[Path, ...]
    unreadable: tuple[Unreadable, ...] = ()
    unfinished: tuple[Path, ...] = ()
    controls: tuple[Falsification, ...] = ()
    without: Mapping[str, str] = dataclasses.field(default_factory=dict)


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
    pages += [_family_page(family, listed, root) for family in FAMILIES.values()]
    families = _families([_chapter(chapter) for chapter in listed])
    rows = [row for family in families for row in family["chapters"]]
    parts: Any = {"chapters": rows, "families": families, "found": found, "problems": problems}
    parts |= {"unfinished": [_unfinished(path) for path in found.unfinished]}
    parts |= {"folder": runs.resolve().name, "singles": [_single(run) for run in found.singles]}
    parts |= {"runs": [_run(experiment) for experiment in found.experiments]}
    write_text(root / "verdicts.csv", verdicts_csv(found.experiments))
    under = falsifications(found.experiments)
    write_text(root / "controls.csv", falsification_csv(under))
    without = nothing_to_freeze(found.experiments)
    parts |= {"controls": falsification_rows(under), "fates": FATES, "survivals": survival_rows(survivals(under))}
    parts |= {"without": [_without(chapter, without[chapter.name]) for chapter in listed if chapter.name in without]}
    parts |= {"lessons": lessons(), "facts": _facts(listed, found)}
    for name, section in (*PAGES, ("index", "atlas")):  # the last links to the rest
        pages.append(root / f"{name}.html")
        write_text(pages[-1], rendered(f"{name}.html", Place(section), **parts))
    return Site(root / "index.html", tuple(pages), found.unreadable, found.unfinished, tuple(under), without)


def _run_pages(found: Survey, root: Path) -> tuple[Survey, list[Path]]:
    """A page for each run; what cannot be shown is moved to what cannot be read."""
    pages: list[Path] = []
    shown: list[Experiment] = []
    unreadable = list(found.unreadable)
    for experiment in found.experiments:
        name = experiment.path.name
        trail = (*ATLAS_TRAIL, (experiment.title, phenomenon_page(experiment.name)))
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
    about, page = chapter.about, root / "phenomena" / phenomenon_file(chapter.name)
    best = chapter.best
    outcomes = {} if best is None else {row["name"]: row["outcomes"] for row in claim_rows(best.verdicts)}
    text = rendered(
        "phenomenon.html",
        Place("atlas", "../", _trail(chapter.name), about.title),
        about=about,
        chapter=chapter,
        figure_=glimpse(chapter, "../"),
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


def _family_page(family: Family, listed: Sequence[Chapter], root: Path) -> Path:
    """The page of a family, with the best run of each of its phenomena."""
    page = root / family_page(family.name)
    parts = family_parts(family, {chapter.name: chapter for chapter in listed})
    write_text(page, rendered("family.html", Place("atlas", "../", ATLAS_TRAIL, family.title), **parts))
    return page


def _trail(phenomenon: str) -> tuple[tuple[str, str], ...]:
    """The pages above that of a phenomenon: the atlas, and its family if it has one."""
    family = family_of(phenomenon)
    return ATLAS_TRAIL if family is None else (*ATLAS_TRAIL, (family.title, family_page(family.name)))


def _families(chapters: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The phenomena under the families that they belong to, in their order; at the end those of none."""
    rows = {chapter["name"]: chapter for chapter in chapters}
    found: list[dict[str, Any]] = [
        {
            "title": family.title,
            "page": family_page(family.name),
            "chapters": [rows[name] for name in family.phenomena if name in rows],
        }
        for family in FAMILIES.values()
    ]
    rest = [chapter for name, chapter in rows.items() if family_of(name) is None]
    return found + ([{"title": "Others", "page": "", "chapters": rest}] if rest else [])


def _chapter(chapter: Chapter) -> dict[str, Any]:
    """A phenomenon as the atlas shows it: with the verdicts of its best run."""
    best = chapter.best
    return {
        "name": chapter.name,
        "anchor": phenomenon_file(chapter.name).removesuffix(".html"),
        "title": chapter.about.title,
        "question": chapter.about.question,
        "page": phenomenon_page(chapter.name),
        "command": chapter.command,
        "claims": len(claim_parts(chapter)),
        "best": None if best is None else _run(best),
        "others": [_run(experiment) for experiment in chapter.runs if experiment is not chapter.best],
        "rows": [] if best is None else claim_rows(best.verdicts),
    }


def _run(experiment: Experiment) -> dict[str, Any]:
    """A run as lists of runs show it."""
    return {
        "folder": experiment.path.name,
        "address": run_folder(experiment),
        "title": experiment.title,
        "phenomenon": phenomenon_page(experiment.name),
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


def _without(chapter: Chapter, why: str) -> dict[str, str]:
    return {"title": chapter.about.title, "page": phenomenon_page(chapter.name), "why": why}


def _facts(listed: Sequence[Chapter], found: Survey) -> dict[str, Any]:
    best = [verdict for chapter in listed if chapter.best for verdict in chapter.best.verdicts]
    return {
        "phenomena": len(listed),
        "run": sum(chapter.best is not None for chapter in listed),
        "runs": len(found.experiments),
        "watched": len(found.singles),
        "counts": outcome_counts(best),
        "verdicts": len(best),
    }
