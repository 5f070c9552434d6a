"""A phenomenon's own options as they come from the command line: text, read as the type that its function names."""

import types
import typing
from typing import Any

from phenoscope.core.errors import PhenoscopeError


class Usage(PhenoscopeError):
    """The command was not written as it is to be: exit code 2."""


def chosen(phenomenon: str, given: dict[str, str]) -> dict[str, Any]:
    """The options given, each as the type that the phenomenon asks for.

    Raises:
        Usage: no such option, or text that is not of its type.
        PhenoscopeError: no such phenomenon, or one that cannot be used.
    """
    from phenoscope.atlas import option_kinds

    if not given:
        return {}
    given = {name.replace("-", "_"): text for name, text in given.items()}
    kinds = option_kinds(phenomenon)
    unknown = sorted(set(given) - set(kinds))
    if unknown:
        offered = ", ".join(f"--{name.replace('_', '-')}" for name in kinds)
        named = ", ".join(f"--{name.replace('_', '-')}" for name in unknown)
        raise Usage(f"there is no option {named}. {phenomenon} itself offers {offered or 'none'}; see also `--help`.")
    return {name: value(text, kinds[name], f"--{name}") for name, text in given.items()}


def value(text: str, kind: Any, option: str) -> Any:
    """One option's value: text, a number, a truth, or several of one kind separated by commas."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    if typing.get_origin(kind) is tuple:
        return tuple(number(part, typing.get_args(kind)[0], option) for part in text.split(",") if part.strip())
    return number(text, kind, option)


def number(text: str, kind: Any, option: str) -> Any:
    """Text as a number or a truth, or as itself where that is asked for."""
    if kind is bool:
        if text not in ("true", "false"):
            raise Usage(f"{option} is true or false, got {text!r}.")
        return text == "true"
    try:
        return kind(text.strip()) if kind in (int, float) else text
    except ValueError:
        what = "whole numbers" if kind is int else "numbers"
        raise Usage(f"{option} takes {what}, several separated by commas, got {text!r}.") from None
