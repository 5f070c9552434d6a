"""One sentence for a choice that does not exist."""

from collections.abc import Iterable

from phenoscope.core.errors import BadInput


def one_of(what: str, value: object, options: Iterable[str]) -> None:
    """Refuse a value that is not among the options, and list them."""
    known = sorted(options)
    if value not in known:
        raise BadInput(f"{what} must be one of {', '.join(map(repr, known))}, got {value!r}.")
