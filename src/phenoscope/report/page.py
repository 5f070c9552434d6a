"""The page of an experiment: one HTML file that needs nothing but itself, and the data beside it."""

from collections.abc import Sequence
from pathlib import Path

from phenoscope.report.csvs import verdicts_csv
from phenoscope.report.figures import data_csv
from phenoscope.report.freshness import is_fresh, mark
from phenoscope.report.numbers import duration
from phenoscope.report.parts import arm_parts, figure, flat, moment, safe_address, tally, unique_slugs
from phenoscope.report.recipes import phrase
from phenoscope.report.templating import Place, rendered, write_text
from phenoscope.report.verdict_rows import verdict_rows
from phenoscope.store import Experiment
from phenoscope.store.experiments import EXPERIMENT, PANELS, VERDICTS


def write_page(experiment: Experiment, folder: Path, *, place: Place | None = None, heading: str = "") -> Path:
    """Write an experiment's page, `folder/index.html`, and the numbers behind it as CSV: `verdicts.csv`, `data/*.csv`.

    A page that stands on a site is drawn again only if something that it is made of has changed.

    The page loads nothing: styles and figures are inside it, so it opens from disk and can be sent as one file.

    Args:
        experiment: what was run.
        folder: made where it is not there.
        place: where it stands on a site; alone unless given.
        heading: its title in a browser's tab; by default the experiment's.

    Returns:
        The path of the page.
    """
    slugs = unique_slugs(experiment.panels)
    page, tables = folder / "index.html", [folder / "data" / f"{slug}.csv" for slug in slugs]
    made_of = ""
    if place is not None:
        sources = [experiment.path / file for file in (EXPERIMENT, VERDICTS, PANELS)]
        made_of = mark(sources, place, heading)
        if is_fresh(page, made_of, tables):
            return page
    for table, panel in zip(tables, experiment.panels, strict=True):
        write_text(table, data_csv(panel))
    if experiment.verdicts:
        write_text(folder / "verdicts.csv", verdicts_csv([experiment]))
    write_text(page, _html(experiment, slugs, place, heading or experiment.title, made_of))
    return page


def _html(experiment: Experiment, slugs: Sequence[str], place: Place | None, heading: str, made_of: str) -> str:
    """The page; `slugs` name the panels' files."""
    return rendered(
        "page.html",
        place,
        made_of=made_of,
        heading=heading,
        experiment=experiment,
        created=moment(experiment.created),
        tally=tally(experiment.verdicts),
        claims=verdict_rows(experiment.verdicts),
        figures=[figure(panel, slug) for panel, slug in zip(experiment.panels, slugs, strict=True)],
        arms=[arm_parts(arm) for arm in experiment.arms],
        options=[(name, phrase(value)) for name, value in experiment.options.items()],
        environment=flat(experiment.environment),
        sources=[(text, safe_address(address)) for text, address in experiment.sources],
        members=sum(len(arm.members) for arm in experiment.arms),
        seconds=duration(experiment.seconds),
    )
