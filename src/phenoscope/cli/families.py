"""What `phenoscope run FAMILY` does: every phenomenon of a family, and the page that tells their story."""

import dataclasses
from pathlib import Path

from phenoscope.atlas import find
from phenoscope.atlas.families import FAMILIES
from phenoscope.atlas.family import Family
from phenoscope.cli.options import Usage
from phenoscope.cli.output import as_data, print_json
from phenoscope.cli.running import Request, describe, execute
from phenoscope.core.errors import BadInput
from phenoscope.engine.progress import spoken
from phenoscope.report import tally, write_site
from phenoscope.report.addresses import CONTROLS, family_page
from phenoscope.store import Experiment


def run_family(asked: Request, *, dry_run: bool, as_json: bool, quiet: bool) -> None:
    """Run, or only describe, every phenomenon of the family that is asked for by name.

    Under a control, those that it says nothing of are left out, each with the sentence why.
    """
    family = FAMILIES[asked.name]
    if asked.options:
        raise Usage(f"{asked.name} is a family of phenomena, which has no options of its own; run one phenomenon.")
    names, left_out = _under_control(family, asked)
    if not as_json:
        print("".join(f"Left out: {sentence}\n" for sentence in left_out), end="", flush=True)
    if dry_run:
        _describe(family, [dataclasses.replace(asked, name=name) for name in names], as_json)
        return
    done = []
    for name in names:
        done.append(execute(dataclasses.replace(asked, name=name), quiet=quiet))
        if not as_json:
            print(f"{done[-1][0].title}: {tally(done[-1][0].verdicts)}", flush=True)
    _tell(family, asked, done, left_out, as_json)


def _under_control(family: Family, asked: Request) -> tuple[list[str], list[str]]:
    """The phenomena that can be run so, and a sentence for each other one."""
    names, left_out = [], []
    for name in family.phenomena:
        try:
            find(name, scale=asked.scale, **asked.made_with)
            names.append(name)
        except BadInput as problem:
            if asked.control is None:
                raise
            left_out.append(str(problem))
    return names, left_out


def _describe(family: Family, requests: list[Request], as_json: bool) -> None:
    described = [describe(request) for request in requests]
    seconds = sum(each.as_json["seconds"] for each in described)
    if as_json:
        print_json({"name": family.name, "phenomena": [each.as_json for each in described], "seconds": seconds})
        return
    print("\n".join(each.text for each in described))
    print(f"{family.title}: about {spoken(seconds)} in all.")


def _tell(
    family: Family, asked: Request, done: list[tuple[Experiment, Path]], left_out: list[str], as_json: bool
) -> None:
    site = write_site(asked.out)
    story = site.index.parent / (family_page(family.name) if asked.control is None else CONTROLS)
    if as_json:
        runs = [as_data(experiment, page) for experiment, page in done]
        told = {} if asked.control is None else {"control": asked.control, "left_out": left_out}
        print_json({"name": family.name, "report": str(story), "phenomena": runs} | told)
        return
    verdicts = [verdict for experiment, _ in done for verdict in experiment.verdicts]
    print(f"{family.title}: {tally(verdicts)}")
    print(f"Story:  {story}")
    print(f"Data:   {asked.out}")
