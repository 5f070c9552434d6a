"""Many networks as rows: each row is what it would be alone."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import drawn, labels, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.core.points import point
from phenoscope.objective import Linearisation, Matrix, Network, Objective
from phenoscope.objective.weighting import BY_NAME, WHOLE, examples

EXACT = {"rtol": 1e-9, "atol": 1e-13}


def convolutional(seed):
    return drawn(
        nn.Sequential(
            nn.Unflatten(1, (2, 2, 1)),
            nn.Conv2d(2, 3, (2, 1)),
            nn.GroupNorm(1, 3),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(3, 3),
        ),
        seed,
    )


@pytest.mark.parametrize("build", [lambda seed: mlp(seed=seed), convolutional], ids=["perceptron", "convolution"])
@pytest.mark.parametrize("rows", ["shared data", "own data"])
@pytest.mark.parametrize("which", ["hessian", "gauss_newton"])
@pytest.mark.parametrize("work", [0, 500_000])
def test_each_row_is_itself_alone(build, rows, which, work, monkeypatch):
    monkeypatch.setattr("phenoscope.objective.pieces.BATCHED_WORK", work)
    models = [build(seed) for seed in range(3)]
    points = torch.stack([point(model) for model in models])
    own = [(normal(7, 4, seed=s), labels(3, 7, seed=s)) for s in range(3)]
    data = own if rows == "own data" else [own[0]] * 3
    batch = (torch.stack([x for x, _ in own]), torch.stack([y for _, y in own])) if rows == "own data" else own[0]
    network = Network(models[0], nn.CrossEntropyLoss())
    together = Linearisation(network, points, lambda: iter([batch]), WHOLE, rows=rows)
    alone = [Objective(model, nn.CrossEntropyLoss(), pair) for model, pair in zip(models, data, strict=True)]
    assert_close(together.loss, torch.stack([one.loss() for one in alone]), **EXACT)
    assert_close(together.gradient, torch.stack([one.gradient() for one in alone]), **EXACT)
    operator = together.operator(which)
    assert_close(operator.loss, together.loss, **EXACT)
    vectors = normal(3, len(points[0]))
    block = normal(3, len(points[0]), 2)
    expected = [one.operator(which) for one in alone]
    assert_close(operator @ vectors, torch.stack([a @ v for a, v in zip(expected, vectors, strict=True)]), **EXACT)
    assert_close(operator @ block, torch.stack([a @ v for a, v in zip(expected, block, strict=True)]), **EXACT)
    assert operator.products == 3
    for wrong in (vectors[0], vectors[:2], vectors.T, block[..., None]):
        with pytest.raises(BadInput, match="a product needs shape"):
            operator @ wrong


def test_batches_of_rows_are_weighed_too():
    models = [mlp(seed=seed) for seed in range(2)]
    points = torch.stack([point(model) for model in models])
    x, y = normal(7, 4), labels(3, 7)
    batches = list(zip(x.split(4), y.split(4), strict=True))
    network = Network(models[0], nn.CrossEntropyLoss())
    for keep in (True, False):
        around = Linearisation(
            network, points, lambda: iter(batches), BY_NAME["examples"], rows="shared data", keep=keep
        )
        vectors = normal(2, 43)
        for row, model in enumerate(models):
            objective = Objective(model, nn.CrossEntropyLoss(), (x, y))
            assert_close(around.loss[row], objective.loss(), **EXACT)
            assert_close((around.hessian() @ vectors)[row], objective.hessian() @ vectors[row], **EXACT)


def test_what_is_shared_is_computed_once():
    """Loss and gradient of the Hessian's graph serve whoever asks later."""
    calls = []

    def counted(outputs, targets):
        calls.append(1)
        return nn.functional.cross_entropy(outputs, targets)

    objective = Objective(mlp(), counted, (normal(7, 4), labels(3, 7)), denominator="examples")
    around = objective.at()
    calls.clear()
    first = around.hessian()
    assert around.hessian() is first
    assert around.loss is first.loss
    assert around.gradient is first.gradient
    first @ normal(43, 5)
    assert len(calls) == 1


def test_matrices_as_operators():
    entries = normal(3, 4, 4)
    symmetric = entries + entries.mT
    operator = Matrix(symmetric)
    block = normal(3, 4, 2)
    assert_close(operator @ block, torch.einsum("nij,njk->nik", symmetric, block))
    assert_close(Matrix(symmetric[0]) @ block[0, :, 0], symmetric[0] @ block[0, :, 0])
    with pytest.raises(BadInput, match="symmetric"):
        Matrix(entries)
    with pytest.raises((BadInput, TypeError)):
        Matrix(normal(3, 4))


def test_examples_are_counted_by_targets():
    assert examples(normal(3, 2), labels(2, 3)) == 3.0


def test_many_points_share_the_memory_that_is_allowed():
    inputs, targets, seen = normal(64, 4), labels(3, 64), []

    def loss(outputs, found):
        seen.append(len(outputs))
        return nn.functional.cross_entropy(outputs, found)

    model = drawn(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)))
    objective = Objective(model, loss, (inputs, targets))
    assert objective.at().loss > 0
    whole = objective._graph_sizes["hessian"].of((64,))
    objective = Objective(model, loss, (inputs, targets), memory=int(whole))
    points = objective.point + 0.1 * normal(4, len(objective.point), seed=2)
    around = objective.at(points)
    seen.clear()
    gradient = around.gradient
    assert max(seen) <= 16
    expected = torch.stack([objective.gradient(point) for point in points])
    torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=1e-14)
