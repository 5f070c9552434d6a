"""Numbers and settings inside the sentences of claims, verdicts and legends."""

from collections.abc import Mapping

PARTS = ("data.", "source.", "model.", "rule.", "mask.")
"""Parts of a recipe whose settings are known without them: the width is the model's."""


def numeral(value: float, digits: int = 6) -> str:
    """A number to so many significant digits, with a true minus sign.

    Example:
        >>> numeral(-0.25), numeral(1234.5678, 4)
        ('−0.25', '1235')
    """
    return f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}")


def settings(where: Mapping[str, float]) -> tuple[str, ...]:
    """Swept settings with their values, as people write them.

    Example:
        >>> settings({"model.width": 64, "mask.found_at": 800, "lr.after": 0.1})
        ('width = 64', 'found at = 800', 'lr.after = 0.1')
    """
    return tuple(f"{_name(name)} = {numeral(value)}" for name, value in where.items())


def _name(name: str) -> str:
    for part in PARTS:
        name = name.removeprefix(part)
    return name.replace("_", " ")
