"""Flat points: the model's own order, tied parameters once, frozen ones not at all; and random streams."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import normal
from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout, point
from phenoscope.core.seeds import stream


def model():
    made = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(2, 3), "c": nn.Linear(3, 1)}).double()
    made["b"].weight = made["a"].weight
    made["c"].weight.requires_grad_(False)
    return made


def test_the_point_lies_in_the_models_order():
    made = model()
    found = layout(made)
    assert found.names == ("a.weight", "a.bias", "b.bias", "c.bias")
    assert found.sizes == (6, 3, 3, 1)
    assert found.size == 13
    expected = [made["a"].weight.flatten(), made["a"].bias, made["b"].bias, made["c"].bias]
    assert torch.equal(point(made), torch.cat(expected))


def test_the_point_is_a_copy():
    made = model()
    taken = point(made)
    assert not taken.requires_grad
    taken.zero_()
    assert made["a"].weight.abs().sum() > 0
    single = nn.Linear(2, 1, bias=False)
    point(single).zero_()
    assert single.weight.abs().sum() > 0


@pytest.mark.parametrize("rows", [(), (4,), (4, 2)])
def test_ravel_undoes_unravel(rows):
    found = layout(model())
    points = normal(*rows, found.size)
    parts = found.unravel(points)
    assert parts["a.weight"].shape == (*rows, 3, 2)
    assert torch.equal(found.ravel(parts, rows=len(rows)), points)
    assert_close(parts["a.weight"].reshape(*rows, 6), points[..., :6])


def test_mistakes_are_refused():
    with pytest.raises(BadInput, match="has 13 entries, got shape"):
        layout(model()).unravel(normal(12))
    with pytest.raises(BadInput, match="no trainable parameter"):
        layout(nn.Tanh())


def draws(*names):
    return torch.randint(2**62, (4,), generator=stream(*names)).tolist()


def test_streams_are_fixed_and_apart():
    assert draws(3, "order", 0) == draws(3, "order", 0)
    names = [(0, "data"), (1, "data"), (0, "order", 0), (0, "order", 1), (0, "initialisation")]
    assert len({tuple(draws(*name)) for name in names}) == len(names)
    assert stream(3, "order", 0).initial_seed() == 4440460909768392244  # 63 bits of the SHA-256 of "3/order/0"
    before = torch.get_rng_state()
    draws(0, "data")
    assert torch.equal(before, torch.get_rng_state())


def test_a_parameter_may_be_a_single_number():
    model = nn.Linear(2, 1)
    model.temperature = nn.Parameter(torch.tensor(3.0))
    found = layout(model).unravel(point(model))
    assert found["temperature"].shape == ()
    assert found["temperature"] == 3.0
