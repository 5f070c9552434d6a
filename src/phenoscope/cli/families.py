"""What `phenoscope run FAMILY` does: every phenomenon of a family, and the page that tells their story."""

import dataclasses
from pathlib import Path

from phenoscope.atlas.families import FAMILIES, Family
from phenoscope.cli.options import Usage
from phenoscope.cli.output import as_data, print_json
from phenoscope.cli.running import Request, describe, execute
from phenoscope.engine.progress import spoken
from phenoscope.report import tally, write_site
from phenoscope.report.addresses import family_page
from phenoscope.store import Experiment


def run_family(asked: Request, *, dry_run: bool, as_json: bool, quiet: bool) -> None:
    """Run, or only describe, every phenomenon of the family that is asked for by name."""
    family = FAMILIES[asked.name]
    if asked.options:
        raise Usage(f"{asked.name} is a family of phenomena, which has no options of its own; run one phenomenon.")
    if dry_run:
        _describe(family, asked, as_json)
        return
    done = []
    for name in family.phenomena:
        done.append(execute(dataclasses.replace(asked, name=name), quiet=quiet))
        if not as_json:
            print(f"{done[-1][0].title}: {tally(done[-1][0].verdicts)}", flush=True)
    _tell(family, asked.out, done, as_json)


def _describe(family: Family, asked: Request, as_json: bool) -> None:
    described = [describe(dataclasses.replace(asked, name=name)) for name in family.phenomena]
    seconds = sum(each.as_json["seconds"] for each in described)
    if as_json:
        print_json({"name": family.name, "phenomena": [each.as_json for each in described], "seconds": seconds})
        return
    print("\n".join(each.text for each in described))
    print(f"{family.title}: about {spoken(seconds)} in all.")


def _tell(family: Family, out: Path, done: list[tuple[Experiment, Path]], as_json: bool) -> None:
    site = write_site(out)
    story = site.index.parent / family_page(family.name)
    if as_json:
        runs = [as_data(experiment, page) for experiment, page in done]
        print_json({"name": family.name, "report": str(story), "phenomena": runs})
        return
    verdicts = [verdict for experiment, _ in done for verdict in experiment.verdicts]
    print(f"{family.title}: {tally(verdicts)}")
    print(f"Story:  {story}")
    print(f"Data:   {out}")
