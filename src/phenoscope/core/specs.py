"""Specs: frozen dataclasses that stand for themselves as canonical JSON, and the id made from it.

A spec holds numbers, strings, booleans, `None`, tuples and other specs. Two equal specs have the same
canonical JSON, and so the same id, in every process and on every machine. Each class carries an integer
`version`, raised whenever its behaviour changes; the versions are part of the id, so results of an older
behaviour are never taken for results of the new one. Fields that a class names in `later` were added to it when
results already had ids: with their default they are left out of its JSON, and those ids stand.
"""

import dataclasses
import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar, dataclass_transform

from phenoscope.core.errors import BadInput
from phenoscope.core.hints import field_types

T = TypeVar("T")
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

KINDS: dict[str, type] = {}
"""Every spec class by its name: what `from_json` can rebuild."""


@dataclass_transform(frozen_default=True)
def spec(cls: type[T]) -> type[T]:
    """Make a class a spec: a frozen dataclass with a `version` (1 unless it says otherwise), known by its name."""
    made = dataclasses.dataclass(frozen=True)(cls)
    taken = sorted({"kind", "version"} & {field.name for field in dataclasses.fields(made)})  # type: ignore[arg-type]
    if taken:
        raise BadInput(f"the spec {cls.__name__!r} has a field {taken[0]!r}, a name that its JSON needs. Rename it.")
    if not hasattr(made, "version"):
        made.version = 1  # type: ignore[attr-defined]
    known = KINDS.get(cls.__name__)
    if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise BadInput(
            f"two specs are called {cls.__name__!r}: one in {known.__module__}, one in {cls.__module__}. Rename one."
        )
    KINDS[cls.__name__] = made
    return made


def to_json(value: Any, *, versions: bool = False) -> Json:
    """Canonical JSON value of a spec: its kind and its fields, floats as floats whatever number was passed.

    Args:
        value: a spec, or anything a spec may hold.
        versions: also write each spec's version (as the id needs it).
    """
    if _is_spec(value):
        hints = field_types(type(value))
        head: dict[str, Json] = {"kind": type(value).__name__}
        if versions:
            head["version"] = value.version
        said = (f.name for f in dataclasses.fields(value) if not _unsaid(value, f))
        fields = {name: _typed(getattr(value, name), hints[name]) for name in said}
        return head | {name: to_json(part, versions=versions) for name, part in fields.items()}
    if isinstance(value, tuple | list):
        return [to_json(part, versions=versions) for part in value]
    if isinstance(value, Mapping):
        return {str(name): to_json(part, versions=versions) for name, part in value.items()}
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    raise BadInput(
        f"a spec cannot hold {value!r} ({type(value).__name__}): "
        "use numbers, strings, booleans, None, tuples and other specs."
    )


def from_json(value: Json) -> Any:
    """The spec (or plain value) that `to_json` wrote; lists come back as tuples."""
    if isinstance(value, list):
        return tuple(from_json(part) for part in value)
    if not isinstance(value, dict):
        return value
    kind = value.get("kind")
    if not isinstance(kind, str):
        return {name: from_json(part) for name, part in value.items()}
    fields = {name: from_json(part) for name, part in value.items() if name not in ("kind", "version")}
    if kind not in KINDS:
        raise BadInput(f"this record holds a {kind!r}, which is not known here. Import the module that defines it.")
    try:
        return KINDS[kind](**fields)
    except TypeError as problem:
        raise BadInput(f"a {kind!r} cannot be rebuilt from {sorted(fields)}: {problem}.") from problem


def canonical(value: Any) -> str:
    """The one text that stands for a spec: sorted keys, no spaces, versions included."""
    return json.dumps(to_json(value, versions=True), sort_keys=True, separators=(",", ":"), allow_nan=False)


def identity(value: Any) -> str:
    """The id of a spec: the first 16 hexadecimal digits of the SHA-256 of its canonical text."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:16]


def _is_spec(value: Any) -> bool:
    return KINDS.get(type(value).__name__) is type(value)


def _unsaid(value: Any, field: dataclasses.Field[Any]) -> bool:
    """Whether a field that was added later has the value that it had before it was there."""
    return field.name in getattr(value, "later", ()) and getattr(value, field.name) == field.default


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise BadInput(f"a spec cannot hold {value}: its numbers must be finite. Use None for no limit.")
    return value + 0.0  # -0.0 equals 0.0, so it must have the same text


def _typed(value: Any, hint: Any) -> Any:
    """1 and 1.0 are one value where a float is asked for, so they must not give two ids."""
    options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    if type(value) is int and float in options and int not in options:
        return float(value)
    entries = [typing.get_args(option) for option in options if typing.get_origin(option) is tuple]
    if isinstance(value, tuple | list) and len(entries) == 1:
        inner = entries[0][:1] * len(value) if entries[0][1:] == (Ellipsis,) else entries[0]
        return [_typed(*pair) for pair in zip(value, inner, strict=True)] if len(inner) == len(value) else value
    return value
