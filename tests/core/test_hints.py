"""Values from files against declared types: what fits, and the nearest that does not."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pytest

from phenoscope.core.errors import BadInput
from phenoscope.core.hints import check_fields, fits

CASES = [
    (int, [0, -3, 10**400], [True, 1.0, "1", None]),
    (float, [0.5, 3, float("nan")], [True, 10**400, "0.5", None]),
    (bool, [True, False], [1, 0, None]),
    (str, ["", "a"], [b"a", 1, None, ["a"]]),
    (str | None, ["a", None], [1, []]),
    (Literal["a", 1], ["a", 1], ["b", True, 1.0, [], {}]),
    (tuple[int, ...], [(), (1, 2)], [[1], (1.5,), (True,), "12", 1]),
    (tuple[str, float], [("a", 1)], [("a",), ("a", 1, 2), (1, "a"), ["a", 1]]),
    (tuple[tuple[str, str], ...], [(("a", "b"),)], [(("a",),), ("ab",)]),
    (Mapping[str, float], [{}, {"a": 1}], [{1: 1}, {"a": "b"}, [("a", 1)]]),
    (Mapping[str, tuple[float, ...]], [{"a": (1.0,)}], [{"a": [1.0]}]),
    (Sequence[int], [[1], (1,)], ["a", ["a"]]),
    (Mapping[str, Any], [{"a": object()}], [{1: 2}]),
    (Any, [None, object()], []),
]


@pytest.mark.parametrize(("hint", "good", "bad"), CASES)
def test_what_fits_and_what_does_not(hint, good, bad):
    assert [value for value in good if not fits(value, hint)] == []
    assert [value for value in bad if fits(value, hint)] == []


@dataclasses.dataclass(frozen=True)
class Kept:
    name: str
    steps: tuple[int, ...] = ()


def test_a_field_of_another_type_is_named():
    check_fields(Kept("a", (1, 2)))
    with pytest.raises(BadInput, match=r"the 'steps' of this Kept cannot be \(1, 'x'\)"):
        check_fields(Kept("a", (1, "x")))  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=r"the 'name' of this Kept cannot be \[0, 0, .*\.\.\.\.$"):
        check_fields(Kept([0] * 100))  # type: ignore[arg-type]
