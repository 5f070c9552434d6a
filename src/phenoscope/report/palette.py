"""The colours of a figure: one palette that is readable on white and on near-black pages alike.

How it was chosen: among the colours with a contrast of at least 3:1 (WCAG 2.2, success criterion 1.4.11) on both
pages, a search kept six whose smallest distance in Oklab, between any two, is large for normal vision and for the
simulated protanopia, deuteranopia and tritanopia of Machado, Oliveira & Fernandes 2009 (IEEE TVCG 15:1291). Contrast
and distances are computed again in the tests. The first two differ most, since most figures have two arms.
"""

SERIES = ("#2f6fde", "#d97a00", "#a83c9c", "#6c6c18", "#a884c0", "#d8486c")
"""Blue, orange, magenta, olive, lilac, rose."""

LIGHT_PAGE, DARK_PAGE = "#ffffff", "#111418"
"""What the palette must stand out from."""

INK = "#0a0b01"
"""Stands for the page's text colour while a figure is drawn; replaced by `currentColor`."""

PAGE = "#0a0b02"
"""Stands for the page's background while a figure is drawn; replaced by `var(--page)`."""


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, relative luminance of sRGB).

    Example:
        >>> contrast("#000000", "#ffffff")
        21.0
    """
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
