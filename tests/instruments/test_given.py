"""A matrix handed to an instrument is that of the model's point, or it is refused."""

import copy
from functools import partial

import pytest
import torch

import phenoscope as ps
from oracles import CE, CLASSES, POINTS, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Bench, reach
from phenoscope.objective import Matrix, Objective

TAKERS = {
    "critical_sharpness": lambda o, matrix: ps.critical_sharpness(o, hessian=matrix),
    "forward passes only": lambda o, matrix: ps.critical_sharpness(o, hessian=matrix, exact=False),
    "gaussian_sharpness": lambda o, matrix: ps.gaussian_sharpness(o, hessian=matrix),
    "worst_case_sharpness": lambda o, matrix: ps.worst_case_sharpness(o, hessian=matrix),
    "relative_flatness": lambda o, matrix: ps.relative_flatness(o, hessian=matrix),
    "sharpness_gradient": lambda o, matrix: ps.sharpness_gradient(o, hessian=matrix),
    "sharpening_cosine": lambda o, matrix: ps.sharpening_cosine(o, hessian=matrix),
    "gradient_share": lambda o, matrix: ps.gradient_share(o, 2, pairs=matrix),
    "batch_gradient_share": lambda o, matrix: ps.batch_gradient_share(o, 2, batch_size=4, pairs=matrix),
    "curved_noise_scale": lambda o, matrix: ps.curved_noise_scale(o, hessian=matrix),
    "learning_coefficient": lambda o, matrix: ps.learning_coefficient(o, hessian=matrix, burn_in=4, draws=8),
    "code_length": lambda o, matrix: ps.code_length(o, gauss_newton=matrix),
    "reach": lambda o, matrix: reach(o, torch.ones_like(o.point), hessian=matrix),
    "bench": lambda o, matrix: Bench(o, matrix).extreme("largest", None),
}
REFUSED = "the matrix given is not the curvature at the model's point"


def made() -> Objective:
    return Objective(mlp(), CE, (POINTS, CLASSES))


def moved(objective: Objective) -> None:
    with torch.no_grad():
        for parameter in objective.model.parameters():
            parameter.add_(1e-6 * normal(*parameter.shape))


def matrix_of(name: str, objective: Objective):
    return objective.gauss_newton() if name == "code_length" else objective.hessian()


@pytest.mark.parametrize("name", TAKERS)
def test_the_curvature_of_another_point_is_refused(name):
    objective = made()
    stale = matrix_of(name, objective)
    moved(objective)
    with pytest.raises(BadInput, match=REFUSED):
        TAKERS[name](objective, stale)


@pytest.mark.parametrize("name", TAKERS)
def test_the_curvature_of_this_point_gives_what_a_fresh_one_gives(name):
    objective = made()
    given, fresh = (TAKERS[name](objective, matrix) for matrix in (matrix_of(name, objective), None))
    assert float(given.value) == pytest.approx(float(fresh.value), rel=1e-12)


@pytest.mark.parametrize("name", TAKERS)
def test_the_curvature_of_other_data_or_of_another_kind_is_refused(name):
    objective = made()
    fewer = Objective(objective.model, CE, (POINTS[:4], CLASSES[:4]))
    with pytest.raises(BadInput, match="made of other data or another loss"):
        TAKERS[name](objective, matrix_of(name, fewer))
    other = objective.hessian() if name == "code_length" else objective.gauss_newton()
    with pytest.raises(BadInput, match="and what is needed is"):
        TAKERS[name](objective, other)


def test_the_same_network_in_another_precision_is_at_the_same_point():
    single = Objective(mlp().float(), CE, (POINTS.float(), CLASSES))
    double = Objective(copy.deepcopy(single.model).double(), CE, (POINTS, CLASSES))
    share = partial(ps.gradient_share, k=2)
    for one, other in ((single, double), (double, single)):
        assert share(one, pairs=other.hessian()).value == pytest.approx(share(double).value, rel=1e-4)
    moved(double)
    with pytest.raises(BadInput, match=REFUSED):
        share(single, pairs=double.hessian())


def test_a_matrix_of_ones_own_is_taken_for_what_it_is():
    objective = made()
    given = Matrix(torch.diag(torch.arange(float(len(objective.point)), dtype=torch.float64)))
    moved(objective)
    gradient = objective.gradient()
    expected = gradient[-2:].square().sum() / gradient.square().sum()
    assert ps.gradient_share(objective, 2, tol=1e-9, pairs=given).value == pytest.approx(expected.item())
