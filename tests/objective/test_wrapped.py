"""Blocks of a matrix by parameter names, and matrices in stretched coordinates, against dense ones."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import PROBLEMS, dense_hessian, labels, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.instruments import eigenvalues, trace
from phenoscope.objective import Matrix, Objective, Restricted, Scaled

EXACT = {"rtol": 1e-9, "atol": 1e-12}


@pytest.fixture
def objective():
    return Objective(mlp(), nn.CrossEntropyLoss(), (normal(6, 4), labels(3, 6)))


def dense(objective):
    return objective.hessian() @ torch.eye(len(objective.point), dtype=torch.float64)


def test_the_block_of_a_layer(objective):
    first = objective.chosen("0.*")
    assert first.tolist() == [True] * 25 + [False] * 18
    block = Restricted(objective.hessian(), first)
    assert_close(block @ torch.eye(25, dtype=torch.float64), dense(objective)[:25, :25], **EXACT)
    values = torch.linalg.eigvalsh(dense(objective)[:25, :25])
    assert_close(eigenvalues(block, 2, tol=1e-10).values, values[[-1, -2]], rtol=1e-8, atol=0)
    assert trace(block, tol=1e-9).value == pytest.approx(float(values.sum()), rel=1e-6)
    assert block.products > 0


def test_several_patterns_and_none(objective):
    assert int(objective.chosen("*.bias").sum()) == 8
    assert int(objective.chosen("0.weight", "2.bias").sum()) == 23
    assert bool(objective.chosen("*").all())
    for patterns in (("3.*",), ("0.*", "nothing"), ()):
        with pytest.raises(BadInput, match=r"no trainable parameter's name fits.*0\.weight"):
            objective.chosen(*patterns)


def test_frozen_and_tied_parameters_have_no_coordinates_of_their_own():
    problem = PROBLEMS["tied, ignoring targets"]()
    tied = Objective(problem.model, problem.loss, problem.data)
    assert len(tied.chosen("*")) == len(tied.point)


def test_stretched_coordinates(objective):
    scale = 0.5 + normal(43).abs()
    made = Scaled(objective.hessian(), scale)
    expected = torch.diag(scale) @ dense(objective) @ torch.diag(scale)
    assert_close(made @ torch.eye(43, dtype=torch.float64), expected, **EXACT)
    # the eigenvalues are those of P⁻¹ H with P = scale⁻²
    effective = torch.linalg.eigvals(torch.diag(scale**2) @ dense_hessian(lambda: total(objective), objective.model))
    assert_close(eigenvalues(made, 1, tol=1e-10).values[0], effective.real.max(), rtol=1e-8, atol=0)


def total(objective):
    return nn.functional.cross_entropy(objective.model(normal(6, 4)), labels(3, 6))


def test_rows_have_scales_of_their_own():
    entries = torch.stack([torch.eye(3), 2 * torch.eye(3)])
    scale = torch.tensor([[1.0, 2.0, 3.0], [1.0, 1.0, 0.5]])
    made = Scaled(Matrix(entries), scale)
    assert_close(made @ torch.ones(2, 3), torch.tensor([[1.0, 4.0, 9.0], [2.0, 2.0, 0.5]]))


@pytest.mark.parametrize("wrong", [torch.ones(2), torch.zeros(3), -torch.ones(3)])
def test_what_is_no_scale(wrong):
    with pytest.raises(BadInput, match=r"must have shape .3,. and be positive"):
        Scaled(Matrix(torch.eye(3)), wrong)


@pytest.mark.parametrize("wrong", [torch.ones(2, dtype=torch.bool), torch.zeros(3, dtype=torch.bool)])
def test_what_is_no_block(wrong):
    with pytest.raises(BadInput, match="a block of a matrix of size 3"):
        Restricted(Matrix(torch.eye(3)), wrong)
