"""Regions: where a statistic must fall for a claim to hold. Specs, so they have canonical JSON."""

import math
from abc import ABC, abstractmethod
from typing import Any

from phenoscope.claims.numerals import numeral
from phenoscope.core.errors import BadInput
from phenoscope.core.specs import Json, from_json, spec, to_json


class Region(ABC):
    """A set of numbers between two edges; an edge at ±∞ is no edge."""

    closed: bool = True

    @property
    @abstractmethod
    def edges(self) -> tuple[float, float]:
        """Its lower and upper edge."""

    def contains(self, low: float, high: float) -> bool:
        """Whether the whole interval [low, high] lies inside. False for nan."""
        lower, upper = self.edges
        if self.closed:
            return lower <= low <= high <= upper
        return (lower < low or lower == -math.inf) and low <= high and (high < upper or upper == math.inf)

    def excludes(self, low: float, high: float) -> bool:
        """Whether the whole interval [low, high] lies outside. False for nan."""
        lower, upper = self.edges
        if not low <= high:
            return False
        return high < lower or low > upper if self.closed else high <= lower or low >= upper

    def to_json(self) -> Json:
        return to_json(self)


@spec
class Between(Region):
    """low ≤ x ≤ high."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_number(self.low, "Between")
        _check_number(self.high, "Between")
        if not self.low < self.high:
            raise BadInput(
                f"Between needs its lower edge first and some room, got {self.low!r} and {self.high!r}. "
                "An interval of width zero can hold no estimate."
            )

    @property
    def edges(self) -> tuple[float, float]:
        return self.low, self.high

    def __str__(self) -> str:
        return f"[{numeral(self.low)}, {numeral(self.high)}]"


@spec
class AtLeast(Region):
    """x ≥ edge."""

    edge: float

    def __post_init__(self) -> None:
        _check_number(self.edge, "AtLeast")

    @property
    def edges(self) -> tuple[float, float]:
        return self.edge, math.inf

    def __str__(self) -> str:
        return f"≥ {numeral(self.edge)}"


@spec
class AtMost(Region):
    """x ≤ edge."""

    edge: float

    def __post_init__(self) -> None:
        _check_number(self.edge, "AtMost")

    @property
    def edges(self) -> tuple[float, float]:
        return -math.inf, self.edge

    def __str__(self) -> str:
        return f"≤ {numeral(self.edge)}"


@spec
class Above(Region):
    """x > edge."""

    edge: float
    closed = False

    def __post_init__(self) -> None:
        _check_number(self.edge, "Above")

    @property
    def edges(self) -> tuple[float, float]:
        return self.edge, math.inf

    def __str__(self) -> str:
        return f"> {numeral(self.edge)}"


@spec
class Below(Region):
    """x < edge."""

    edge: float
    closed = False

    def __post_init__(self) -> None:
        _check_number(self.edge, "Below")

    @property
    def edges(self) -> tuple[float, float]:
        return -math.inf, self.edge

    def __str__(self) -> str:
        return f"< {numeral(self.edge)}"


def region_from_json(value: Json) -> Region:
    """The region that `Region.to_json` wrote."""
    region = from_json(value)
    if not isinstance(region, Region):
        raise BadInput(f"a region is needed, got {value!r}. Write for example `Between(0.9, 1.15)`.")
    return region


def _check_number(value: Any, user: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput(f"{user} needs finite numbers as edges, got {value!r}.")
