"""Which instrument is meant by a name? `trace`; `eigenvalues:5`, so many; `effective_trace`, as an optimizer meets it.

There is one spelling for the prompt, for `ps.measure` and for probes.
"""

import difflib
from collections.abc import Iterable

from phenoscope.core.errors import BadInput
from phenoscope.instruments.instrument import Instrument
from phenoscope.instruments.matrices import of_own
from phenoscope.instruments.registry import INSTRUMENTS

EFFECTIVE = "effective_"
"""Before the name of an instrument of a matrix: of P^(-1/2) A P^(-1/2), P what an adaptive optimizer divides by."""


def instruments_named(names: Iterable[str] | str, what: str) -> dict[str, Instrument]:
    """The instruments of these names, in the order in which they serve each other.

    Args:
        names: as they were asked for.
        what: the beginning of the sentence for names that there are not, such as "the instruments are a tuple of".

    Raises:
        BadInput: no name, or one that there is not; a number or `effective_` where it has no meaning.
    """
    asked = () if isinstance(names, str) else tuple(dict.fromkeys(names))
    there = known()
    unknown = [name for name in asked if not isinstance(name, str) or plain_name(name) not in there]
    if unknown or not asked:
        came = repr(names) if isinstance(names, str) else ", ".join(map(repr, unknown)) or "none"
        raise BadInput(f"{what} names out of {', '.join(there)}; got {came}.{_meant(unknown, there)}")
    places = {name: place for place, name in enumerate(there)}
    ordered = sorted(asked, key=lambda name: (is_effective(name), places[plain_name(name)]))
    return {name: _instrument(name, there) for name in ordered}


def _meant(unknown: Iterable[object], there: Iterable[str]) -> str:
    """Which names were perhaps meant, as a sentence; nothing where none is near."""
    near = [difflib.get_close_matches(plain_name(name), there, n=1) for name in unknown if isinstance(name, str)]
    found = ", ".join(name for names in near for name in names)
    return f" Did you mean {found}?" if found else ""


def known() -> dict[str, Instrument]:
    """All instruments there are now: those of the registry, and behind them those of matrices of one's own."""
    return INSTRUMENTS | of_own()


def plain_name(name: str) -> str:
    """The name in the registry."""
    stem = without_number(name)
    return stem.removeprefix(EFFECTIVE) if is_effective(name) else stem


def without_number(name: str) -> str:
    """The name of what is measured, however many of it."""
    return name.partition(":")[0]


def is_effective(name: str) -> bool:
    """Whether it is of what an optimizer meets."""
    return name.startswith(EFFECTIVE)


def _instrument(name: str, there: dict[str, Instrument]) -> Instrument:
    found, (stem, colon, number) = there[plain_name(name)], name.partition(":")
    if colon:
        if found.counted is None:
            countable = ", ".join(name for name, each in there.items() if each.counted is not None)
            raise BadInput(f"{name!r}: there is only one {stem}. A number may follow {countable}.")
        if not (number.isascii() and number.isdecimal() and int(number) > 0):
            raise BadInput(f"{name!r} asks for {number!r} of them. Say a whole number from 1 on, such as {stem}:5.")
        found = found.counted(int(number))
    if not is_effective(name):
        return found
    if found.effective is None:
        of_matrices = ", ".join(name for name, each in there.items() if each.effective is not None)
        raise BadInput(
            f"{name!r}: that is not of a matrix that an optimizer meets. {EFFECTIVE} may precede {of_matrices}."
        )
    return found.effective
