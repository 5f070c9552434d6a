"""All phenomena: one a file, found by name."""

import inspect
from collections.abc import Callable
from typing import Any

from phenoscope.atlas.edge_of_stability import edge_of_stability
from phenoscope.core.errors import BadInput
from phenoscope.phenomenon import SCALES, Phenomenon

ATLAS: dict[str, Callable[..., Phenomenon]] = {"edge_of_stability": edge_of_stability}
"""Functions of a scale and the phenomenon's own options."""


def find(name: str, *, scale: str = "laptop", **options: Any) -> Phenomenon:
    """The phenomenon of that name at that scale, with its options checked against what it offers."""
    if name not in ATLAS:
        raise BadInput(f"there is no phenomenon {name!r}. Known are: {', '.join(sorted(ATLAS))}.")
    if scale not in SCALES:
        raise BadInput(f"`scale` must be one of {', '.join(SCALES)}, got {scale!r}.")
    offered = options_of(name)
    unknown = sorted(set(options) - set(offered))
    if unknown:
        raise BadInput(f"{name} has no option {', '.join(unknown)}. It has: {', '.join(offered) or 'none'}.")
    return ATLAS[name](scale, **options)


def options_of(name: str) -> dict[str, Any]:
    """The options a phenomenon offers, with their defaults."""
    parameters = inspect.signature(ATLAS[name]).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


__all__ = ["ATLAS", "find", "options_of"]
