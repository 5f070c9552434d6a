"""Loss, gradient, Hessian and Gauss-Newton products against dense matrices, for every architecture and loss."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import PROBLEMS, dense_gauss_newton, dense_gradient, dense_hessian, mlp, normal, normalised, trainable
from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective

EXACT = {"rtol": 1e-9, "atol": 1e-12}


@pytest.fixture(params=PROBLEMS, ids=str)
def problem(request):
    return PROBLEMS[request.param]()


def test_matches_dense_matrices_with_a_ragged_last_batch(problem):
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    assert objective.partition == (4, 4, 2)
    identity = torch.eye(len(objective.point), dtype=torch.float64)
    total = problem.total()
    assert_close(objective.loss(), total.detach(), **EXACT)
    assert_close(objective.gradient(), dense_gradient(total, problem.model), **EXACT)
    assert_close(objective.hessian() @ identity, dense_hessian(problem.total, problem.model), **EXACT)
    assert_close(objective.gauss_newton() @ identity, dense_gauss_newton(problem), **EXACT)
    assert_close(objective.outputs(), problem.outputs().detach(), **EXACT)


def test_no_memory_gives_the_same_products(problem):
    kept = Objective(problem.model, problem.loss, problem.data, 5)
    for memory in (1, 300):
        rebuilt = Objective(problem.model, problem.loss, problem.data, 5, memory=memory)
        block = normal(len(kept.point), 3)
        for name in ("hessian", "gauss_newton"):
            one, other = kept.operator(name), rebuilt.operator(name)
            assert one.kept
            assert not other.kept
            assert_close(other @ block, one @ block, **EXACT)
            assert_close(other.loss, one.loss, **EXACT)


def test_vectors_blocks_and_counts():
    objective = Objective(mlp(), nn.CrossEntropyLoss(), (normal(6, 4), torch.arange(6) % 3))
    hessian = objective.hessian()
    block = normal(hessian.size, 4)
    together = hessian @ block
    assert hessian.products == 4
    assert_close(together[:, 1], hessian @ block[:, 1], **EXACT)
    assert hessian.products == 5
    for wrong in (normal(hessian.size - 1), normal(4, hessian.size), normal(hessian.size, 2, 2), normal(1)[0]):
        with pytest.raises(BadInput, match="a product needs shape"):
            hessian @ wrong
    assert hessian.products == 5


def test_columns_one_after_the_other_are_those_together(monkeypatch):
    """Small problems multiply blocks at once, large ones vector by vector."""
    problem = PROBLEMS["encoder layer, training"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    block = normal(len(objective.point), 3)
    together = [objective.operator(name) @ block for name in ("hessian", "gauss_newton")]
    monkeypatch.setattr("phenoscope.objective.pieces.BATCHED_WORK", 0)
    for name, expected in zip(("hessian", "gauss_newton"), together, strict=True):
        assert_close(objective.operator(name) @ block, expected, **EXACT)


def test_batch_statistics_make_the_loss_of_each_batch():
    model, x, y = normalised(), normal(10, 1, 3, 3), torch.arange(10) % 3
    objective = Objective(model, nn.CrossEntropyLoss(), (x, y), 4, buffers="batch")
    running = Objective(model, nn.CrossEntropyLoss(), (x, y), 4)
    model.train()

    def total():
        parts = zip(x.split(4), y.split(4), strict=True)
        return sum(len(b) * nn.functional.cross_entropy(model(a), b) for a, b in parts) / 10

    identity = torch.eye(len(objective.point), dtype=torch.float64)
    dense = dense_hessian(total, model)
    model.eval()
    assert_close(objective.hessian() @ identity, dense, **EXACT)
    assert_close(
        Objective(model, nn.CrossEntropyLoss(), (x, y), 4, buffers="batch", memory=1).hessian() @ identity,
        dense,
        **EXACT,
    )
    assert (running.hessian() @ identity - dense).abs().max() > 1e-3


def test_another_point_than_the_models_own():
    model, other = mlp(seed=2), mlp(seed=3)
    data = (normal(6, 4), torch.arange(6) % 3)
    objective, there = (Objective(m, nn.CrossEntropyLoss(), data) for m in (model, other))
    before = objective.point
    point = there.point
    vector = normal(len(point))
    assert_close(objective.loss(point), there.loss(), **EXACT)
    assert_close(objective.gradient(point), there.gradient(), **EXACT)
    assert_close(objective.hessian(point) @ vector, there.hessian() @ vector, **EXACT)
    assert_close(objective.at(point).gradient[0], there.gradient(), **EXACT)
    assert torch.equal(objective.point, before)
    for wrong in (point[:-1], point[None]):
        with pytest.raises((BadInput, TypeError)):
            objective.loss(wrong)


def test_single_precision_agrees_with_double():
    problem = PROBLEMS["tanh perceptron"]()
    double = Objective(problem.model, problem.loss, problem.data, 4)
    vector = normal(len(double.point))
    expected = double.hessian() @ vector
    single = Objective(problem.model.float(), problem.loss, (problem.inputs.float(), problem.targets), 4)
    assert single.hessian().dtype == torch.float32
    assert_close((single.hessian() @ vector).double(), expected, rtol=1e-4, atol=1e-5)
    assert single.loss().dtype == torch.float64


def test_a_loss_without_curvature_or_without_parameters_has_zero_products():
    model = nn.Linear(3, 1, bias=False).double()
    flat = Objective(model, lambda o, t: (o[:, 0] * t).mean(), (normal(5, 3), normal(5)))
    assert torch.count_nonzero(flat.hessian() @ normal(3)) == 0
    assert torch.count_nonzero(flat.gauss_newton() @ normal(3)) == 0
    apart = Objective(model, lambda o, t: t.square().mean(), (normal(5, 3), normal(5)))
    assert torch.count_nonzero(apart.gradient()) == 0
    assert torch.count_nonzero(apart.hessian() @ normal(3)) == 0


def test_the_point_lists_trainable_parameters_in_order_and_tied_ones_once():
    model = PROBLEMS["tied, ignoring targets"]().model
    objective = Objective(model, nn.CrossEntropyLoss(), PROBLEMS["tied, ignoring targets"]().data)
    assert_close(objective.point, torch.cat([p.detach().flatten() for p in trainable(model)]))
    assert len(objective.point) == 5 * 4


def test_measuring_works_where_gradients_are_switched_off():
    problem = PROBLEMS["tanh perceptron"]()
    vector = normal(43)
    expected = Objective(problem.model, problem.loss, problem.data).hessian() @ vector
    with torch.no_grad():
        assert_close(Objective(problem.model, problem.loss, problem.data).hessian() @ vector, expected)
        assert not torch.is_grad_enabled()
