"""Where gradient flow ends on products of scalars: against integration, closed forms and the Hessian."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from torch.testing import assert_close

from phenoscope.theory import flow_limit, flow_sharpness

STARTS = [
    ((2.0, 0.1), (2, 2)),
    ((3.0, 0.3, 0.2), (1, 1, 1)),
    ((0.5, 1.5), (1, 3)),
    ((0.2, 0.3, 4.0, 0.9), (1, 2, 1, 1)),
]


def double(values):
    return torch.tensor(values, dtype=torch.float64)


def slope(weights, powers):
    product = (weights**powers).prod()
    return (product - 1) * product * powers / weights


@pytest.mark.parametrize(("start", "powers"), STARTS, ids=str)
def test_the_limit_is_where_integration_ends(start, powers):
    def field(_, weights):
        return -slope(double(weights), double(powers)).numpy()

    ended = solve_ivp(field, (0.0, 200.0), start, method="LSODA", rtol=1e-11, atol=1e-12).y[:, -1]
    limit = (flow_limit(double(start), double(powers)) * double(powers)).sqrt()
    assert_close(limit, double(ended), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("start", "powers"), STARTS, ids=str)
def test_the_sharpness_is_the_largest_eigenvalue_there(start, powers):
    limit = (flow_limit(double(start), double(powers)) * double(powers)).sqrt()

    def loss(weights):
        return ((weights ** double(powers)).prod() - 1) ** 2 / 2

    hessian = torch.autograd.functional.hessian(loss, limit)
    assert_close(flow_sharpness(double(start), double(powers)), torch.linalg.eigvalsh(hessian)[-1], rtol=1e-9, atol=0)


def test_of_x_squared_y_squared_it_is_four_times_the_sum_of_squares():
    x, y = 3.0, 0.2
    apart = x**2 - y**2  # conserved; at the minimum x y = 1
    square = (apart + (apart**2 + 4) ** 0.5) / 2
    found = flow_sharpness(double([x, y]), double([2, 2])).item()
    assert found == pytest.approx(4 * (square + 1 / square), rel=1e-13)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.05, 5.0), min_size=2, max_size=4), st.integers(1, 3))
def test_a_step_of_flow_does_not_change_the_limit(start, power):
    """The nearest wrong cousin, differences of w² without their powers, would move with unequal ones."""
    weights, powers = double(start), double([power, *(1 for _ in start[1:])])
    moved = weights - 1e-9 * slope(weights, powers) / (1 + slope(weights, powers).abs().max())
    one, two = (flow_sharpness(each, powers) for each in (weights, moved))
    assert_close(one, two, rtol=1e-11, atol=0)


def test_rows_are_taken_together():
    rows = double([[3.0, 0.3, 0.2], [0.5, 0.5, 0.5]])
    alone = torch.stack([flow_sharpness(row, double([1, 1, 1])) for row in rows])
    assert_close(flow_sharpness(rows, double([1, 1, 1])), alone)
    assert alone[1].item() == pytest.approx(3.0, rel=1e-12)
