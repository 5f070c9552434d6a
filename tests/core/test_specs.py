"""Specs, their canonical text and their ids."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import KINDS, canonical, from_json, identity, spec, to_json


@spec
class Inner:
    width: float = 1.0
    name: str = "a"


@spec
class Outer:
    part: Inner
    count: int | None = None
    rate: float | Inner = 0.5
    rates: tuple[float, ...] = ()
    pair: tuple[int, float] | None = None
    flags: tuple[bool, ...] = ()
    version = 3


SPECS = st.builds(
    Outer,
    part=st.builds(Inner, width=st.floats(allow_nan=False, allow_infinity=False), name=st.text()),
    count=st.none() | st.integers(),
    rate=st.floats(-1e6, 1e6) | st.builds(Inner),
    rates=st.lists(st.floats(-1, 1) | st.integers(-5, 5)).map(tuple),
    pair=st.none() | st.tuples(st.integers(), st.floats(-1, 1)),
    flags=st.lists(st.booleans()).map(tuple),
)


@given(SPECS)
def test_a_spec_comes_back_from_its_json(made):
    again = from_json(json.loads(json.dumps(to_json(made))))
    assert again == made
    assert identity(again) == identity(made)
    assert json.loads(canonical(made)) == to_json(made, versions=True)


@given(SPECS, SPECS)
def test_ids_are_equal_exactly_where_specs_are(one, other):
    assert (identity(one) == identity(other)) == (one == other)


def test_int_and_float_are_one_number_where_a_float_is_asked_for():
    assert identity(Inner(1)) == identity(Inner(1.0))
    assert identity(Outer(Inner(), rate=2)) == identity(Outer(Inner(), rate=2.0))
    assert identity(Outer(Inner(), rates=(1, 2))) == identity(Outer(Inner(), rates=(1.0, 2.0)))
    assert identity(Outer(Inner(), pair=(1, 2))) == identity(Outer(Inner(), pair=(1, 2.0)))
    assert identity(Inner(-0.0)) == identity(Inner(0.0))
    assert to_json(Outer(Inner(), pair=(1, 2)))["pair"] == [1, 2.0]
    assert type(to_json(Outer(Inner(), count=1))["count"]) is int


def test_the_version_is_part_of_the_id_but_not_of_plain_json(monkeypatch):
    before = identity(Inner())
    assert "version" not in to_json(Inner())
    monkeypatch.setattr(Inner, "version", 2)
    assert identity(Inner()) != before
    assert to_json(Outer(Inner()), versions=True)["version"] == 3


def test_a_golden_text_and_id():
    text = (
        '{"count":null,"flags":[],"kind":"Outer","pair":null,"part":{"kind":"Inner","name":"a","version":1,"width":1.0},'
        '"rate":0.5,"rates":[],"version":3}'
    )
    assert canonical(Outer(Inner())) == text
    assert identity(Outer(Inner())) == "2acaf7554b686689"


def test_ids_do_not_depend_on_the_process():
    script = (
        "from phenoscope.core.specs import *\n"
        "@spec\nclass Inner:\n    width: float = 1.0\n    name: str = 'a'\n"
        "print(identity(Inner()))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == identity(Inner())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, b"bytes", Inner])
def test_what_a_spec_cannot_hold_is_refused(value):
    with pytest.raises(BadInput, match="cannot hold"):
        canonical((value,))


def test_names_are_taken_once():
    with pytest.raises(BadInput, match="two specs are called 'Inner'"):
        spec(type("Inner", (), {"__annotations__": {}, "__module__": "elsewhere"}))
    assert KINDS["Inner"] is Inner
    for name in ("kind", "version"):
        with pytest.raises(BadInput, match=f"a field '{name}'"):
            spec(type("Clashing", (), {"__annotations__": {name: str}, "__module__": __name__}))


def test_a_plain_dataclass_of_a_specs_name_is_no_spec():
    import dataclasses

    stranger = dataclasses.make_dataclass("Inner", [("width", float)])
    with pytest.raises(BadInput, match="cannot hold"):
        to_json(stranger(1.0))


def test_records_that_cannot_be_rebuilt_are_refused():
    with pytest.raises(BadInput, match="not known here"):
        from_json({"kind": "Nowhere"})
    with pytest.raises(BadInput, match="cannot be rebuilt"):
        from_json({"kind": "Inner", "height": 1})
    assert from_json({"version": 2, "a": [1, {"b": None}]}) == {"version": 2, "a": (1, {"b": None})}


def test_a_field_added_later_leaves_older_ids_as_they_were():
    def made(**more):
        fields = {"__annotations__": {"width": float, **dict.fromkeys(more, "int | None")}, "width": 1.0, **more}
        KINDS.pop("Grown", None)
        return spec(type("Grown", (), {**fields, "__module__": __name__, "later": tuple(more)}))

    old = canonical(made()())
    grown = made(order=None)
    assert canonical(grown()) == old
    assert to_json(grown(order=0)) == {"kind": "Grown", "width": 1.0, "order": 0}
    assert from_json(to_json(grown(order=3))) == grown(order=3)
    assert from_json(to_json(grown())) == grown()
    assert identity(grown(order=0)) != identity(grown())
    KINDS.pop("Grown")
