"""Ranks of weights and of their product against closed forms; balance unit by unit against flows of tiny steps."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments import INSTRUMENTS, Bench, matrix_rank, unit_balance, weight_rank
from phenoscope.objective import Objective


def drawn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def turned(values, rows, columns, seed=0):
    """A matrix of these singular values along random directions."""
    left, right = (torch.linalg.qr(drawn(seed + i, n, len(values)))[0] for i, n in enumerate((rows, columns)))
    return (left * torch.tensor(values, dtype=torch.float64)) @ right.mT


def test_ranks_of_known_singular_values():
    found = matrix_rank(turned([4.0, 2.0, 2.0], 6, 5))
    entropy = 0.5 * math.log(2) + 0.5 * math.log(4)
    assert found.effective == pytest.approx(math.exp(entropy), rel=1e-12)
    assert found.stable == pytest.approx(24 / 16, rel=1e-12)
    assert found.most == 5


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 6), st.floats(1e-6, 1e6))
def test_ranks_are_between_one_and_the_smaller_side_and_know_no_size(seed, rows, columns, size):
    matrix = drawn(seed, rows, columns)
    found, other = matrix_rank(matrix), matrix_rank(size * matrix.mT)
    assert 1 - 1e-9 <= found.stable <= found.effective + 1e-9 <= min(rows, columns) + 2e-9
    assert (other.effective, other.stable) == pytest.approx((found.effective, found.stable), rel=1e-9)


def test_what_has_no_rank():
    assert matrix_rank(torch.zeros(3, 2)).effective == matrix_rank(torch.zeros(3, 2)).stable == 0
    assert math.isnan(matrix_rank(torch.tensor([[math.inf]])).effective)
    assert math.isnan(weight_rank(nn.LayerNorm(3)).value)
    with pytest.raises(BadInput, match="a rank is of a matrix"):
        matrix_rank(torch.ones(3))
    with pytest.raises(BadInput, match="kind must be one of"):
        weight_rank(nn.Linear(2, 2), kind="numerical")


def network():
    model = nn.Sequential(nn.Conv2d(2, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4), nn.Linear(4, 5)).double()
    model[3].weight.requires_grad_(False)
    return model


def test_every_matrix_counts_and_the_product_only_where_they_follow_each_other():
    model = network()
    found = weight_rank(model, kind="stable")
    shapes = {"0.weight": (3, 8), "3.weight": (4, 12), "4.weight": (5, 4)}
    expected = {}
    for name, shape in shapes.items():
        values = torch.linalg.svdvals(model.get_parameter(name).detach().reshape(shape))
        expected[name] = float(values.square().sum() / values[0] ** 2)
    assert {name: each.stable for name, each in found.matrices.items()} == pytest.approx(expected)
    assert found.value == pytest.approx(sum(expected.values()) / 3)
    assert math.isnan(weight_rank(model, product=True).value)
    linear = nn.Sequential(
        nn.Linear(4, 6, bias=False), nn.Linear(6, 5, bias=False), nn.Linear(5, 3, bias=False)
    ).double()
    whole = linear(torch.eye(4, dtype=torch.float64)).mT.detach()
    assert weight_rank(linear, product=True).value == pytest.approx(matrix_rank(whole).effective, rel=1e-12)
    assert weight_rank(linear, product=True).value < weight_rank(linear).value


def test_a_product_of_small_starts_has_fewer_directions_than_its_factors():
    """The gap between singular values of a product grows with its factors."""
    ranks = [
        weight_rank(nn.Sequential(*(_layer(seed) for seed in range(depth))), product=True).value for depth in (1, 3, 9)
    ]
    assert ranks[0] > ranks[1] > ranks[2]


def _layer(seed):
    layer = nn.Linear(20, 20, bias=False).double()
    layer.weight.data = drawn(seed, 20, 20)
    return layer


def two_layers(*, activation, bias, seed=0):
    model = nn.Sequential(nn.Linear(4, 6, bias=bias), activation, nn.Linear(6, 5, bias=bias), activation,
                          nn.Linear(5, 2, bias=bias)).double()  # fmt: skip
    for place, parameter in enumerate(model.parameters()):
        parameter.data = drawn(seed + place, *parameter.shape) / 2
    return model


def moved(rate, *, activation, bias=True, **options):
    model, x, y = two_layers(activation=activation, bias=bias), drawn(20, 12, 4), drawn(21, 12, 2)
    start, optimizer = unit_balance(model), torch.optim.SGD(model.parameters(), lr=rate, **options)
    for _ in range(round(0.5 / rate)):
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()
    return unit_balance(model).drift(start)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", [nn.ReLU(), nn.LeakyReLU(0.1), nn.Identity()], ids=["relu", "leaky", "linear"])
def test_flow_keeps_it_for_homogeneous_units_with_their_biases(activation, bias):
    drifts = [moved(rate, activation=activation, bias=bias) for rate in (0.01, 0.005, 0.0025)]
    assert drifts[0] / drifts[1] == pytest.approx(2, rel=0.15)
    assert drifts[1] / drifts[2] == pytest.approx(2, rel=0.15)
    assert moved(0.0025, activation=activation, bias=bias, momentum=0.9) > 5 * drifts[2]


def test_flow_does_not_keep_it_for_other_units():
    assert moved(0.005, activation=nn.Tanh()) > 5 * moved(0.005, activation=nn.ReLU())
    assert moved(0.005, activation=nn.Tanh()) == pytest.approx(moved(0.0025, activation=nn.Tanh()), rel=0.1)


def test_balance_counted_by_hand():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    model[0].weight.data, model[0].bias.data = torch.tensor([[1.0, 2.0], [0.0, 3.0]]), torch.tensor([2.0, 0.0])
    model[2].weight.data = torch.tensor([[3.0, 5.0]])
    found = unit_balance(model)
    assert found.charges.tolist() == [0.0, 16.0]
    assert (found.total, found.value) == (52.0, 16 / 52)
    assert math.isnan(unit_balance(nn.Linear(2, 2)).value)
    with pytest.raises(BadInput, match="different numbers of units"):
        found.drift(unit_balance(nn.Linear(2, 2)))


def test_the_registry_has_them():
    model = two_layers(activation=nn.ReLU(), bias=True)
    bench = Bench(Objective(model, nn.MSELoss(), (drawn(1, 3, 4), drawn(2, 3, 2))))
    assert INSTRUMENTS["weight_rank"].read(bench, None).value == weight_rank(model).value
    assert INSTRUMENTS["weight_stable_rank"].read(bench, None).value == weight_rank(model, kind="stable").value
    assert INSTRUMENTS["product_rank"].read(bench, None).value == weight_rank(model, product=True).value
    assert INSTRUMENTS["imbalance"].read(bench, None).value == unit_balance(model).value
