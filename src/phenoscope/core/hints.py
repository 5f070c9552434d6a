"""Whether what was read from a file is of the types that a dataclass declares: Python itself does not look."""

import dataclasses
import functools
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Union

from phenoscope.core.errors import BadInput

SHOWN = 60
"""Characters of a wrong value in a sentence."""


@functools.cache
def field_types(kind: type) -> Mapping[str, Any]:
    """The declared types of a class's fields, found once: to look them up takes longer than to write the fields."""
    return types.MappingProxyType(typing.get_type_hints(kind))


def check_fields(made: Any) -> None:
    """Refuse a dataclass with a field that is not of its declared type, down to the parts of containers.

    Raises:
        BadInput: which field, and what it holds.
    """
    hints = field_types(type(made))
    for field in dataclasses.fields(made):
        value = getattr(made, field.name)
        if not fits(value, hints[field.name]):
            text = repr(value)
            shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
            raise BadInput(f"the {field.name!r} of this {type(made).__name__} cannot be {shown}.")


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type, where `True` is no number, and a whole number that is no float is no float.

    Example:
        >>> fits((1, 2.5), tuple[float, ...]), fits(("a",), tuple[int, ...]), fits(True, int), fits(10**400, float)
        (True, False, False, False)
    """
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return True
    if hint is None or hint is type(None):
        return value is None
    if origin in (Union, types.UnionType):
        return any(fits(value, option) for option in inner)
    if origin is Literal:
        return any(type(value) is type(option) and value == option for option in inner)
    if hint in NUMBERS:
        return NUMBERS[hint](value)
    return _contains(value, origin, inner) if origin is not None else isinstance(value, hint)


NUMBERS: dict[Any, Callable[[Any], bool]] = {
    bool: lambda value: type(value) is bool,
    int: lambda value: type(value) is int,
    float: lambda value: type(value) is float or (type(value) is int and abs(value) <= sys.float_info.max),
}


def _contains(value: Any, origin: Any, inner: tuple[Any, ...]) -> bool:
    if not isinstance(value, origin):
        return False
    if isinstance(value, tuple) and inner[1:] != (Ellipsis,):
        return len(value) == len(inner) and all(map(fits, value, inner))
    if isinstance(value, Mapping):
        return all(fits(key, inner[0]) and fits(part, inner[1]) for key, part in value.items())
    if inner[0] is float and set(map(type, value)) <= {float}:
        return True  # the lines of a figure, which are long
    return isinstance(value, Sequence) and all(fits(part, inner[0]) for part in value)
