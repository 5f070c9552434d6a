"""The gradient of the sharpness against differences of the dense Hessian's largest eigenvalue."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import CE, CLASSES, POINTS, PROBLEMS, Problem, dense_gradient, dense_hessian, drawn, normal, seeded
from phenoscope.core.points import point, write
from phenoscope.instruments import Outcome, sharpening_cosine, sharpness_gradient
from phenoscope.objective import Objective
from phenoscope.objective.evaluation.composites import COMPOSITE
from quadratics import bowl, spread, turned

NORMALISED = {
    "batch statistics": lambda: Problem(
        drawn(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 3))).train(),
        CE, POINTS, CLASSES, {"buffers": "batch"},
    ),
    "group": lambda: Problem(
        drawn(nn.Sequential(nn.Linear(4, 4), nn.GroupNorm(2, 4), nn.Tanh(), nn.Linear(4, 3))), CE, POINTS, CLASSES
    ),
}  # fmt: skip
SMOOTH = {**PROBLEMS, **NORMALISED}


def largest(problem: Problem) -> float:
    return torch.linalg.eigvalsh(dense_hessian(problem.total, problem.model))[-1].item()


@pytest.mark.parametrize("name", SMOOTH)
def test_it_is_the_slope_of_the_dense_largest_eigenvalue(name):
    problem = SMOOTH[name]()
    size = None if name in NORMALISED else 4
    objective = Objective(problem.model, problem.loss, problem.data, size, **problem.options)
    reading = sharpness_gradient(objective, 1e-9)
    at, step = point(problem.model), 1e-4
    for seed in (1, 2):
        along = torch.nn.functional.normalize(normal(len(at), seed=seed), dim=0)
        ends = []
        for sign in (1, -1):
            write(at + sign * step * along, problem.model)
            ends.append(largest(problem))
        write(at, problem.model)
        slope = (ends[0] - ends[1]) / (2 * step)
        assert_close((reading.vector @ along).item(), slope, rtol=1e-4, atol=1e-4 * reading.value + 1e-7)
    assert_close(reading.sharpness, largest(problem), rtol=1e-7, atol=0)
    assert_close(reading.value, reading.vector.norm().item(), rtol=1e-12, atol=0)
    gradient = dense_gradient(problem.total(), problem.model)
    assert_close(reading.rate, -(gradient @ reading.vector).item(), rtol=1e-8, atol=1e-12)
    if reading.value > 1e-10:
        assert_close(reading.cosine, -reading.rate / gradient.norm().item() / reading.value, rtol=1e-8, atol=1e-12)
        assert reading.converged
        assert reading.residual < 1e-3 * reading.value


def test_a_small_step_of_descent_changes_the_sharpness_by_the_rate():
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    reading = sharpness_gradient(objective, 1e-8)
    at, before = point(problem.model), largest(problem)
    write(at - 1e-4 * objective.gradient(), problem.model)
    assert_close((largest(problem) - before) / 1e-4, reading.rate, rtol=1e-2, atol=0)
    write(at, problem.model)
    cosine = sharpening_cosine(objective, 1e-8)
    assert_close((cosine.value, cosine.rate), (reading.cosine, reading.rate), rtol=1e-6, atol=0)
    assert -1 <= cosine.value <= 1


def test_the_error_from_the_eigenvector_is_about_what_it_says():
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    exact = sharpness_gradient(objective, 1e-10)
    for tol in (0.1, 0.03, 1e-2):
        rough = sharpness_gradient(objective, tol)
        assert (rough.vector - exact.vector).norm() <= 3 * rough.residual
    assert exact.residual < rough.residual


@pytest.mark.parametrize("second", [2.0, 2.0 - 1e-4])
def test_a_multiple_eigenvalue_has_no_gradient_of_its_own(second):
    reading = sharpness_gradient(bowl(turned(spread(2.0, second, 1.0, -1.0))))
    assert reading.outcome is Outcome.DEGENERATE
    apart = sharpness_gradient(bowl(turned(spread(2.0, 1.9, 1.0, -1.0))))
    assert apart.converged
    assert apart.value == 0.0
    assert math.isnan(apart.cosine)
    assert sharpening_cosine(bowl(turned(spread(2.0, 1.9, 1.0, -1.0)))).outcome is Outcome.UNDEFINED


class Wrong(torch.autograd.Function):
    """x³, whose second derivative is right and whose third is twice what it should be."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(context, slope):
        (x,) = context.saved_tensors
        return slope * WrongSlope.apply(x)


class WrongSlope(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return 3 * x**2

    @staticmethod
    def backward(context, slope):
        (x,) = context.saved_tensors
        return slope * (6 * x.detach() + 12 * (x - x.detach()))


class Cubed(nn.Module):
    def __init__(self, cube):
        super().__init__()
        self.cube, self.weight = cube, nn.Parameter(torch.tensor([1.0, 0.5], dtype=torch.float64))

    def forward(self, x):
        return self.cube(self.weight).sum().expand(len(x))


@pytest.mark.parametrize("cube", [Wrong.apply, lambda x: x**3])
def test_third_derivatives_that_are_wrong_are_exposed(cube):
    ones = torch.ones(4, dtype=torch.float64)
    reading = sharpness_gradient(Objective(Cubed(cube), lambda o, t: o.mean(), (ones[:, None], ones)))
    if cube == Wrong.apply:
        assert reading.outcome is Outcome.NOT_CONVERGED
        assert reading.residual > 0.4 * reading.value
    else:
        assert reading.converged
        assert_close(reading.vector.tolist(), [6.0, 0.0], rtol=1e-6, atol=1e-9)


def test_without_the_normalisation_written_out_it_would_be_wrong(monkeypatch):
    """PyTorch's own layer normalisation: the residual is what says so."""
    problem = PROBLEMS["layer normalisation"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    assert sharpness_gradient(objective).converged
    for function in list(COMPOSITE):
        monkeypatch.delitem(COMPOSITE, function)
    wrong = sharpness_gradient(objective)
    assert wrong.residual > 0.01 * wrong.value


def test_both_precisions_and_the_same_generator():
    problem = PROBLEMS["tanh perceptron"]()
    double = sharpness_gradient(Objective(problem.model, problem.loss, problem.data))
    again = sharpness_gradient(Objective(problem.model, problem.loss, problem.data), generator=seeded(0))
    assert torch.equal(double.vector, again.vector)
    single = sharpness_gradient(Objective(problem.model.float(), problem.loss, (POINTS.float(), CLASSES)))
    assert (single.vector.double() - double.vector).norm() <= 3 * (
        single.residual + double.residual
    ) + 1e-4 * double.value
    assert single.outcome in (Outcome.CONVERGED, Outcome.PRECISION_FLOOR)


def test_a_point_of_one_parameter():
    class One(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([2.0], dtype=torch.float64))

        def forward(self, x):
            return (self.weight**4).expand(len(x))

    ones = torch.ones(4, dtype=torch.float64)
    reading = sharpness_gradient(Objective(One(), lambda o, t: o.mean(), (ones[:, None], ones)))
    assert_close(reading.vector.item(), 48.0, rtol=1e-9, atol=0)
    assert reading.gap == math.inf
