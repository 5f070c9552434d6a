"""Curvature along a step, and the step at which the loss rises, against dense matrices and closed forms."""

import math

import pytest
import torch
from scipy.optimize import brentq
from torch.testing import assert_close

from oracles import PROBLEMS, dense_gradient, dense_hessian, normal
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Outcome, critical_sharpness, directional_sharpness, sharpness
from phenoscope.objective import Matrix, Objective
from quadratics import bowl, spread, turned

HESSIAN = turned(spread(5.0, 2.0, 0.3, -1.0))
SLOPE = normal(4, seed=3)


def test_the_curvature_along_any_direction_is_that_of_the_dense_hessian():
    problem = PROBLEMS["class weights"]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    dense = dense_hessian(problem.total, problem.model)
    own = dense_gradient(problem.total(), problem.model)
    for direction in (own, normal(len(dense), seed=2), 1e6 * normal(len(dense))):
        expected = (direction @ dense @ direction / (direction @ direction)).item()
        reading = directional_sharpness(objective, direction)
        assert_close(reading.value, expected, rtol=1e-9, atol=1e-12)
        assert abs(reading.value - expected) <= reading.rounding + 1e-14
        assert reading.value <= sharpness(objective, 1e-8).value + 1e-8
    assert directional_sharpness(objective).value == directional_sharpness(objective.hessian()).value


def test_directions_that_are_none():
    objective = bowl(HESSIAN)
    assert directional_sharpness(objective).outcome is Outcome.UNDEFINED  # at the point where the gradient is 0
    with pytest.raises(BadInput, match="Pass a `direction`"):
        directional_sharpness(Matrix(HESSIAN))
    for bad in (torch.ones(3, dtype=torch.float64), torch.full((4,), math.nan, dtype=torch.float64)):
        for ask in (directional_sharpness, critical_sharpness):
            with pytest.raises(BadInput, match=r"must be finite and of shape \(4,\)|must be one flat|shape"):
                ask(objective, bad)


@pytest.mark.parametrize("tol", [0.1, 1e-2, 1e-5])
def test_on_a_quadratic_the_critical_sharpness_is_the_directional_one_after_three_passes(tol):
    objective = bowl(HESSIAN, SLOPE)
    expected = (SLOPE @ HESSIAN @ SLOPE / (SLOPE @ SLOPE)).item()
    reading = critical_sharpness(objective, tol=tol)
    assert abs(reading.value - expected) <= reading.residual
    assert 0 < reading.residual <= tol * reading.value
    assert_close(reading.exact, expected, rtol=1e-12, atol=0)
    assert (reading.converged, reading.passes) == (True, 3)
    for start in (None, 1e-4, 1e4):
        blind = critical_sharpness(objective, tol=tol, exact=False, start=start)
        assert abs(blind.value - expected) <= blind.residual <= tol * blind.value
        assert math.isnan(blind.exact)
        assert blind.passes < 40


def test_along_an_update_it_is_relative_to_the_update():
    """On a quadratic 2/s = dᵀHd / (-gᵀd): where a step of s times the update ends as high as it began."""
    update = -normal(4, seed=5) * (SLOPE * normal(4, seed=5)).sum().sign()
    reading = critical_sharpness(bowl(HESSIAN, SLOPE), update, 1e-4)
    expected = (update @ HESSIAN @ update / -(SLOPE @ update)).item()
    assert_close(reading.exact, expected, rtol=1e-12, atol=0)
    assert abs(reading.value - expected) <= reading.residual
    half = critical_sharpness(bowl(HESSIAN, SLOPE), update / 2, 1e-4)
    assert_close(half.value, reading.value / 2, rtol=1e-3, atol=0)


def cast(value, dtype):
    if isinstance(value, tuple):
        return tuple(cast(part, dtype) for part in value)
    return value.to(dtype) if value.is_floating_point() else value


@pytest.mark.parametrize("name", ["tanh perceptron", "layer normalisation", "tied, ignoring targets", "sum"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_where_the_loss_is_not_quadratic_the_step_is_the_one_at_which_it_rises(name, dtype):
    problem = PROBLEMS[name]()
    whole = Objective(problem.model, problem.loss, problem.data, 4)
    at, here = whole.point, whole.loss()
    gradient = dense_gradient(problem.total(), problem.model)

    def rise(step):
        return (whole.loss(at - step * gradient) - here).item()

    other = PROBLEMS[name]()
    reading = critical_sharpness(Objective(other.model.to(dtype), other.loss, cast(other.data, dtype), 4))
    assert reading.converged
    ends = [2 / (reading.value + reading.residual), 2 / (reading.value - reading.residual)]
    assert rise(ends[0]) < 0 < rise(ends[1])
    assert abs(2 / brentq(rise, *ends) - reading.value) <= reading.residual
    if name == "tanh perceptron":
        assert abs(reading.exact - reading.value) > 3 * reading.residual


def test_no_descent_and_no_end_of_it_are_outcomes():
    assert critical_sharpness(bowl(HESSIAN, SLOPE), SLOPE).outcome is Outcome.UNDEFINED
    assert critical_sharpness(bowl(HESSIAN)).outcome is Outcome.UNDEFINED
    saturating = PROBLEMS["unused"]()  # along its gradient the loss falls to a plateau, whatever the curvature says
    whole = Objective(saturating.model, saturating.loss, saturating.data)
    for objective in (bowl(turned(spread(-1.0, -2.0)), normal(2)), whole):
        endless = critical_sharpness(objective)
        assert endless.outcome is Outcome.NOT_CONVERGED
        assert endless.value < 1e-10
    assert endless.exact > 0.1
    blown = critical_sharpness(bowl(torch.eye(2), torch.tensor([1e30, 0.0])), exact=False, start=1e30)
    assert abs(blown.value - 1.0) <= blown.residual  # the first steps end at infinite losses
    short = critical_sharpness(bowl(HESSIAN, SLOPE), exact=False, start=1e6, max_passes=3)
    assert short.outcome is Outcome.NOT_CONVERGED
    assert short.passes == 3
    with pytest.raises(BadInput, match="must be positive"):
        critical_sharpness(bowl(HESSIAN, SLOPE), start=-1.0)


def test_no_more_passes_than_allowed_and_no_search_without_a_step():
    for most in range(2, 7):
        for start in (1e-6, 1.0, 1e6):
            reading = critical_sharpness(bowl(HESSIAN, SLOPE), tol=1e-6, exact=False, start=start, max_passes=most)
            assert reading.passes <= most
    for few in (1, 0, -1):
        with pytest.raises(BadInput, match="`max_passes` must be at least 2"):
            critical_sharpness(bowl(HESSIAN, SLOPE), max_passes=few)


def test_rounding_is_told_where_the_slope_is_lost_in_the_loss():
    """A gradient of 1e-5 beside a loss of 100: in float32 the losses differ by less than their rounding."""
    low = bowl(torch.eye(2), torch.tensor([1e-5, 0.0]))
    lifted = Objective(low.model, lambda outputs, targets: outputs.mean() + 100, (torch.ones(4, 1), torch.ones(4)))
    reading = critical_sharpness(lifted)
    assert reading.outcome is Outcome.PRECISION_FLOOR
    assert reading.residual > abs(reading.value - 1.0)
