"""Recipes in readable form: from canonical JSON to short phrases."""

from collections.abc import Mapping, Sequence
from typing import Any

from phenoscope.report.numbers import number

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
        if name == "batch" and value is None:
            lines.append((name, "all examples"))
        elif name == "start" and isinstance(value, Mapping):
            lines.append((name, _start(value)))
        else:
            lines.append((name, phrase(value)))
    return lines


def phrase(value: Any) -> str:
    """A value of canonical JSON in words.

    Example:
        >>> phrase({"kind": "MLP", "widths": [32, 32], "activation": "tanh", "bias": None})
        'MLP (widths 32, 32; activation tanh)'
    """
    if isinstance(value, Mapping):
        inner = [f"{name} {phrase(part)}" for name, part in value.items() if name not in LEFT_OUT and part is not None]
        kind, text = str(value.get("kind", "")), "; ".join(inner)
        return f"{kind} ({text})" if kind and text else kind or text
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, float):
        return number(value, 6)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(phrase, value))
    return str(value)


def _start(value: Mapping[str, Any]) -> str:
    at = value.get("at")
    moment = f"step {at}" if isinstance(at, int) else f"the mark “{at}”"
    return f"{moment} of another run (its recipe is in the JSON)"
