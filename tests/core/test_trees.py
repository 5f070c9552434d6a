"""Trees come back as they were, and a skeleton can name nothing that was not marked as storable."""

import dataclasses
import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput
from phenoscope.core.trees import STORABLE, packed, storable, unpacked


@storable
@dataclasses.dataclass(frozen=True)
class Remembered:
    """A memory."""

    vectors: torch.Tensor
    count: int
    rest: object = None


@dataclasses.dataclass(frozen=True)
class Unmarked:
    """One that nobody marked."""

    count: int = 0


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
    | st.lists(st.floats(allow_nan=False), max_size=3).map(lambda row: torch.tensor(row, dtype=torch.float64))
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=3)
        | st.builds(lambda count, rest: Remembered(torch.tensor([count]), count, rest), st.integers(-9, 9), inner)
    ),
    max_leaves=12,
)


def same(one, two) -> bool:
    """Equal in type and value, down to the bits of numbers."""
    if type(one) is not type(two):
        return False
    if isinstance(one, torch.Tensor):
        return one.dtype == two.dtype and torch.equal(one, two)
    if isinstance(one, float):
        return math.copysign(1, one) == math.copysign(1, two) and one == two
    if isinstance(one, tuple | list):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return list(one) == list(two) and all(same(one[name], two[name]) for name in one)
    parts = ((tree.vectors, tree.count, tree.rest) if isinstance(tree, Remembered) else tree for tree in (one, two))
    return same(*parts) if isinstance(one, Remembered) else one == two


@given(tree=TREES)
@settings(max_examples=150, deadline=None)
def test_a_tree_comes_back_as_it_was(tree):
    skeleton, tensors = packed(tree, "t")
    assert same(unpacked(json.loads(json.dumps(skeleton, allow_nan=False)), tensors), tree)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1], ids=str)
def test_numbers_that_json_does_not_know(value):
    found = unpacked(*packed(value, "t"))
    assert math.isnan(found) if math.isnan(value) else same(found, value)


LAYOUTS = {
    "whole": torch.arange(24.0).reshape(2, 3, 4),
    "transposed": torch.arange(24.0).reshape(2, 3, 4).mT,
    "one of each block": torch.arange(24.0).reshape(2, 3, 4)[:, 1],
    "every other": torch.arange(24.0)[::2],
    "a number": torch.tensor(1.5),
    "nothing": torch.zeros(0, 3),
    "truths": torch.tensor([True, False]),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_tensors_keep_values_type_and_layout(name):
    tensor = LAYOUTS[name]
    skeleton, tensors = packed(tensor, "t")
    found = unpacked(skeleton, tensors)
    assert torch.equal(found, tensor)
    assert (found.dtype, found.stride()) == (tensor.dtype, tensor.stride())
    assert all(one.is_contiguous() for one in tensors.values())


def test_an_expanded_tensor_comes_back_with_room_for_each_element():
    tensor = torch.tensor([[1.0], [2.0]]).expand(2, 3)
    found = unpacked(*packed(tensor, "t"))
    assert torch.equal(found, tensor)
    found[0, 0] = 5.0  # its elements are apart: writing one changes no other
    assert found[0, 1] == 1.0


def test_what_is_packed_does_not_follow_the_original():
    tensor = torch.zeros(3)
    skeleton, tensors = packed(tensor, "t")
    tensor += 1
    assert torch.equal(unpacked(skeleton, tensors), torch.zeros(3))


def test_a_gradient_is_not_taken_along():
    tensor = torch.ones(2, requires_grad=True) * 2
    assert not unpacked(*packed(tensor, "t")).requires_grad


@pytest.mark.parametrize(
    "value",
    [{1: "a"}, {1, 2}, object(), Unmarked(), torch.float32, 1j, b"bytes"],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_stored_is_refused_with_the_mend(value):
    with pytest.raises(BadInput, match=r"cannot be stored\. Use None, numbers, text, tensors"):
        packed((value,), "t")


HOSTILE = [
    {"kind": "Unmarked", "fields": {}},
    {"kind": "os.system", "fields": {"command": "true"}},
    {"kind": "Remembered", "fields": {"vectors": 1}},
    {"kind": "Remembered", "fields": {"vectors": None, "count": 1, "more": 2}},
    {"kind": ["Remembered"], "fields": {}},
    {"kind": "Remembered"},
    {"tensor": "nowhere"},
    {"tensor": "t", "stride": [1, 1]},
    {"tensor": "t", "stride": [-1]},
    {"tensor": "t", "stride": ["x"]},
    {"float": "fast"},
    {"tuple": 3},
    {"dict": [1]},
    {"what": 1},
    {},
    [1, 2],
    1.5,
]


@pytest.mark.parametrize("skeleton", HOSTILE, ids=json.dumps)
def test_a_skeleton_that_nobody_packed_is_refused(skeleton):
    with pytest.raises(BadInput):
        unpacked(skeleton, {"t": torch.ones(3)})


def test_a_stride_that_would_fill_the_memory_is_not_followed():
    found = unpacked({"tensor": "t", "stride": [2**50]}, {"t": torch.ones(3)})
    assert (found.stride(), found.tolist()) == ((1,), [1.0, 1.0, 1.0])


def test_a_skeleton_without_end_is_refused():
    skeleton = 1
    for _ in range(5000):
        skeleton = {"tuple": [skeleton]}
    with pytest.raises(BadInput, match="damaged or foreign"):
        unpacked(skeleton, {})


def test_only_frozen_dataclasses_are_marked_and_each_name_once():
    with pytest.raises(BadInput, match="only frozen dataclasses can be stored, got Loose"):

        @storable
        @dataclasses.dataclass
        class Loose:
            count: int = 0

    other = dataclasses.make_dataclass("Remembered", [("count", int)], frozen=True)
    other.__module__ = "elsewhere"
    with pytest.raises(BadInput, match="two storable classes are called 'Remembered'"):
        storable(other)
    assert STORABLE["Remembered"] is Remembered
