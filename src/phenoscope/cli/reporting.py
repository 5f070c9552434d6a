"""`phenoscope report`."""

import shlex
from pathlib import Path
from typing import Any

from phenoscope.cli.output import Json, print_json


def report(runs: Path = Path("runs"), /, *, to: Path | None = None, as_json: Json = False) -> None:
    """Write the site of a folder of runs, or the page of a single run; both open from disk.

    Parameters
    ----------
    runs
        The folder given as `--out` to runs: the atlas with all that was run, in its folder `report`. Or the folder of
        one run: its page anew.
    to
        Another folder for the site or the page.
    as_json
        Print one JSON object and nothing else.
    """
    from phenoscope.report import falsification_json, survival_rows, survivals, write_report

    written = write_report(runs, to)
    if as_json:
        unreadable = [{"path": str(each.path), "why": each.why} for each in written.unreadable]
        pages = [str(page) for page in written.pages]
        unfinished = [str(path) for path in written.unfinished]
        lists: dict[str, Any] = {"pages": pages, "unreadable": unreadable, "unfinished": unfinished}
        lists["controls"] = falsification_json(written.controls)
        lists |= {"survival": survival_rows(survivals(written.controls)), "without_twin": dict(written.without)}
        print_json({"report": str(written.index), **lists})
        return
    for each in written.unreadable:
        print(f"Not readable: {each.why}")
    for path in written.unfinished:
        print(f"Not finished: {path}. Go on with `{shlex.join(['phenoscope', 'resume', str(path)])}`.")
    print(f"Report: {written.index}")
