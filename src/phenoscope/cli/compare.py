"""`phenoscope compare`."""

from pathlib import Path

from rich.console import Console

from phenoscope.cli.output import Json, print_json


def compare(a: Path, b: Path, /, *, to: Path | None = None, as_json: Json = False) -> None:
    """Lay two runs side by side: verdicts on the same claims, what differs between them, and their series.

    Parameters
    ----------
    a
        The folder of an experiment, or of a single run (a member or a watched run).
    b
        The folder of another one of that kind.
    to
        A folder: there it is also written as a page, compare.html, with the series of both over each other.
    as_json
        Print one JSON object and nothing else.
    """
    from phenoscope.comparing import compare as compared
    from phenoscope.report import print_comparison, write_comparison

    found = compared(a, b)
    page = None if to is None else write_comparison(found, to)
    if as_json:
        print_json(found.to_json() | {"page": None if page is None else str(page)})
        return
    print_comparison(found, Console())
    print("With --to FOLDER it is written as a page too." if page is None else f"Page: {page}")
