"""`phenoscope diagnose`."""

from pathlib import Path

from rich.console import Console

from phenoscope.cli.output import Json, print_json


def diagnose(run: Path, /, *, as_json: Json = False) -> None:
    """Judge a run that was watched with `ps.watch` by every claim that is about runs like it.

    Parameters
    ----------
    run
        The folder that was given to `ps.watch` as `run`.
    as_json
        Print one JSON object and nothing else.
    """
    from phenoscope.engine import diagnose as diagnosed
    from phenoscope.report import print_diagnosis

    found = diagnosed(run)
    if as_json:
        print_json(found.to_json())
    else:
        print_diagnosis(found, Console())
