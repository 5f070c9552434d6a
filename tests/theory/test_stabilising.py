"""The map of self-stabilisation: against descent on a loss made for it, its rest, its cycles, the quadratic's end."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from phenoscope.theory import self_stabilisation
from phenoscope.theory.stabilising import GONE


def column(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def path(x, steps, lr, drift, restoring):
    """The two numbers step by step from the edge, (steps + 1, 2)."""
    numbers = {"lr": column(lr), "drift": column(drift), "restoring": column(restoring)}
    here, found = (column(x), column(0.0)), [(x, 0.0)]
    for _ in range(steps):
        here = self_stabilisation(*here, **numbers)
        found.append((here[0].item(), here[1].item()))
    return torch.tensor(found, dtype=torch.float64)


def test_it_is_gradient_descent_on_a_loss_made_for_it():
    """L = ½ (2/η + b z) x² - a z has the curvature 2/η + b z along x, and falls along z: there α = a b, β = b²."""
    lr, a, b = 0.05, 0.3, 2.0
    here, expected = torch.tensor([0.05, 0.0], dtype=torch.float64), []
    for _ in range(201):
        expected.append([here[0].item(), b * here[1].item()])
        point = here.clone().requires_grad_()
        loss = (2 / lr + b * point[1]) * point[0] ** 2 / 2 - a * point[1]
        here = here - lr * torch.autograd.grad(loss, point)[0]
    found = path(0.05, 200, lr, a * b, b * b)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-9, atol=1e-12)
    assert found[:, 1].max() > 1  # it has been over the edge, and back
    assert found[:, 1].min() < -1


@given(st.floats(0.01, 0.5), st.floats(0.01, 10.0), st.floats(0.1, 1000.0))
def test_it_rests_where_the_swing_takes_what_the_drift_brings(lr, drift, restoring):
    x = math.sqrt(2 * drift / restoring)
    found = path(x, 4, lr, drift, restoring)
    torch.testing.assert_close(found[:, 0], x * column(1, -1, 1, -1, 1), rtol=1e-9, atol=0)
    assert found[:, 1].abs().max() <= 1e-12 * (1 + drift)


def test_small_cycles_take_two_pi_over_eta_root_two_alpha_steps():
    lr, drift, restoring = 0.02, 0.5, 40.0
    found = path(math.sqrt(2 * drift / restoring) * 1.01, 700, lr, drift, restoring)[:, 1]
    rises = [t for t in range(1, 701) if found[t - 1] < 0 <= found[t]]
    expected = 2 * math.pi / (lr * math.sqrt(2 * drift))
    assert abs((rises[1] - rises[0]) - expected) <= 0.01 * expected + 1


def test_without_the_cubic_term_it_is_the_quadratic_whose_curvature_rises():
    lr, drift = 0.1, 0.5
    found = path(1e-2, 60, lr, drift, 0.0)
    growth = math.prod(1 + lr * lr * drift * t for t in range(60))
    assert abs(found[-1, 0].item() / (1e-2 * growth) - 1) < 1e-12
    assert path(1e-2, 60, lr, drift, 1000.0)[:, 0].abs().max() < found[-1, 0].abs() / 10


def test_a_row_that_has_gone_stays_and_the_others_go_on():
    x, y = column(2 * GONE, 1.0), column(1.0, 1.0)
    numbers = {"lr": column(1.0, 1.0), "drift": column(1.0, 1.0), "restoring": column(1.0, 1.0)}
    moved, raised = self_stabilisation(x, y, **numbers)
    assert moved.tolist() == [2 * GONE, -2.0]
    assert raised.tolist() == [1.0, 1.5]
