"""The factors of a least-squares error: by the fit itself, by direction, and by what each one removed does."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import normal
from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.instruments import peak_factors
from phenoscope.methods import Computation, PeakAblation, RandomFeatures

MADE = PeakAblation(dataset("digits", train=20, test=60, flat=True, label_noise=0.2), 20, steps=2)


def problem(n, d, m=7, k=2, seed=0):
    shapes = ((n, d), (n, k), (m, d), (m, k), (d, k))
    return tuple(normal(*shape, seed=seed + place) for place, shape in enumerate(shapes))


def last(made):
    *_, found = made.readings()
    return found.values


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_the_value_is_the_error_of_the_fit_of_the_smallest_norm(n, d, seed):
    x, y, tests, truth, beta = problem(n, d, seed=seed)
    found = peak_factors(x, y, tests, truth, beta)
    fit = torch.linalg.pinv(x) @ y
    expected = (tests @ fit - truth).square().sum(dim=1).mean().item()
    assert found.value == pytest.approx(expected, rel=1e-6)
    assert found.variance + found.bias + found.rest + found.cross == pytest.approx(found.value, rel=1e-9)
    assert found.rest == pytest.approx((tests @ beta - truth).square().sum(dim=1).mean().item())
    if d <= n:
        assert found.bias == pytest.approx(0.0, abs=1e-9)


def test_a_direction_is_the_product_of_its_three_factors():
    x, y, tests, truth, beta = problem(5, 4)
    found = peak_factors(x, y, tests, truth, beta)
    left, values, right = np.linalg.svd(x.numpy(), full_matrices=False)
    weakest = np.argmin(values)
    along = np.sqrt(np.square(tests.numpy() @ right[weakest]).mean())
    residual = np.linalg.norm(left[:, weakest] @ (y - x @ beta).numpy())
    assert float(found.inverses[0]) == pytest.approx(1 / values[weakest])
    assert float(found.test[0]) == pytest.approx(along)
    assert float(found.residuals[0]) == pytest.approx(residual)
    assert float(found.parts[0]) == pytest.approx((along * residual / values[weakest]) ** 2)
    assert found.parts.tolist() == pytest.approx((found.inverses * found.test * found.residuals).square().tolist())


def test_uncorrelated_test_inputs_make_the_parts_sum_to_the_variance():
    x, y, _, _, beta = problem(6, 4)
    tests = 2.0 * torch.eye(4, dtype=torch.float64)
    found = peak_factors(x, y, tests, torch.zeros(4, 2, dtype=torch.float64), beta)
    assert float(found.parts.sum()) == pytest.approx(found.variance, rel=1e-12)


def test_the_reference_moves_the_causes_and_not_the_error():
    x, y, tests, truth, beta = problem(3, 6)
    one, other = peak_factors(x, y, tests, truth, beta), peak_factors(x, y, tests, truth, torch.zeros_like(beta))
    assert other.value == pytest.approx(one.value)
    assert other.bias == pytest.approx(0.0, abs=1e-12)
    assert one.bias > 0.1
    exact = peak_factors(x, x @ beta, tests, tests @ beta, beta)  # no residuals, nothing beyond the reference
    assert (exact.variance, exact.rest) == (pytest.approx(0, abs=1e-20), pytest.approx(0, abs=1e-20))
    assert exact.value == pytest.approx(exact.bias)


def test_what_is_no_direction_is_left_out():
    x, y, tests, truth, beta = problem(5, 3)
    x[:, 2] = x[:, 0] + x[:, 1]
    found = peak_factors(x, y, tests, truth, beta)
    assert len(found.inverses) == 2
    assert float(found.inverses.max()) < 1e3
    assert "2 directions" in found.evidence
    assert found.rounding < 1e-9


def test_what_makes_no_sense():
    x, y, tests, truth, beta = problem(5, 3)
    with pytest.raises(BadInput, match="factors need inputs"):
        peak_factors(x, y[:4], tests, truth, beta)
    with pytest.raises(BadInput, match="factors need inputs"):
        peak_factors(x, y, tests, truth, beta.mT)
    with pytest.raises(BadInput, match="all 0"):
        peak_factors(0 * x, y, tests, truth, beta)


def test_with_nothing_removed_it_is_plain_random_features():
    *_, plain = RandomFeatures(MADE.data, 20, steps=2).readings()
    assert last(MADE)["error"] == pytest.approx(plain.values["test loss"], rel=1e-6)
    assert last(MADE) == last(MADE)


def test_each_removal_takes_its_factor_and_the_peak():
    whole, cut, same, linear = (
        last(dataclasses.replace(MADE, without=what))
        for what in ("nothing", "small singular values", "new inputs", "residuals")
    )
    assert cut["largest inverse"] < whole["largest inverse"] / 3
    assert same["test along it"] < whole["test along it"] / 3
    assert same["largest inverse"] == whole["largest inverse"]
    assert linear["residual along it"] == pytest.approx(0, abs=1e-12)
    assert all(each["error"] < whole["error"] / 3 for each in (cut, same, linear))


def test_tested_where_it_was_trained_an_exact_fit_errs_at_the_wrong_labels_alone():
    """A fifth of the labels is wrong, and each is 2 away from the right one."""
    few = dataclasses.replace(MADE, data=dataclasses.replace(MADE.data, train=10), without="new inputs")
    assert last(few)["error"] == pytest.approx(0.4, rel=1e-6)


def test_an_ablation_that_makes_no_sense():
    assert isinstance(MADE, Computation)
    for bad in ({"without": "luck"}, {"floor": 0.0}, {"floor": 1.0}, {"features": 0}):
        with pytest.raises(BadInput):
            dataclasses.replace(MADE, **bad)
    with pytest.raises(BadInput, match="more test examples"):
        last(dataclasses.replace(MADE, features=80))
