"""All phenomena: one a file, found by name; and those that other distributions offer by an entry point."""

import dataclasses
import difflib
import inspect
from collections.abc import Callable
from importlib import metadata
from typing import Any

from phenoscope.atlas.freezing import Control, controlled, frozen, without_twin
from phenoscope.atlas.kinds import KINDS, Kind, kind_of
from phenoscope.atlas.outside import GROUP, Maker, Offer, offers
from phenoscope.atlas.own import OWN
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.core.specs import to_json
from phenoscope.phenomenon import SCALES, Phenomenon

ATLAS: dict[str, Callable[..., Phenomenon]] = {maker.__name__: maker for maker in OWN}
"""The library's own: functions of a scale and the phenomenon's own options."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A phenomenon as a list shows it.

    Attributes:
        name: to run it by.
        distribution, version: where it comes from.
        phenomenon: at the laptop scale; `None` where it cannot be used.
        options: what it offers, with their defaults.
        problem: the sentence why it cannot be used; empty where it can.
    """

    name: str
    distribution: str
    version: str
    phenomenon: Phenomenon | None
    options: dict[str, Any]
    problem: str = ""


def find(name: str, *, scale: str = "laptop", control: str | None = None, **options: Any) -> Phenomenon:
    """The phenomenon of that name at that scale, with its options checked against what it offers.

    Args:
        name: of this library or another's.
        scale: "smoke", "laptop" or "paper".
        control: "linearised" for the same experiment with frozen features (see `frozen`).
        options: its own.

    Raises:
        BadInput: no such phenomenon, scale, control or option; a control that says nothing of this phenomenon.
        PhenoscopeError: another distribution's phenomenon that cannot be used, and why.
    """
    offer, maker = _maker(name)
    if scale not in SCALES:
        raise BadInput(f"`scale` must be one of {', '.join(SCALES)}, got {scale!r}.")
    offered = _parameters(maker)
    unknown = sorted(set(options) - set(offered))
    if unknown:
        raise BadInput(f"{name} has no option {', '.join(unknown)}. It has: {', '.join(offered) or 'none'}.")
    made = offer.make(maker, scale, options) if offer is not None else _made(name, maker, scale, options)
    return made if control is None else controlled(made, control)


def _made(name: str, maker: Maker, scale: str, options: dict[str, Any]) -> Phenomenon:
    """One of the library's own."""
    try:
        return maker(scale, **options)
    except (TypeError, AttributeError, ValueError) as problem:  # text where a number is asked for
        if not options:
            raise
        raise BadInput(f"{name} does not take the options {options}: {problem}. See `phenoscope list`.") from problem


def options_of(name: str) -> dict[str, Any]:
    """The options a phenomenon offers, with their defaults."""
    return {option: parameter.default for option, parameter in _parameters(_maker(name)[1]).items()}


def option_kinds(name: str) -> dict[str, Any]:
    """The options a phenomenon offers, with the types that its function asks for."""
    maker = _maker(name)[1]
    return {option: _kind(parameter, maker) for option, parameter in _parameters(maker).items()}


def known(name: str) -> bool:
    """Whether a phenomenon can be asked for by that name; nothing is imported for the answer."""
    return name in ATLAS or any(offer.name == name and not offer.problem for offer in offers(ATLAS))


def origin(name: str) -> str | None:
    """The distribution and version of another's phenomenon; `None` for one of the library's own, or an unknown one."""
    return None if name in ATLAS else next((o.origin for o in offers(ATLAS) if o.name == name), None)


def entries() -> list[Entry]:
    """Every phenomenon, the library's own first; one that cannot be used says why, and hinders no other."""
    try:
        version = metadata.version("phenoscope")
    except metadata.PackageNotFoundError:  # the source alone on the path
        version = "unknown"
    own = [Entry(name, "phenoscope", version, find(name), options_of(name)) for name in sorted(ATLAS)]
    return own + [_entry(offer) for offer in offers(ATLAS)]


def _entry(offer: Offer) -> Entry:
    about = (offer.name, offer.distribution, offer.version)
    try:
        maker = offer.maker()
        made = offer.make(maker, "laptop", {})
        options = {option: parameter.default for option, parameter in _parameters(maker).items()}
        with offer.theirs("its options cannot be shown"):
            to_json(options)
    except PhenoscopeError as problem:
        return Entry(*about, None, {}, str(problem))
    return Entry(*about, made, options)


def _maker(name: str) -> tuple[Offer | None, Maker]:
    """Who offers the phenomenon (nobody, if it is the library's own), and the function that makes it."""
    if name in ATLAS:
        return None, ATLAS[name]
    offered = offers(ATLAS)
    for offer in offered:
        if offer.name == name:
            return offer, offer.maker()
    names = sorted({*ATLAS, *(offer.name for offer in offered if not offer.problem)})
    raise BadInput(f"there is no phenomenon {name!r}. {_meant(name, names)}`phenoscope list` shows what there is.")


def _meant(name: str, names: list[str]) -> str:
    """The names that are most like one that nobody has."""
    like = [known for known in names if name and name in known][:4] or difflib.get_close_matches(
        name, names, cutoff=0.75
    )
    return f"Did you mean {' or '.join(like)}? " if like else ""


def _parameters(maker: Maker) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(maker).parameters.values()
    return {parameter.name: parameter for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}


def _kind(parameter: inspect.Parameter, maker: Maker) -> Any:
    """The type of an option; where annotations are text, as `from __future__ import annotations` leaves them, read."""
    kind = parameter.annotation
    if isinstance(kind, str):
        try:
            kind = eval(kind, getattr(inspect.unwrap(maker), "__globals__", {}))  # as `inspect` itself does
        except Exception:  # a name that only type checkers see
            kind = inspect.Parameter.empty
    if kind is inspect.Parameter.empty:
        return str if parameter.default is None else type(parameter.default)
    return kind


__all__ = [
    "ATLAS",
    "GROUP",
    "KINDS",
    "Control",
    "Entry",
    "Kind",
    "controlled",
    "entries",
    "find",
    "frozen",
    "kind_of",
    "known",
    "option_kinds",
    "options_of",
    "origin",
    "without_twin",
]
