"""`phenoscope resume`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from phenoscope.cli.output import Json, Quiet, print_json, tell


def resume(
    run: Path,
    /,
    *,
    jobs: int | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with an experiment that was interrupted or killed, then judge it and write the report.

    Parameters
    ----------
    run
        Its folder, or the folder given as `--out` if there is only one experiment in it.
    jobs
        Worker processes; as many as cores unless given, one at the smoke scale.
    dry_run
        Only say what is still to be run, and about how long it would take.
    as_json
        Print one JSON object and nothing else.
    quiet
        No progress.
    """
    from phenoscope.cli.running import describe, execute_again, request_of
    from phenoscope.store import find_asked

    folder = find_asked(run)
    if dry_run:
        described = describe(request_of(folder, jobs))
        print_json(described.as_json) if as_json else print(described.text)
        return
    experiment, page = execute_again(folder, jobs=jobs, quiet=quiet)
    tell(experiment, as_json, page)
