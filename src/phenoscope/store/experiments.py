"""Experiments as folders: `experiment.json`, `verdicts.json`, `panels.json`, `pairs/`."""

import dataclasses
import math
import shlex
from pathlib import Path
from typing import Any, cast

from phenoscope.claims import verdict_from_json
from phenoscope.core.errors import BadInput
from phenoscope.core.hints import check_fields
from phenoscope.core.specs import from_json, to_json
from phenoscope.panels import panel_from_json
from phenoscope.store.experiment import ArmResult, Experiment
from phenoscope.store.files import SCHEMA, NewerSchema, exists, read_json, write_json

EXPERIMENT, VERDICTS, PANELS = "experiment.json", "verdicts.json", "panels.json"
REQUEST = "request.json"
"""What was asked for: there from the beginning, while the others are written at the end."""


def write_experiment(experiment: Experiment) -> None:
    """Write the three JSON files of an experiment's folder, each whole or not at all."""
    fields = {f.name: getattr(experiment, f.name) for f in dataclasses.fields(experiment)}
    apart = ("path", "verdicts", "panels", "arms")
    about = {name: value for name, value in fields.items() if name not in apart}
    about["options"] = to_json(experiment.options)
    arms = [dataclasses.asdict(arm) for arm in experiment.arms]
    verdicts = [verdict.to_json() for verdict in experiment.verdicts]
    panels = [panel.to_json() for panel in experiment.panels]
    write_json(experiment.path / PANELS, {"schema": SCHEMA, "panels": panels})
    write_json(experiment.path / VERDICTS, {"schema": SCHEMA, "verdicts": verdicts})
    write_json(experiment.path / EXPERIMENT, {"schema": SCHEMA, **about, "arms": arms})


def read_experiment(path: Path) -> Experiment:
    """An experiment from its folder."""
    about = read_json(path / EXPERIMENT)
    try:
        verdicts = tuple(verdict_from_json(v) for v in read_json(path / VERDICTS)["verdicts"])
        panels = tuple(panel_from_json(p) for p in read_json(path / PANELS)["panels"])
        arms = tuple(_arm(arm) for arm in about.pop("arms"))
        about.pop("schema")
        sources = tuple((text, address) for text, address in about.pop("sources"))
        seeds, comparisons = tuple(about.pop("seeds")), tuple(about.pop("comparisons", ()))
        options = cast(dict[str, Any], from_json(about.pop("options")))
        made = {"arms": arms, "verdicts": verdicts, "panels": panels, "sources": sources, "seeds": seeds}
        experiment = Experiment(path=path, options=options, comparisons=comparisons, **made, **about)
        check_fields(experiment)
    except NewerSchema:
        raise
    except BadInput as problem:
        raise BadInput(f"{path} cannot be read as an experiment: {problem} Run it again to write it anew.") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as problem:
        raise BadInput(
            f"{path} cannot be read as an experiment ({problem!r}). Run it again to write it anew."
        ) from None
    return experiment


def find_experiment(path: Path) -> Path:
    """The experiment's folder that a path means: itself, or the only one inside."""
    if exists(path / EXPERIMENT):
        return path
    if exists(path / REQUEST):
        raise BadInput(unfinished(path))
    begun = sorted(found.parent for found in path.glob(f"*/{REQUEST}"))
    if len(begun) == 1 and not any(path.glob(f"*/{EXPERIMENT}")):
        raise BadInput(unfinished(begun[0]))
    return one_inside(path, EXPERIMENT)


def unfinished(path: Path) -> str:
    """The sentence for an experiment that was begun and never judged."""
    words = shlex.join(["phenoscope", "resume", str(path)])
    return f"the experiment in {path} is not finished, so there is nothing to show yet. Go on with `{words}`."


def one_inside(path: Path, file: str) -> Path:
    """The only folder inside that has such a file."""
    inside = sorted(found.parent for found in path.glob(f"*/{file}"))
    if len(inside) == 1:
        return inside[0]
    if not inside:
        raise BadInput(f"{path} holds no experiment (no {file}). Pass the folder that `phenoscope run` printed.")
    raise BadInput(f"{path} holds several experiments: {', '.join(p.name for p in inside)}. Pass one of them.")


def _arm(value: dict[str, Any]) -> ArmResult:
    sweep = {name: tuple(values) for name, values in value["sweep"].items()}
    made = ArmResult(**{**value, "sweep": sweep, "members": tuple(value["members"])})
    check_fields(made)
    if not math.isfinite(made.seconds):
        raise BadInput(f"the arm {made.name!r} took {made.seconds} seconds.")
    return made
