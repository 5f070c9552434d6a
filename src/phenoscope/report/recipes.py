"""Recipes in readable form: from canonical JSON to short phrases."""

from collections.abc import Mapping, Sequence
from typing import Any

from phenoscope.report.numbers import number
from phenoscope.report.words import listed

LEFT_OUT = ("kind", "version", "seed")
"""The seed of an arm's recipe is replaced by the experiment's."""


def recipe_lines(recipe: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parts of a recipe with a phrase each, defaults that say nothing left out.

    Example:
        >>> recipe_lines({"kind": "Recipe", "rule": {"kind": "GD", "lr": 0.1}, "steps": 400, "batch": None, "seed": 0})
        [('rule', 'GD (lr 0.1)'), ('steps', '400'), ('batch', 'all examples')]
    """
    kind = recipe.get("kind", "Recipe")
    lines = [] if kind == "Recipe" else [("computation", str(kind))]
    for name, value in recipe.items():
        if name in LEFT_OUT or (name, value) in (("start", None), ("dynamics", "network")):
            continue
        lines.append((name, _start(value, recipe) if name == "start" else _part(name, value, recipe)))
    return lines


def phrase(value: Any, beside: Mapping[str, Any] | None = None) -> str:
    """A value of canonical JSON in words; of a recipe in it only what differs from the one `beside`, if that is given.

    Example:
        >>> phrase({"kind": "MLP", "widths": [32, 32], "activation": "tanh", "bias": None})
        'MLP (widths 32, 32; activation tanh)'
        >>> phrase({"kind": "Recipe", "steps": 9, "batch": 50}, beside={"steps": 400, "batch": 50, "order": 1})
        'the same with (steps 9), without order'
    """
    if isinstance(value, Mapping):
        if beside is not None and value.get("kind") == "Recipe":
            return _the_same(value, beside)
        parts = {name: part for name, part in value.items() if name not in LEFT_OUT and part is not None}
        kind, text = str(value.get("kind", "")), "; ".join(f"{name} {phrase(parts[name], beside)}" for name in parts)
        return f"{kind} ({text})" if kind and text else kind or text
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, float):
        return number(value, 6)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(phrase(part, beside) for part in value)
    return str(value)


def _part(name: str, value: Any, beside: Mapping[str, Any]) -> str:
    return "all examples" if name == "batch" and value is None else phrase(value, beside)


def _the_same(recipe: Mapping[str, Any], beside: Mapping[str, Any]) -> str:
    """A recipe by what differs from another one: whole, one inside the other hides the little that does."""
    names = [name for name in {**beside, **recipe} if name not in LEFT_OUT and recipe.get(name) != beside.get(name)]
    lacks = [name for name in names if recipe.get(name) is None and name != "batch"]
    told = [f"{name} {_part(name, recipe.get(name), beside)}" for name in names if name not in lacks]
    text = "the same" + (f" with ({'; '.join(told)})" if told else "")
    return text + (f", without {listed(lacks)}" if lacks else "")


def _start(value: Any, beside: Mapping[str, Any]) -> str:
    if not isinstance(value, Mapping):
        return phrase(value)
    at = value.get("at")
    moment = f"step {at}" if isinstance(at, int) else f"the mark “{at}”"
    return f"{moment} of another run" + (f": {phrase(value['recipe'], beside)}" if "recipe" in value else "")
