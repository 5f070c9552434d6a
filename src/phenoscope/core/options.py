"""One sentence for a choice or a size that makes no sense."""

from collections.abc import Iterable

from phenoscope.core.errors import BadInput


def one_of(what: str, value: object, options: Iterable[str]) -> None:
    """Refuse a value that is not among the options, and list them."""
    known = sorted(options)
    if value not in known:
        raise BadInput(f"{what} must be one of {', '.join(map(repr, known))}, got {value!r}.")


def sizes(what: str, values: object) -> None:
    """Refuse anything but a tuple of whole numbers of at least 1."""
    if not isinstance(values, tuple) or not all(type(value) is int and value >= 1 for value in values):
        raise BadInput(f"{what} must be a tuple of whole numbers of at least 1, got {values!r}.")
