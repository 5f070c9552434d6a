"""Numbers inside the sentences of claims and verdicts."""


def numeral(value: float, digits: int = 6) -> str:
    """A number to so many significant digits, with a true minus sign.

    Example:
        >>> numeral(-0.25), numeral(1234.5678, 4)
        ('−0.25', '1235')
    """
    return f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}")
