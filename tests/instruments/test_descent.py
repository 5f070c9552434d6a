"""Progress of a step, alternation, gradient norm."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from oracles import PROBLEMS, dense_gradient, normal
from phenoscope.core.errors import BadInput
from phenoscope.instruments import alternation, gradient_norm, relative_progress
from phenoscope.objective import Objective


@pytest.mark.parametrize("rate", [1e-3, 0.1, 1.0])
def test_relative_progress_is_exact_on_a_quadratic(rate):
    half = normal(8, 8)
    hessian, at = half @ half.T / 8, normal(8, seed=1)
    gradient = hessian @ at
    after = at - rate * gradient
    progress = relative_progress(
        (at @ hessian @ at / 2).item(), (after @ hessian @ after / 2).item(), rate, gradient.norm().item()
    )
    expected = -1 + rate * (gradient @ hessian @ gradient / (2 * gradient @ gradient)).item()
    assert_close(progress.value, expected, rtol=0, atol=1e-9)


def test_the_edge_of_stability_of_a_quadratic_is_zero_progress():
    curvature, rate = 4.0, 0.5
    assert relative_progress(curvature / 2, curvature / 2 * (1 - rate * curvature) ** 2, rate, curvature).value == 0.0


def test_progress_says_what_rounding_hides():
    found = relative_progress(2.0, 1.5, 0.5, 1e-3)
    assert_close(found.floor, torch.finfo(torch.float32).eps * 2.0 / (0.5 * 1e-6))
    assert relative_progress(2.0, 1.5, 0.5, 1.0, eps=0.1).floor == pytest.approx(0.4)
    stuck = relative_progress(1.0, 1.0, 0.1, 0.0)
    assert math.isnan(stuck.value)
    assert stuck.floor == math.inf
    for rate in (0.0, -1.0, math.nan):
        with pytest.raises(BadInput, match="rate must be positive"):
            relative_progress(1.0, 1.0, rate, 1.0)


@pytest.mark.parametrize(
    ("components", "share", "count"),
    [
        ([1.0, -1.0, 1.0, -1.0], 1.0, 3),
        ([1.0, 2.0, 0.5], 0.0, 2),
        ([1.0, -1.0, 2.0, 3.0], 2 / 3, 3),
        ([1.0, 0.0, -1.0, 1.0], 1.0, 1),
        ([1.0, math.nan, -1.0, -2.0], 0.0, 1),
        ([1e-200, -1e-200], 1.0, 1),
    ],
)
def test_alternation(components, share, count):
    for form in (components, np.array(components), torch.tensor(components, dtype=torch.float64)):
        found = alternation(form)
        assert found.share == pytest.approx(share)
        assert found.count == count


def test_alternation_of_nothing_is_nan():
    assert math.isnan(alternation([1.0]).share)
    assert alternation([0.0, 0.0]).count == 0


def test_gradient_norm():
    problem = PROBLEMS["unused"]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    found = gradient_norm(objective)
    assert_close(found.value, dense_gradient(problem.total(), problem.model).norm().item())
    assert 0 < found.rounding < 1e-13
    assert gradient_norm(objective, objective.point * 2).value != found.value
