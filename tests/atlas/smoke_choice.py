"""A part of the atlas for one commit: over the commits each phenomenon has its turn, and one commit always the same."""

import hashlib
from collections.abc import Sequence

BUDGET, EACH = 240, 10
"""Seconds for all smoke runs of a test run on two cores, and for one phenomenon at most."""


def chosen(names: Sequence[str], commit: str, *, most: int = BUDGET // EACH) -> list[str]:
    """All names while they fit, else those that the commit draws."""
    drawn = sorted(names, key=lambda name: hashlib.sha256(f"{commit}/{name}".encode()).digest())
    return sorted(drawn[:most])
