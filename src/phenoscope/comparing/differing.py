"""In what two runs differ: their settings, recipes and surroundings, leaf by leaf."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from phenoscope.store import Experiment, SingleRun

RECIPE = "recipe of "


@dataclasses.dataclass(frozen=True)
class Differing:
    """One thing that is not the same in both.

    Attributes:
        part: "run", "recipe of <arms>", "watched" or "environment".
        name: of the thing, nested names joined by dots.
        a, b: what it is in each; None where it is not there.
    """

    part: str
    name: str
    a: Any
    b: Any


def differing(a: Experiment | SingleRun, b: Experiment | SingleRun) -> tuple[Differing, ...]:
    """What differs between two runs, part by part; what is the same is left out."""
    first, second = _parts(a), _parts(b)
    found = []
    for part in dict.fromkeys((*first, *second)):
        ours, theirs = (_leaves(parts.get(part, {})) for parts in (first, second))
        names = dict.fromkeys((*ours, *theirs))
        found += [Differing(part, n, ours.get(n), theirs.get(n)) for n in names if ours.get(n) != theirs.get(n)]
    return _gathered(found, sum(part.startswith(RECIPE) for part in first))


def _gathered(found: list[Differing], arms: int) -> tuple[Differing, ...]:
    """What differs in the same way in the recipes of several arms is said once."""
    groups: dict[str, list[Differing]] = {}
    for each in found:
        recipe = each.part.startswith(RECIPE)
        groups.setdefault(f"{recipe or each.part} {each.name} {each.a!r} {each.b!r}", []).append(each)
    told = []
    for group in groups.values():
        names = ", ".join(each.part.removeprefix(RECIPE) for each in group)
        part = f"{RECIPE}{names if len(group) < arms else 'every arm'}" if len(group) > 1 else group[0].part
        told.append(dataclasses.replace(group[0], part=part))
    return tuple(told)


def _parts(run: Experiment | SingleRun) -> dict[str, Mapping[str, Any]]:
    if isinstance(run, Experiment):
        arms = {f"{RECIPE}{arm.name}": {**arm.recipe, "sweep": dict(arm.sweep)} for arm in run.arms}
        about = {"phenomenon": run.name, "scale": run.scale, "seeds": list(run.seeds), "looks": run.looks}
        return {"run": about | dict(run.options), **arms, "environment": run.environment}
    # what a watch cost, and how its run ended, is no part of what was watched
    left_out = ("costs", "seconds", "seconds_in_all", "series", "ended_by", "problem")
    watched = {name: value for name, value in run.about.get("watched", {}).items() if name not in left_out}
    about = {"outcome": run.record.outcome, "stopped at": run.record.stopped_at, **run.record.settings}
    plan = run.about.get("plan") or {}
    return {"run": about, "recipe": plan, "watched": watched, "environment": run.about.get("environment") or {}}


def _leaves(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested mappings flattened; lists of plain things stay whole."""
    found: dict[str, Any] = {}
    for name, part in value.items():
        if isinstance(part, Mapping):
            found |= _leaves(part, f"{before}{name}.")
        elif isinstance(part, list) and any(isinstance(each, Mapping) for each in part):
            found |= _leaves({str(place): each for place, each in enumerate(part)}, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = list(part) if isinstance(part, tuple) else part
    return found
