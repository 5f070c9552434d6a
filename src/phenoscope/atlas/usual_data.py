"""On which data a phenomenon is run, and how much there is of it."""

from collections.abc import Sequence

from phenoscope.core.errors import BadInput
from phenoscope.phenomenon import Scale

LARGE = "fashion_mnist"
DATA = ("digits", "mnist1d", LARGE)
MOST = {"digits": 1500, "mnist1d": 4000, LARGE: 60_000}
"""Examples to train on, at most."""


def usual_data(asked: str | None, scale: Scale, offered: Sequence[str]) -> str:
    """The data that were asked for; else Fashion-MNIST at `paper` scale, and the first on offer at the others.

    Raises:
        BadInput: they are not on offer.
    """
    chosen = asked or (LARGE if scale == "paper" else offered[0])
    if chosen not in offered:
        raise BadInput(f"this phenomenon is set up for the data {', '.join(offered)}, got {chosen!r}.")
    return chosen


def available(data: str, examples: int) -> int:
    """So many examples, or as many as there are to train on."""
    return min(examples, MOST[data])
