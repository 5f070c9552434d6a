"""What does not fit together is refused where the objective is made, in words."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import CE, CLASSES, MSE, POINTS, dense_hessian, drawn, labels, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.instruments import trace
from phenoscope.objective import Objective

TOKENS = labels(5, 6, 3)
WORDS = (TOKENS, CLASSES[:6])


def embedding(**options):
    return nn.Sequential(nn.Embedding(5, 2, **options), nn.Flatten(), nn.Linear(6, 3)).double()


REFUSED = {
    "lazy": (
        lambda: Objective(nn.Sequential(nn.LazyLinear(3)), CE, (POINTS, CLASSES)),
        r"0\.weight, 0\.bias of the model have no shape yet\. Call the model",
    ),
    "parallel": (lambda: Objective(nn.DataParallel(mlp()), CE, (POINTS, CLASSES)), r"Pass `model\.module`"),
    "scripted": (lambda: Objective(scripted(), CE, (POINTS, CLASSES)), "Pass the module that it was made of"),
    "dtype of the inputs": (
        lambda: Objective(mlp().float(), CE, (POINTS, CLASSES)),
        r"the model cannot be evaluated.*inputs are float64 of shape \(10, 4\), the parameters float32",
    ),
    "width": (
        lambda: Objective(mlp(), CE, (normal(10, 5), CLASSES)),
        r"the model cannot be evaluated.*inputs are float64 of shape \(10, 5\)",
    ),
    "class out of range": (
        lambda: Objective(mlp(), CE, (POINTS, CLASSES + 1)),
        r"the loss cannot be evaluated.*out of bounds.*outputs are float64 of shape \(10, 3\), the targets int64",
    ),
    "classes that are no integers": (
        lambda: Objective(mlp(), CE, (POINTS, CLASSES.double())),
        "the loss cannot be evaluated.*Classes are integers",
    ),
    "in a later batch": (
        lambda: Objective(mlp(), lambda o, t: 1.0 * CE(o, t), [(POINTS, CLASSES), (normal(2, 5), CLASSES[:2])]),
        r"the model cannot be evaluated.*\(2, 5\)",
    ),
    "sparse gradients": (lambda: Objective(embedding(sparse=True), CE, WORDS), r"`\.sparse = False`"),
    "rows that are cut": (
        lambda: Objective(embedding(max_norm=1.0), CE, WORDS),
        r"`\.max_norm = None`",
    ),
}


def scripted():
    class Scripted(torch.jit.ScriptModule):
        def __init__(self):
            super().__init__()
            self.inside = mlp()

    return Scripted()


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_told_with_what_came(name):
    make, says = REFUSED[name]
    with pytest.raises(BadInput, match=says):
        make()


def test_the_way_out_of_sparse_gradients_leads_to_the_loss():
    model = drawn(embedding(sparse=True))
    model[0].sparse = False
    objective = Objective(model, CE, WORDS)
    expected = dense_hessian(lambda: CE(model(TOKENS), CLASSES[:6]), model)
    assert_close(objective.hessian() @ torch.eye(len(expected), dtype=torch.float64), expected, rtol=1e-9, atol=1e-12)


def test_an_error_of_ones_own_loss_comes_through():
    def broken(outputs, targets):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Objective(mlp(), broken, (POINTS, CLASSES))


@pytest.mark.parametrize("place", [0, 1])
def test_an_empty_batch_counts_for_nothing(place):
    batches = [(POINTS, normal(10, 3))]
    batches.insert(place, (POINTS[:0], normal(0, 3)))
    model = mlp()
    objective = Objective(model, MSE, batches)
    assert objective.partition == (10,)
    assert_close(objective.loss(), MSE(model(POINTS), normal(10, 3)).detach())
    assert_close(trace(objective, method="exact").value, trace(Objective(model, MSE, batches[1 - place])).value)
