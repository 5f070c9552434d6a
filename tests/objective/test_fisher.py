"""Fisher matrices and the covariance of gradients, against sums of outer products taken example by example."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import PROBLEMS, dense_gradient, drawn, labels, mlp, normal, normalised
from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective

EXACT = {"rtol": 1e-9, "atol": 1e-12}
SINGLE = [
    "tanh perceptron",
    "convolution",
    "encoder layer, evaluation",
    "unused",
    "frozen",
    "linear",
    "tuple",
    "mapping",
    "logits",
    "one number an example",
]


def eye(objective):
    return torch.eye(len(objective.point), dtype=torch.float64)


def gradients(problem, loss=None):
    """The gradient of each example's own loss, one a row."""
    outputs, found = problem.outputs(), []
    for i in range(len(outputs)):
        value = (loss or problem.loss)(outputs[i : i + 1], problem.targets[i : i + 1])
        found.append(dense_gradient(value, problem.model, graph=True).detach())
    return torch.stack(found)


@pytest.mark.parametrize("name", SINGLE)
def test_empirical_fisher_and_covariance(name):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4, **problem.options)
    rows = gradients(problem)
    outer = rows.T @ rows / len(rows)
    mean = rows.mean(dim=0)
    assert_close(objective.fisher(kind="empirical") @ eye(objective), outer, **EXACT)
    covariance = objective.gradient_covariance()
    assert_close(covariance @ eye(objective), outer - torch.outer(mean, mean), **EXACT)
    assert_close(covariance @ eye(objective), torch.cov(rows.T, correction=0), **EXACT)
    assert_close(covariance.gradient[0], objective.gradient(), **EXACT)


def test_rebuilt_chunk_by_chunk_it_is_the_same():
    problem = PROBLEMS["tanh perceptron"]()
    kept, rebuilt = (Objective(problem.model, problem.loss, problem.data, memory=m) for m in (2**30, 1))
    block = normal(len(kept.point), 3)
    for which in ("empirical_fisher", "gradient_covariance", "fisher"):
        assert not rebuilt.operator(which).kept
        assert_close(rebuilt.operator(which) @ block, kept.operator(which) @ block, **EXACT)


def test_a_sum_has_the_sum_of_outer_products():
    problem = PROBLEMS["sum"]()
    objective = Objective(problem.model, problem.loss, problem.data, 3)
    rows = gradients(problem)
    assert_close(objective.fisher(kind="empirical") @ eye(objective), rows.T @ rows, **EXACT)


def test_the_covariance_is_one_of_a_mean():
    """Of a sum, E g gᵀ - ∇L ∇Lᵀ has negative eigenvalues; the gradients of its examples are those of the mean."""
    problem = PROBLEMS["sum"]()
    with pytest.raises(BadInput, match="needs a loss that is a mean"):
        Objective(problem.model, problem.loss, problem.data).gradient_covariance()


def test_examples_weigh_as_much_as_they_do_in_the_loss():
    """Sequences with ignored targets: a mean over targets weighs each by those that count; one has none at all."""
    problem = PROBLEMS["tied, ignoring targets"]()
    targets = problem.targets.clone()
    targets[0] = -100
    model, loss = problem.model, problem.loss
    objective = Objective(model, loss, (problem.inputs, targets), 3)
    outputs, weights, rows = problem.outputs(), [], []
    for i in range(len(outputs)):
        weights.append(float((targets[i] != -100).sum()))
        if weights[-1]:
            value = loss(outputs[i : i + 1], targets[i : i + 1])
            rows.append(dense_gradient(value, model, graph=True).detach())
    shares = torch.tensor([w for w in weights if w], dtype=torch.float64)
    rows = torch.stack(rows)
    expected = (rows.T * (shares / shares.sum())) @ rows
    assert_close(objective.fisher(kind="empirical") @ eye(objective), expected, **EXACT)
    unweighted = rows.T @ rows / len(rows)
    assert (unweighted - expected).abs().max() > 1e-3  # the nearest wrong cousin


def test_true_fisher_of_a_cross_entropy_draws_from_the_model():
    """The sum over all classes y of p(y | x) g(y) g(y)ᵀ: no Gauss-Newton matrix in sight."""
    model, inputs = mlp(), normal(6, 4)
    targets = labels(3, 6)
    objective = Objective(model, nn.CrossEntropyLoss(), (inputs, targets), 4)
    expected = torch.zeros(len(objective.point), len(objective.point), dtype=torch.float64)
    for x in inputs:
        log_p = torch.log_softmax(model(x), dim=0)
        for y in range(3):
            g = dense_gradient(-log_p[y], model, graph=True).detach()
            expected += log_p[y].exp().detach() * torch.outer(g, g) / len(inputs)
    assert_close(objective.fisher() @ eye(objective), expected, **EXACT)
    assert (objective.fisher(kind="empirical") @ eye(objective) - expected).abs().max() > 1e-2


def test_true_fisher_of_a_squared_error_is_that_of_a_normal_distribution():
    """ℓ = (f - y)² is -log p with variance ½; three-point Gauss-Hermite quadrature is exact for its second moment."""
    model, inputs = drawn(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1))), normal(5, 4)
    objective = Objective(model, nn.MSELoss(), (inputs, normal(5, 1, seed=4)))
    nodes, weights = torch.tensor([-1.0, 0.0, 1.0]) * 3**0.5, torch.tensor([1 / 6, 2 / 3, 1 / 6])
    expected = torch.zeros(len(objective.point), len(objective.point), dtype=torch.float64)
    for x in inputs:
        f = model(x)[0]
        for node, weight in zip(nodes.double(), weights.double(), strict=True):
            g = dense_gradient((f - (f.detach() + node * 0.5**0.5)) ** 2, model, graph=True).detach()
            expected += weight * torch.outer(g, g) / len(inputs)
    assert_close(objective.fisher() @ eye(objective), expected, rtol=1e-6, atol=1e-9)


def test_what_has_no_fisher_matrix_says_so():
    model, data = mlp(), (normal(6, 4), labels(3, 6))
    smooth = Objective(model, nn.CrossEntropyLoss(label_smoothing=0.2), data)
    with pytest.raises(BadInput, match=r"predictive distribution.*empirical"):
        smooth.fisher()
    assert smooth.fisher(kind="empirical").size == len(smooth.point)


def test_examples_that_depend_on_each_other_are_refused():
    data = (normal(8, 1, 3, 3), labels(3, 8))
    batch = Objective(normalised(), nn.CrossEntropyLoss(), data, 4, buffers="batch")
    whole = Objective(mlp(), lambda o, t: o.std() + o.square().mean().sqrt(), (normal(6, 4), labels(3, 6)))
    for objective in (batch, whole):
        with pytest.raises(BadInput, match="depend on each other"):
            objective.gradient_covariance()


def test_a_loss_that_cannot_be_mapped_over_examples():
    problem = PROBLEMS["tanh perceptron"]()

    def looks(outputs, targets):
        scale = 2.0 if float(outputs.detach().abs().max()) > -1 else 1.0  # a value in Python: vmap refuses it
        return scale * nn.functional.cross_entropy(outputs, targets)

    rows = gradients(problem, looks)
    objective = Objective(problem.model, looks, problem.data, 4, denominator="examples")
    assert_close(objective.fisher(kind="empirical") @ eye(objective), rows.T @ rows / len(rows), **EXACT)
