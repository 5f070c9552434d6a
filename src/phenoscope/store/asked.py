"""What was asked for, written before anything is trained: `request.json` in an experiment's folder."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import from_json, to_json
from phenoscope.phenomenon import Scale
from phenoscope.store.experiments import EXPERIMENT, REQUEST, one_inside
from phenoscope.store.files import SCHEMA, exists, read_json, write_json


@dataclasses.dataclass(frozen=True)
class Asked:
    """Enough to ask for the same again.

    Attributes:
        name: of the phenomenon.
        named: whether it was asked for by that name; else it was made in Python, where only its maker finds it.
        scale, options: that it was made with.
        seeds: of the members.
        command: how to ask for it again, at the prompt or in Python.
    """

    name: str
    named: bool
    scale: Scale
    options: Mapping[str, Any]
    seeds: tuple[int, ...]
    command: str


def write_asked(folder: Path, asked: Asked) -> None:
    """Write down what is asked for in the experiment's folder, in place of what was asked before."""
    about = {field.name: getattr(asked, field.name) for field in dataclasses.fields(asked)}
    write_json(folder / REQUEST, {"schema": SCHEMA, **about, "options": to_json(asked.options)})


def read_asked(folder: Path) -> Asked:
    """What was asked for last in an experiment's folder.

    Raises:
        BadInput: nothing there, or nothing that can be read.
        NewerSchema: a newer version wrote it.
    """
    about = read_json(folder / REQUEST)
    try:
        options = cast(dict[str, Any], from_json(about["options"]))
        texts = [about["name"], about["scale"], about["command"]]
        whole = all(isinstance(text, str) for text in texts) and about["scale"] in get_args(Scale)
        if not whole or not isinstance(options, dict) or not all(type(seed) is int for seed in about["seeds"]):
            raise ValueError("a name, a scale, options, seeds and a command are needed")
        seeds = tuple(about["seeds"])
        return Asked(about["name"], about["named"] is True, about["scale"], options, seeds, about["command"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise BadInput(
            f"{folder / REQUEST} cannot be read ({problem!r}). Run the same command as before instead of resuming."
        ) from None


def find_asked(path: Path) -> Path:
    """The experiment's folder that a path means for going on: itself, or the only one inside."""
    if exists(path / REQUEST):
        return path
    if exists(path / EXPERIMENT):
        raise BadInput(f"{path} does not say what was asked for (no {REQUEST}). Run the same command as before.")
    return one_inside(path, REQUEST)
