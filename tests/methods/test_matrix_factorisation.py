"""Descent on products of matrices against autograd, exact solutions, and what a determinant forbids."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from phenoscope.core.errors import BadInput
from phenoscope.methods import Computation, MatrixFactorisation
from phenoscope.methods.matrix_factorisation import descended, effective_rank, product_of


def last(made):
    *_, found = made.readings()
    return found.values


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("task", ["modes", "corner"])
def test_updates_are_those_of_autograd(depth, task):
    made = MatrixFactorisation(depth=depth, scale=0.7, task=task, rate=0.03, size=4)
    target, seen, factors = made.problem()
    theirs = [torch.from_numpy(factor.copy()).requires_grad_() for factor in factors]
    optimizer = torch.optim.SGD(theirs, lr=0.03)
    for _ in range(5):
        optimizer.zero_grad()
        product = theirs[0]
        for factor in theirs[1:]:
            product = factor @ product
        ((product - torch.from_numpy(target)) * torch.from_numpy(seen)).square().sum().div(2).backward()
        optimizer.step()
        factors = descended(factors, (product_of(factors) - target) * seen, 0.03)
    for ours, other in zip(factors, theirs, strict=True):
        np.testing.assert_allclose(ours, other.detach().numpy(), rtol=1e-10, atol=1e-14)


def test_the_target_has_the_singular_values_that_it_should():
    target, seen, factors = MatrixFactorisation(size=7).problem()
    np.testing.assert_allclose(np.linalg.svd(target)[1][:4], [4, 2, 1, 0], atol=1e-12)
    assert seen.all()
    assert [factor.shape for factor in factors] == [(7, 7), (7, 7)]


def test_a_mode_follows_its_logistic_curve_and_not_its_neighbours():
    found = last(MatrixFactorisation(rate=0.002, steps=5000, size=10, seed=1))
    for mode in (1, 2, 3):
        assert found[f"time {mode}"] == pytest.approx(found[f"foretold time {mode}"], rel=0.02)
    assert found["time 2"] > 1.3 * found["time 1"]
    assert found["effective rank"] == pytest.approx(
        np.exp(-sum(p * np.log(p) for p in (4 / 7, 2 / 7, 1 / 7))), rel=1e-3
    )
    curve = solve_ivp(lambda _, u: 2 * u * (4 - u), (0, 2), [1e-3], rtol=1e-10, atol=1e-12).y[0, -1]
    assert 4 / (1 + (4 / 1e-3 - 1) * np.exp(-2 * 4 * 2)) == pytest.approx(curve, rel=1e-6)


def test_a_single_matrix_learns_all_modes_at_one_rate():
    found = last(MatrixFactorisation(depth=1, rate=0.01, size=5))
    times = [found[f"time {mode}"] for mode in (1, 2, 3)]
    np.testing.assert_allclose(times, np.log(2), rtol=0.02)
    assert found["second at half"] == pytest.approx(0.5, abs=0.01)
    assert "drift" not in found
    assert "foretold time 1" not in found


def test_a_determinant_of_the_wrong_sign_keeps_the_corner_open():
    wrong, right = (
        last(MatrixFactorisation(depth=3, scale=0.1, task=task, rate=0.02, steps=20_000))
        for task in ("corner", "turned corner")
    )
    assert wrong["open entry"] > 3 * max(right["open entry"], 1)
    assert wrong["effective rank"] < 1.1 < right["effective rank"]
    assert wrong["log loss"] > right["log loss"]  # of one that fits exactly
    target, seen, factors = MatrixFactorisation(depth=3, scale=0.1, task="corner").problem()
    assert np.linalg.det(product_of(factors)) > 0
    assert np.linalg.det(product_of(MatrixFactorisation(depth=3, scale=0.1, task="turned corner").problem()[2])) < 0
    assert (seen == [[0, 1], [1, 1]]).all()
    assert (target == [[0, 1], [1, 0]]).all()


def test_effective_rank():
    assert effective_rank(np.ones(5)) == pytest.approx(5)
    assert effective_rank(np.array([3.0, 0.0])) == pytest.approx(1)


def test_readings():
    made = MatrixFactorisation(size=4, steps=400, rate=0.02, seed=2)
    assert isinstance(made, Computation)
    found = list(made.readings())
    assert found == list(made.readings())
    assert [found[0].step, found[-1].step] == [0, 400]
    assert {name for each in found for name in each.values} <= set(made.units)
    assert found[0].values["drift"] == 0


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"scale": 0.0}, {"rate": 0.0}, {"size": 2}, {"task": "edge"}], ids=str)
def test_what_cannot_be_done_is_refused(wrong):
    with pytest.raises(BadInput):
        MatrixFactorisation(**wrong)
